package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a node tells a balancer is true, and comes back by itself. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ReadinessTest {
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    @TempDir
    Path directory;

    private HttpResponse<String> get(ProcessFleet fleet, String id, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + fleet.httpPort(id) + path);
        return http.send(
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private String metric(ProcessFleet fleet, String id, String name) throws Exception {
        return get(fleet, id, "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aNodeIsNotReadyWhileItsGroupsHaveNoMajority() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 4, 4)) {
            fleet.startAll();
            assertThat(get(fleet, "n1", "/health/ready").statusCode()).isEqualTo(200);
            fleet.kill("n2");
            fleet.kill("n3");
            Poll.until(
                    "503",
                    Duration.ofSeconds(40),
                    () -> get(fleet, "n1", "/health/ready").statusCode() == 503);
            Poll.until(
                    "all of them",
                    Duration.ofSeconds(20),
                    () -> get(fleet, "n1", "/health/ready")
                            .body()
                            .equals(
                                    "not ready: 5 groups had no majority, as this node sees it, for 10 s or more; one of them is"
                                            + " group 0, the controller\n"));
            assertThat(metric(fleet, "n1", "flotilla_node_ready")).endsWith(" 0.0");
            assertThat(metric(fleet, "n1", "flotilla_groups_lost")).endsWith(" 5.0");
            assertThat(get(fleet, "n1", "/health/live").statusCode()).isEqualTo(200);
            fleet.launch("n2");
            fleet.awaitReady("n2");
            Poll.until(
                    "200 again",
                    Duration.ofSeconds(20),
                    () -> get(fleet, "n1", "/health/ready").statusCode() == 200);
            assertThat(metric(fleet, "n1", "flotilla_node_ready")).endsWith(" 1.0");
        }
    }
}
