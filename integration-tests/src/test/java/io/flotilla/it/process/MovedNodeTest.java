package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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
                Learnt learnt = new Learnt();
                client.async().onConfiguration(learnt);
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
                    // A client that was told of no move could not find anyone once all have moved.
                    learnt.await(number);
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

    /** The newest configuration that the client's watch brought. */
    private static final class Learnt implements Consumer<Configuration> {
        private final NavigableMap<Long, CompletableFuture<Void>> awaited = new ConcurrentSkipListMap<>();

        @Override
        public void accept(Configuration configuration) {
            for (long number = 1; number <= configuration.getNumber(); number++) {
                at(number).complete(null);
            }
        }

        void await(long number) throws Exception {
            at(number).get(30, TimeUnit.SECONDS);
        }

        private CompletableFuture<Void> at(long number) {
            return awaited.computeIfAbsent(number, n -> new CompletableFuture<>());
        }
    }
}
