package io.flotilla.ops.cli;

import java.io.PrintStream;

/** One line on a terminal that is written anew again and again; elsewhere only the notes. Used by one thread. */
public class LiveLine implements AutoCloseable {
    private static final int WIDTH = 100;

    private final PrintStream err;
    private final boolean live;
    private final String verb;
    private boolean shown;

    /** @param verb begins each note */
    public LiveLine(Terminal terminal, String verb) {
        this.err = terminal.err();
        this.live = terminal.errIsTerminal();
        this.verb = verb;
    }

    /** Where it stands; each line replaces the one before. */
    public final void now(String line) {
        if (live) {
            String cut = line.length() > WIDTH ? line.substring(0, WIDTH) : line;
            err.print("\r" + cut + " ".repeat(WIDTH - cut.length()));
            err.flush();
            shown = true;
        }
    }

    /** Something to know, whoever watches. */
    public final void note(String line) {
        close();
        err.println("flotilla: " + verb + ": " + line);
    }

    /** Clears the line. */
    @Override
    public final void close() {
        if (shown) {
            shown = false;
            err.print("\r" + " ".repeat(WIDTH) + "\r");
            err.flush();
        }
    }
}
