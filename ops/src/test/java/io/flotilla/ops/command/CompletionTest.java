package io.flotilla.ops.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.ops.cli.Commands;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The script that {@code completion} prints, run by a real bash. */
@EnabledIf("bashIsThere")
class CompletionTest {
    private static final Path BASH = Path.of("/bin/bash");

    @TempDir
    private Path folder;

    static boolean bashIsThere() {
        return Files.isExecutable(BASH);
    }

    @Test
    void verbsFlagsAndValuesAreCompleted() throws Exception {
        assertThat(complete("flotilla", "sh")).contains("shards");
        assertThat(complete("flotilla", "")).contains("get", "put", "scan", "config", "nodes", "groups", "completion");
        assertThat(complete("flotilla", "get", "--")).contains("--endpoints", "--output", "--hex", "--timeout");
        assertThat(complete("flotilla", "config", "--n")).contains("--number");
        assertThat(complete("flotilla", "get", "--output", "")).containsExactlyInAnyOrder("text", "json");
        assertThat(complete("flotilla", "completion", "")).contains("bash", "zsh");
        assertThat(complete("flotilla", "put", "--li")).isEmpty();
    }

    @Test
    void filesAreCompletedWhereAFileIsMeant() throws Exception {
        Path rows = Files.createFile(folder.resolve("rows.tsv"));

        assertThat(complete("flotilla", "load", folder.resolve("ro").toString()))
                .containsExactly(rows.toString());
        assertThat(complete(
                        "flotilla", "load", "--checkpoint", folder.resolve("ro").toString()))
                .containsExactly(rows.toString());
    }

    @Test
    void bothShellsGetTheScript() {
        assertThat(script("zsh")).isEqualTo(script("bash")).contains("bashcompinit");
    }

    private static String script(String shell) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(new byte[0]), out, new PrintStream(err, true, UTF_8), false, Map.of());
        assertThat(Commands.run(Flotilla.commandLine(terminal), terminal, "completion", shell))
                .isEqualTo(ExitCode.DONE);
        assertThat(err.size()).isZero();
        return out.toString(UTF_8);
    }

    /** What bash offers for the last word. */
    private List<String> complete(String... words) throws Exception {
        Path script = folder.resolve("completion.sh");
        Files.writeString(script, script("bash"));
        String quoted = "'" + String.join("' '", words) + "'";
        String program = String.join(
                "\n",
                "source " + script,
                // Only allowed while the shell itself completes.
                "compopt() { :; }",
                "COMP_WORDS=(" + quoted + ")",
                "COMP_CWORD=" + (words.length - 1),
                "COMP_LINE=\"${COMP_WORDS[*]}\"",
                "COMP_POINT=${#COMP_LINE}",
                "COMP_TYPE=9",
                // What the shell was told to call for the command.
                "function=$(complete -p flotilla | sed 's/.*-F \\([^ ]*\\).*/\\1/')",
                "$function flotilla \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"",
                "for word in \"${COMPREPLY[@]}\"; do echo \"$word\"; done");
        Path errors = folder.resolve("errors");
        Process bash = new ProcessBuilder(BASH.toString(), "--norc", "-c", program)
                .redirectError(errors.toFile())
                .start();
        List<String> offered =
                new String(bash.getInputStream().readAllBytes(), UTF_8).lines().toList();
        assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(errors).isEmptyFile();
        return offered;
    }
}
