package io.flotilla.ops.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs a command line: every end is an exit code and at most one line on stderr, with a trace if asked for. */
public final class Commands {
    private static final String NAME = "flotilla: ";

    private Commands() {}

    /** @return the exit code */
    public static int run(CommandLine commands, Terminal terminal, String... args) {
        boolean verbose = List.of(args).contains("--verbose");
        PrintWriter out = new PrintWriter(terminal.out(), false, StandardCharsets.UTF_8);
        commands.setOut(out);
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setParameterExceptionHandler((wrong, given) -> usage(wrong, given, terminal.err()));
        commands.setExecutionExceptionHandler((failed, command, parsed) -> failed(failed, terminal.err(), verbose));
        failuresAreNoAnswers(commands);
        int code = commands.execute(args);
        out.flush();
        try {
            new Output(terminal.out()).flush();
        } catch (Output.ReaderGoneException | CliException lost) {
            return failed(lost, terminal.err(), verbose);
        }
        return code;
    }

    /** Picocli's own code for whatever it could not handle is 1, which only a fleet says. */
    private static void failuresAreNoAnswers(CommandLine commands) {
        commands.getCommandSpec().exitCodeOnExecutionException(ExitCode.BROKEN);
        commands.getSubcommands().values().forEach(Commands::failuresAreNoAnswers);
    }

    /** The words that a command is called by, such as {@code groups join}; empty for the program itself. */
    public static String verb(CommandSpec command) {
        CommandSpec program = command.root();
        return command == program
                ? ""
                : command.qualifiedName(" ").substring(program.name().length() + 1);
    }

    private static int usage(ParameterException wrong, String[] given, PrintStream err) {
        CommandLine command = wrong.getCommandLine();
        String verb = verb(command.getCommandSpec());
        String message = oneLine(wrong);
        if (wrong instanceof UnmatchedArgumentException unmatched) {
            String first = unmatched.getUnmatched().isEmpty()
                    ? ""
                    : unmatched.getUnmatched().get(0);
            message =
                    (first.startsWith("-") ? "unknown flag '" : verb.isEmpty() ? "unknown verb '" : "unexpected word '")
                            + first + "'" + suggestion(unmatched);
        }
        String unknown = wrong instanceof MissingParameterException ? unknownFlag(command, given) : null;
        if (unknown != null) {
            message = "unknown flag '" + unknown + "'";
        }
        err.println(NAME + (verb.isEmpty() ? "" : verb + ": ") + message + "; see 'flotilla "
                + (verb.isEmpty() ? "" : verb + " ") + "--help'");
        return ExitCode.USAGE;
    }

    /** What is missing may be missing because of a flag that is not one. */
    private static String unknownFlag(CommandLine command, String[] given) {
        for (String word : given) {
            if (word.equals("--")) {
                return null;
            }
            String flag = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
            if (flag.startsWith("--") && !command.getCommandSpec().optionsMap().containsKey(flag)) {
                return flag;
            }
        }
        return null;
    }

    private static String suggestion(UnmatchedArgumentException unmatched) {
        List<String> suggestions = unmatched.getSuggestions();
        return suggestions.isEmpty() ? "" : ", did you mean '" + suggestions.get(0) + "'?";
    }

    private static int failed(Exception failed, PrintStream err, boolean verbose) {
        if (failed instanceof Output.ReaderGoneException) {
            return ExitCode.DONE;
        }
        int code;
        if (failed instanceof CliException cli) {
            code = cli.exitCode();
            err.println(NAME + oneLine(failed));
        } else {
            code = ExitCode.BROKEN;
            err.println(NAME + "failed unexpectedly: " + failed.getClass().getSimpleName() + ": " + oneLine(failed)
                    + "; run again with --verbose and report it");
        }
        if (verbose) {
            failed.printStackTrace(err);
        }
        return code;
    }

    private static String oneLine(Exception failed) {
        return String.valueOf(failed.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
