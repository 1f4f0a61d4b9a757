package io.flotilla.ops;

import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.command.Flotilla;
import io.flotilla.ops.logging.NoLogging;
import io.flotilla.ops.process.ProcessEnd;
import io.flotilla.raft.transport.grpc.NetworkThreads;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The process's entry point. */
public final class Main {
    /** The verbs that log, to a file; the others don't at all. */
    private static final List<String> SERVERS = List.of("dev", "node");

    /** How much higher than {@link ExitCode} says the process's exit code is: then the launcher knows it from Java's own. */
    private static final String EXIT_BASE = "flotilla.exit.base";

    private static final long LAST_WORDS_MILLIS = 1_000;
    private static final long EXIT_SECONDS = 3;

    private Main() {}

    public static void main(String[] args) {
        int code = ExitCode.BROKEN;
        try {
            code = run(args);
        } catch (Throwable unexpected) {
            System.err.println("flotilla: " + ProcessEnd.describe(unexpected));
        } finally {
            end(code + Integer.getInteger(EXIT_BASE, 0));
        }
    }

    private static int run(String[] args) {
        boolean serves = SERVERS.contains(verb(args));
        if (!serves) {
            NoLogging.choose();
        }
        limitEventLoops();
        Terminal terminal = serves ? Terminal.ofServer() : Terminal.ofProcess();
        try {
            return Commands.run(Flotilla.commandLine(terminal), terminal, args);
        } finally {
            terminal.drain().accept(LAST_WORDS_MILLIS);
        }
    }

    /** Whatever else the process has begun, it is over in a few seconds. */
    private static void end(int code) {
        Thread guard = new Thread(
                () -> {
                    try {
                        TimeUnit.SECONDS.sleep(EXIT_SECONDS);
                    } catch (InterruptedException never) {
                        Thread.currentThread().interrupt();
                    }
                    Runtime.getRuntime().halt(code);
                },
                "exit");
        try {
            guard.setDaemon(true);
            guard.start();
        } finally {
            System.exit(code);
        }
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
