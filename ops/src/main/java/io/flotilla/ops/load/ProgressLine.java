package io.flotilla.ops.load;

import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on a terminal: of the input's bytes if their number is known, with the rows beside it. */
public final class ProgressLine implements LoadProgress {
    private static final int WIDTH = 100;
    private static final int REFRESH_MILLIS = 250;
    private static final long MIB = 1024 * 1024;

    private final ProgressBar bar;
    private final boolean sized;

    /** @param inputBytes the input's size, or -1 if it is not known */
    public ProgressLine(PrintStream err, long inputBytes) {
        sized = inputBytes >= 0;
        ProgressBarBuilder builder = new ProgressBarBuilder()
                .setTaskName("load")
                .setInitialMax(inputBytes)
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH));
        bar = (sized ? builder.setUnit("MiB", MIB) : builder.setUnit(" rows", 1).showSpeed()).build();
    }

    @Override
    public void update(long rows, long bytes) {
        bar.stepTo(sized ? bytes : rows);
        if (sized) {
            bar.setExtraMessage(rows + " rows");
        }
    }

    @Override
    public void close() {
        bar.close();
    }
}
