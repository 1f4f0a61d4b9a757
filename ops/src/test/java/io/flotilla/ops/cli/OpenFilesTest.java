package io.flotilla.ops.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.ops.Main;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes, since a closed stdin can be had in no other way. */
@EnabledOnOs(OS.LINUX)
class OpenFilesTest {
    private record Ended(int code, String err) {}

    private static Ended run(String shellTail, String... words) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of(
                "sh",
                "-c",
                "exec \"$@\" " + shellTail,
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).start();
        process.getOutputStream().close();
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), err);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
    void aClosedStdinIsNoInput(String input) throws Exception {
        for (String tail : List.of("<&-", "0>/dev/null")) {
            Ended ended = run(tail, "load", input, "--endpoints", "127.0.0.1:1", "--timeout", "300ms");

            assertThat(ended.code()).as(ended.err()).isEqualTo(ExitCode.REFUSED);
            assertThat(ended.err()).isEqualTo("flotilla: load: stdin is closed; give the rows there, or name a file\n");
        }
    }

    @Test
    void aFileThatNobodyOpenedIsNoInput() throws Exception {
        for (int file = 3; file < 10; file++) {
            Ended ended =
                    run(file + "<&-", "load", "/dev/fd/" + file, "--endpoints", "127.0.0.1:1", "--timeout", "300ms");

            assertThat(ended.code()).as(ended.err()).isEqualTo(ExitCode.REFUSED);
            assertThat(ended.err())
                    .isEqualTo("flotilla: load: /dev/fd/" + file + " is not open; name a file, or - for stdin\n");
        }
    }

    @Test
    void whatIsOpenIsRead() throws Exception {
        for (String words : List.of("- </dev/null", "/dev/stdin </dev/null", "/dev/fd/7 7</dev/null")) {
            String[] parts = words.split(" ");
            Ended ended = run(parts[1], "load", parts[0], "--endpoints", "127.0.0.1:1", "--timeout", "300ms");

            assertThat(ended.code()).as(ended.err()).isEqualTo(ExitCode.DONE);
            assertThat(ended.err()).isEmpty();
        }
    }
}
