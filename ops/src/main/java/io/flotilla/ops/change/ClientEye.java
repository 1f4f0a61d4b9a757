package io.flotilla.ops.change;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.status.NodeReports;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Looks through a client: at the controller's newest configuration, or while it does not answer at that of any node. */
public final class ClientEye implements ChangeWait.FleetEye {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final AsyncFlotillaClient client;

    public ClientEye(AsyncFlotillaClient client) {
        this.client = client;
    }

    /** A configuration by its number, from the controller; null if it does not tell. */
    public static CompletableFuture<Configuration> numbered(AsyncFlotillaClient client, long number) {
        return ask(client, ConfigurationRequest.newBuilder().setNumber(number));
    }

    private static CompletableFuture<Configuration> ask(
            AsyncFlotillaClient client, ConfigurationRequest.Builder which) {
        Request request = Request.newBuilder().setConfiguration(which).build();
        return client.callController(request, PATIENCE)
                .<Configuration>thenApply(ClientEye::configuration)
                .exceptionally(failed -> null);
    }

    private static Configuration configuration(Response response) {
        return response.hasConfiguration() ? response.getConfiguration() : null;
    }

    @Override
    public Observation look() throws InterruptedException {
        Configuration newest = get(ask(client, ConfigurationRequest.newBuilder().setLinearizable(true)));
        boolean byController = newest != null;
        if (newest == null) {
            newest = get(client.configuration(PATIENCE).exceptionally(failed -> null));
        }
        return new Observation(
                newest, byController, newest == null ? Map.of() : get(NodeReports.of(client, newest, PATIENCE)));
    }

    /** Of a future that never fails. */
    private static <T> T get(CompletableFuture<T> future) throws InterruptedException {
        return ClientFailures.await("wait", future);
    }
}
