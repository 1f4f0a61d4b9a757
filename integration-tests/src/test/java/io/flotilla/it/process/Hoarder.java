package io.flotilla.it.process;

import io.flotilla.ops.Main;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node's process in which somebody takes all memory, or whose worker's thread is killed, a while after it was started. */
final class Hoarder {
    /** What is done: {@code memory}, {@code thread}. */
    static final String WHAT = "flotilla.test.hoarder";

    private static final List<byte[]> HOARD = new ArrayList<>();

    private Hoarder() {}

    public static void main(String[] args) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (System.in.read() >= 0) {
                            harm(System.getProperty(WHAT));
                        }
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                "hoarder");
        thread.setDaemon(true);
        thread.start();
        Main.main(args);
    }

    /** Whoever ran out of memory here says nothing of it: only the others can notice. */
    private static void harm(String what) {
        if (!what.equals("memory")) {
            throw new IllegalArgumentException(what);
        }
        for (int size = 1 << 20; size >= 64; ) {
            try {
                HOARD.add(new byte[size]);
            } catch (OutOfMemoryError full) {
                size /= 2;
            }
        }
        try {
            TimeUnit.HOURS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
