package io.flotilla.ops.command;

import io.flotilla.ops.bench.Bench;
import io.flotilla.ops.cli.Terminal;
import java.io.PrintStream;

/** One line on a terminal that is written anew again and again; elsewhere only the notes. Used by one thread. */
final class BenchProgress implements Bench.ProgressListener, AutoCloseable {
    private static final int WIDTH = 100;

    private final PrintStream err;
    private final boolean live;
    private boolean shown;

    BenchProgress(Terminal terminal) {
        this.err = terminal.err();
        this.live = terminal.errIsTerminal();
    }

    @Override
    public void now(String line) {
        if (live) {
            String cut = line.length() > WIDTH ? line.substring(0, WIDTH) : line;
            err.print("\r" + cut + " ".repeat(WIDTH - cut.length()));
            err.flush();
            shown = true;
        }
    }

    @Override
    public void note(String line) {
        clear();
        err.println("flotilla: bench: " + line);
    }

    private void clear() {
        if (shown) {
            shown = false;
            err.print("\r" + " ".repeat(WIDTH) + "\r");
            err.flush();
        }
    }

    @Override
    public void close() {
        clear();
    }
}
