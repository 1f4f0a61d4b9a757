package io.flotilla.client.call;

import io.flotilla.client.net.CallbackThread;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What an operation comes to, and what a program makes of it. A callback may wait for one: another thread then runs the
 * callbacks that this one may depend on. Thread-safe.
 */
final class OperationFuture<T> extends CompletableFuture<T> {
    /** Set before anybody else has it. */
    private boolean ofTheLoop;

    /** Nobody but the client itself ever sees this future: the loop completes it, and runs nothing of the program's by that. */
    void isOfTheLoop() {
        ofTheLoop = true;
    }

    /** Whether the loop may complete it. */
    boolean mayCompleteOnLoop() {
        return ofTheLoop;
    }

    private void aboutToWait() {
        if (!ofTheLoop && !isDone()) {
            CallbackThread.aboutToWait();
        }
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new OperationFuture<>();
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
