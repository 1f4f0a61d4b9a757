package io.flotilla.client.net;

/**
 * A thread that runs callbacks of the program that uses a client. The client's own futures tell it before they make it wait, so
 * that what else there is to call goes on elsewhere.
 */
public abstract class CallbackThread extends Thread {
    protected CallbackThread(String name) {
        super(name);
    }

    /**
     * The calling thread, which is this one, is about to wait for an operation.
     *
     * @throws IllegalStateException if too many callbacks wait already: it would wait for ever
     */
    protected abstract void willWait();

    /** Tells the calling thread, if it is one that runs callbacks. @throws IllegalStateException see {@link #willWait} */
    public static void aboutToWait() {
        if (Thread.currentThread() instanceof CallbackThread thread) {
            thread.willWait();
        }
    }
}
