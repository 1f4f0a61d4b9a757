package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.grpc.GrpcConnector;
import io.flotilla.client.threads.ThreadClientRuntime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Exactly once, on real processes: the answer is lost, every node dies, and the client asks again. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class LostAnswerTest {
    @TempDir
    Path directory;

    @Test
    void anIncrementWhoseAnswerWasLostAndAllOfWhoseNodesDiedIsAppliedOnce() throws Exception {
        byte[] key = "counter".getBytes(StandardCharsets.UTF_8);
        try (ProcessFleet fleet = new ProcessFleet(directory, 2, 4)) {
            fleet.startAll();
            AnswerLoser connector = new AnswerLoser(new GrpcConnector());
            try (AsyncFlotillaClient client = new AsyncFlotillaClient(
                    ClientConfig.of(fleet.endpoints()), connector, new ThreadClientRuntime("lost-answer"))) {
                assertThat(client.increment(key, 40).get(30, TimeUnit.SECONDS)).isEqualTo(40L);
                connector.losing.set(true);
                CompletableFuture<Long> increment = client.increment(key, 2, Duration.ofSeconds(90));
                assertThat(connector.lost.await(30, TimeUnit.SECONDS))
                        .as("the fleet answered, and the answer was lost")
                        .isTrue();
                fleet.killAll();
                connector.losing.set(false);
                fleet.startAll();
                assertThat(increment.get(90, TimeUnit.SECONDS)).isEqualTo(42L);
            }
            try (FlotillaClient other = FlotillaClient.connect(fleet.endpoints())) {
                assertThat(other.get("counter").orElseThrow().text()).isEqualTo("42");
            }
        }
    }
}
