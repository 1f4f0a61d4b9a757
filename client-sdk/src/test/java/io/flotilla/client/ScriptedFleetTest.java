package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A client and the scripted nodes of a fleet, in virtual time. */
abstract class ScriptedFleetTest {
    final ManualRuntime runtime = new ManualRuntime(1);
    final FakeFleet fleet = new FakeFleet(runtime);
    final AsyncFlotillaClient client = new AsyncFlotillaClient(ClientConfig.of("n1:1,n2:1,n3:1"), fleet, runtime);

    void script(java.util.function.Function<Request, Response> script) {
        fleet.byAddress.values().forEach(node -> node.script = script);
    }

    <T> T done(CompletableFuture<T> future) {
        return runtime.run(future).join();
    }

    RefusedException refusal(CompletableFuture<?> future) {
        return failure(future, RefusedException.class);
    }

    Reason refused(CompletableFuture<?> future) {
        return refusal(future).reason();
    }

    void indeterminate(CompletableFuture<?> future) {
        failure(future, IndeterminateException.class);
    }

    <E> E failure(CompletableFuture<?> future, Class<E> type) {
        runtime.run(future);
        try {
            future.join();
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(type);
            return type.cast(e.getCause());
        }
        throw new AssertionError("it was done");
    }

    static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static ByteString s(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
