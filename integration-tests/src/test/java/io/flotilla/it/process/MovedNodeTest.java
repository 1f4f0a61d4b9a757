package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that comes back on another port. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class MovedNodeTest {
    @TempDir
    Path directory;

    @Test
    void aNodeOnAnotherPortMakesTheNextConfigurationAndClientsFollow() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 4, 16)) {
            fleet.startAll();
            try (FlotillaClient client = FlotillaClient.connect(fleet.endpoints())) {
                client.put("before", "1");
                Configuration before = client.configuration();
                // All three move, one after the other: in the end no address that the client was given is in use.
                long number = before.getNumber();
                for (String id : new String[] {"n1", "n2", "n3"}) {
                    fleet.kill(id);
                    fleet.moveToFreePort(id);
                    fleet.launch(id);
                    fleet.awaitReady(id);
                    number++;
                    client.put("after-" + id, "2");
                }
                Configuration after = client.configuration();
                assertThat(after.getNumber()).isEqualTo(number);
                assertThat(after.getNodesList().stream().map(Node::getAddress))
                        .containsExactlyInAnyOrder(fleet.address("n1"), fleet.address("n2"), fleet.address("n3"));
                assertThat(client.get("before").orElseThrow().text()).isEqualTo("1");
                for (String id : new String[] {"n1", "n2", "n3"}) {
                    assertThat(client.get("after-" + id).orElseThrow().text()).isEqualTo("2");
                }
            }
        }
    }
}
