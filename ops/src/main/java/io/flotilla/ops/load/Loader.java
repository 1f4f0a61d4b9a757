package io.flotilla.ops.load;

import io.flotilla.ops.cli.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * One load: reads the input on a thread of its own, while the caller's thread renews the checkpoint and the progress bar. So
 * neither an input that stalls nor a fleet that does not answer holds the other up.
 *
 * <p>Ends when all rows are acknowledged, at the first line that is no row, or at the first write that fails; in each case
 * after everything in flight has been answered and the checkpoint says so.
 */
public final class Loader {
    /** Rows read but not yet acknowledged. */
    static final int WINDOW_ROWS = 1024;

    static final long WINDOW_BYTES = 8L * 1024 * 1024;
    /** Half of what is promised, so that a slow disk stays within it. */
    private static final long RENEW_MILLIS = 100;

    private final RowFormat format;
    private final Checkpoint checkpoint;
    private final LoadProgress progress;
    private final LongSupplier nanoTime;
    private final Function<Throwable, CliException> explain;
    private final LoadWindow window;
    private final InputPrefix skip;
    private final AtomicLong bytesRead = new AtomicLong();

    /**
     * @param write starts the write of a key and value
     * @param explain names what a failed write means
     * @param checkpoint null for none
     */
    public Loader(
            RowFormat format,
            BiFunction<byte[], byte[], CompletableFuture<?>> write,
            Function<Throwable, CliException> explain,
            Checkpoint checkpoint,
            LoadProgress progress,
            LongSupplier nanoTime) {
        this.format = format;
        this.explain = explain;
        this.checkpoint = checkpoint;
        this.progress = progress;
        this.nanoTime = nanoTime;
        this.skip = checkpoint == null ? InputPrefix.NONE : checkpoint.done();
        this.window = new LoadWindow(write::apply, nanoTime, WINDOW_ROWS, WINDOW_BYTES, skip);
    }

    /** What has been done so far, and why it ended early if it did. */
    public record Result(LoadSummary summary, CliException failure) {}

    /**
     * Runs the load.
     *
     * @throws CliException if the checkpoint cannot be written
     */
    public Result run(InputStream input) throws InterruptedException {
        long started = nanoTime.getAsLong();
        CompletableFuture<CliException> reading = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try {
                        reading.complete(read(input));
                    } catch (RuntimeException | Error e) {
                        reading.completeExceptionally(e);
                    }
                },
                "load-reader");
        reader.setDaemon(true);
        reader.start();
        while (!window.awaitEnd(RENEW_MILLIS)) {
            renew();
        }
        long nanos = nanoTime.getAsLong() - started;
        renew();
        LoadWindow.Failure failed = window.failure();
        CliException problem = failed != null ? explain(failed) : reading.join();
        return new Result(
                new LoadSummary(window.rowsDone(), window.prefix().lines(), nanos, window.longestStallNanos()),
                problem);
    }

    /** Writes the checkpoint now; for a process that is told to stop. Any thread. */
    public void saveCheckpoint() {
        if (checkpoint != null) {
            checkpoint.write(window.prefix());
        }
    }

    private void renew() {
        saveCheckpoint();
        progress.update(window.rowsDone(), bytesRead.get());
    }

    /** Runs on the reader thread; returns why reading ended early, or null. */
    private CliException read(InputStream input) {
        try {
            return readLines(new LineSplitter(input));
        } catch (InterruptedException nobodyDoes) {
            return CliException.refused("load: interrupted; start it again");
        } finally {
            window.endOfInput();
        }
    }

    private CliException readLines(LineSplitter lines) throws InterruptedException {
        InputSum sum = new InputSum();
        InputPrefix read = InputPrefix.NONE;
        long number = 1;
        try {
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                bytesRead.set(lines.bytesRead());
                sum.add(line);
                read = sum.prefix();
                if (read.lines() == skip.lines() && skip.isKnown() && !read.equals(skip)) {
                    return CliException.refused("load: the checkpoint is of another input: its first " + skip.lines()
                            + " lines are not those of this one; name the checkpoint of this input, or none to load from"
                            + " the start");
                }
                if (read.lines() > skip.lines() && !window.add(format.parse(read, line))) {
                    return null;
                }
                number++;
            }
        } catch (MalformedLineException malformed) {
            return CliException.refused("load: line " + number + " " + malformed.getMessage()
                    + "; mend the line and load again (earlier lines are loaded)");
        } catch (IOException unreadable) {
            return CliException.refused("load: the input cannot be read after line " + read.lines() + ": " + unreadable
                    + "; mend it and load again (earlier lines are loaded)");
        }
        if (read.lines() < skip.lines()) {
            return CliException.refused(
                    "load: the checkpoint says that " + skip.lines() + " lines are loaded, but the input has only "
                            + read.lines() + "; is it the checkpoint of another input?");
        }
        return null;
    }

    private CliException explain(LoadWindow.Failure failed) {
        CliException why = explain.apply(failed.cause());
        return new CliException(
                why.exitCode(), "load: line " + failed.row().line() + ": " + why.getMessage(), failed.cause());
    }
}
