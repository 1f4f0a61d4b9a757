package io.flotilla.ops.command;

import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.GlobalOptions;
import io.flotilla.ops.cli.Output;
import io.flotilla.ops.cli.Terminal;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code completion bash|zsh}. */
@Command(
        name = "completion",
        description = {
            "Print a script that lets the shell complete verbs, flags and their values.",
            "bash, in ~/.bashrc:  source <(flotilla completion bash)",
            "zsh, in ~/.zshrc:    source <(flotilla completion zsh)"
        })
final class CompletionVerb implements Callable<Integer> {
    enum Shell {
        bash,
        zsh
    }

    @Mixin
    private GlobalOptions global;

    @Parameters(index = "0", paramLabel = "bash|zsh", description = "The shell. One script serves both.")
    private Shell shell;

    @Spec
    private CommandSpec spec;

    private final Output output;

    CompletionVerb(Terminal terminal) {
        output = new Output(terminal.out());
    }

    @Override
    public Integer call() {
        output.line(AutoComplete.bash(spec.root().name(), spec.root().commandLine()));
        return ExitCode.DONE;
    }
}
