package io.flotilla.ops.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;

/**
 * Takes what a server says without ever making it wait: a thread of its own passes it on. What does not fit in while nobody
 * reads is dropped, a write at a time, and so is everything once the target fails. Thread-safe; writing allocates nothing.
 */
public final class BackgroundOutput extends OutputStream {
    static final int ROOM = 64 * 1024;

    private final OutputStream target;
    // guarded by this
    private final byte[] ring = new byte[ROOM];
    private long written;
    private long passedOn;
    private boolean failed;

    /** @param name of the thread */
    public BackgroundOutput(String name, OutputStream target) {
        this.target = target;
        Thread thread = new Thread(this::passOn, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int count) {
        if (failed || count > ROOM - (written - passedOn)) {
            return;
        }
        for (int i = 0; i < count; i++) {
            ring[(int) ((written + i) % ROOM)] = bytes[from + i];
        }
        written += count;
        notifyAll();
    }

    @Override
    public void flush() {}

    /** Waits until all is passed on, or the time is over, or nothing can be. */
    public synchronized void drain(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        try {
            for (long left = millis; left > 0 && !failed && passedOn < written; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        } catch (InterruptedException told) {
            Thread.currentThread().interrupt();
        }
    }

    private void passOn() {
        try {
            while (true) {
                int from;
                int count;
                synchronized (this) {
                    while (passedOn == written) {
                        wait();
                    }
                    from = (int) (passedOn % ROOM);
                    count = (int) Math.min(written - passedOn, ROOM - from);
                }
                // nobody writes into these bytes before they count as passed on
                target.write(ring, from, count);
                target.flush();
                synchronized (this) {
                    passedOn += count;
                    notifyAll();
                }
            }
        } catch (IOException | InterruptedException | RuntimeException nobodyReads) {
            synchronized (this) {
                failed = true;
                notifyAll();
            }
        }
    }
}
