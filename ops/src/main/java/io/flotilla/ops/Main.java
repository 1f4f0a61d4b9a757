package io.flotilla.ops;

import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.command.Flotilla;

/** The process's entry point. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        Terminal terminal = Terminal.ofProcess();
        System.exit(Commands.run(Flotilla.commandLine(terminal), terminal, args));
    }
}
