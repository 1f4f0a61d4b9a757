package io.flotilla.client.call;

import io.flotilla.client.net.ClientRuntime;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What an operation comes to, and what a program makes of it. A callback may wait for one: another thread then runs the
 * callbacks that this one may depend on. Thread-safe.
 */
final class OperationFuture<T> extends CompletableFuture<T> {
    // set before anybody else has it
    private boolean ofTheLoop;
    private ClientRuntime runtime;

    /** Nobody but the client itself ever sees this future: the loop completes it, and runs nothing of the program's by that. */
    void isOfTheLoop() {
        ofTheLoop = true;
    }

    /** Whether the loop may complete it. */
    boolean mayCompleteOnLoop() {
        return ofTheLoop;
    }

    /** The operation is given to the client; whoever waits for this future tells its runtime. */
    void isGivenTo(ClientRuntime clients) {
        runtime = clients;
    }

    private void aboutToWait() {
        if (!ofTheLoop && runtime != null && !isDone()) {
            runtime.aboutToWait();
        }
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        OperationFuture<U> next = new OperationFuture<>();
        next.runtime = runtime;
        return next;
    }

    @Override
    public T join() {
        aboutToWait();
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        aboutToWait();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        aboutToWait();
        return super.get(timeout, unit);
    }
}
