package io.flotilla.ops.process;

import io.flotilla.ops.cli.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a server's process that can't be relied on any more, whatever its state: with one line on stderr and exit code 5, within
 * two seconds, and without stopping anything in order: what is not on the disk was never promised. Thread-safe.
 */
public final class ProcessEnd {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);
    private static final long MILLIS = 2_000;
    private static final int CAUSES = 16;

    /** Does all but end: what never ran needs memory to be loaded, and there may be none in earnest. */
    static final Throwable REHEARSAL = new OutOfMemoryError("rehearsal");

    private static final byte[] NOTHING = new byte[0];

    private static final byte[] SPEECHLESS =
            "flotilla: out of memory; give Java a larger -Xmx, then start the node again\n"
                    .getBytes(StandardCharsets.UTF_8);

    private final Consumer<byte[]> lastWords;
    private final Runnable halt;
    private final AtomicBoolean begun = new AtomicBoolean();
    private final CountDownLatch over = new CountDownLatch(1);
    /** Given up at the end, so that there is some memory for its words. */
    private volatile byte[] reserve = new byte[256 << 10];

    /**
     * @param lastWords writes a line to stderr, and waits for that shortly at most
     * @param halt ends the process with exit code 5
     */
    ProcessEnd(Consumer<byte[]> lastWords, Runnable halt) {
        this.lastWords = lastWords;
        this.halt = halt;
        // begun now, for there may be no memory for a thread later
        Thread guard = new Thread(this::haltInAnyCase, "end");
        guard.setDaemon(true);
        guard.start();
    }

    /** The end of this process. */
    static ProcessEnd of(Consumer<byte[]> lastWords) {
        return new ProcessEnd(lastWords, () -> Runtime.getRuntime().halt(ExitCode.BROKEN));
    }

    private void haltInAnyCase() {
        try {
            over.await();
            TimeUnit.MILLISECONDS.sleep(MILLIS);
        } catch (InterruptedException never) {
            // then at once
        }
        halt.run();
    }

    /**
     * Ends the process if that is due to what was thrown, wherever it was caught.
     *
     * @return whether it is
     */
    public boolean ifFatal(Throwable thrown) {
        Throwable fatal = fatal(thrown);
        if (fatal != null) {
            now(fatal, null, fatal != REHEARSAL);
        }
        return fatal != null;
    }

    /** Ends the process; the line says "what; remedy". */
    public void now(String what) {
        now(null, what, true);
    }

    private void now(Throwable fatal, String what, boolean inEarnest) {
        if (inEarnest) {
            if (!begun.compareAndSet(false, true)) {
                return;
            }
            over.countDown();
            reserve = null;
        }
        byte[] line = SPEECHLESS;
        try {
            String text = what == null ? describe(fatal) : what;
            line = ("flotilla: " + text.replaceAll("\\s*\\R\\s*", " ") + "\n").getBytes(StandardCharsets.UTF_8);
            if (inEarnest) {
                LOG.error("the process ends: {}", text, fatal);
            }
        } catch (Throwable alsoThat) {
            // the words that need no memory are said then
        }
        try {
            lastWords.accept(inEarnest ? line : NOTHING);
        } finally {
            if (inEarnest) {
                halt.run();
            }
        }
    }

    /** What of it says that this process is not what it was; null if nothing does. */
    static Throwable fatal(Throwable thrown) {
        Throwable cause = thrown;
        for (int i = 0; i < CAUSES && cause != null; i++) {
            // a stack that ran over leaves nothing behind: that is a defect of the one task
            if (cause instanceof VirtualMachineError && !(cause instanceof StackOverflowError)) {
                return cause;
            }
            cause = cause.getCause();
        }
        return null;
    }

    /** In a line: what happened, and what to do. */
    public static String describe(Throwable thrown) {
        Throwable fatal = fatal(thrown);
        String said = String.valueOf((fatal == null ? thrown : fatal).getMessage());
        if (!(fatal instanceof OutOfMemoryError)) {
            return "failed unexpectedly: " + thrown + "; start it again, and report it with its log";
        }
        String remedy = said.contains("native thread")
                ? "let this user have more threads and processes (ulimit -u, or the container's limit)"
                : said.contains("Metaspace") || said.contains("class space")
                        ? "give Java a larger -XX:MaxMetaspaceSize"
                        : "give Java a larger -Xmx (FLOTILLA_JAVA_OPTS), or this process less to do";
        return "out of memory (" + said + "); " + remedy + ", then start it again";
    }
}
