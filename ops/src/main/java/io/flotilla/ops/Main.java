package io.flotilla.ops;

import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.command.Flotilla;
import io.flotilla.ops.logging.NoLogging;
import io.flotilla.raft.transport.grpc.NetworkThreads;
import java.util.List;

/** The process's entry point. */
public final class Main {
    /** The verbs that log, to a file; the others don't at all. */
    private static final List<String> SERVERS = List.of("dev", "node");

    private Main() {}

    public static void main(String[] args) {
        if (!SERVERS.contains(verb(args))) {
            NoLogging.choose();
        }
        limitEventLoops();
        Terminal terminal = Terminal.ofProcess();
        System.exit(Commands.runProcess(Flotilla.commandLine(terminal), terminal, args));
    }

    /**
     * Half as many of netty's threads as processors for clients, too, in place of twice as many: what a frame brings is passed on
     * or worked off at once, and what leaves from the same thread wakes no other (docs/benchmarks.md).
     */
    private static void limitEventLoops() {
        System.setProperty(NetworkThreads.COUNT_PROPERTY, String.valueOf(NetworkThreads.suitableCount()));
    }

    private static String verb(String[] args) {
        for (String word : args) {
            if (!word.startsWith("-")) {
                return word;
            }
        }
        return "";
    }
}
