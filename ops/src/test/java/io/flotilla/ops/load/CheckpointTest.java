package io.flotilla.ops.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    @TempDir
    private Path folder;

    @Test
    void isThereFromTheBeginningAndLeavesNothingBeside() throws Exception {
        Path file = folder.resolve("cp");
        Checkpoint checkpoint = Checkpoint.open(file);
        assertThat(Files.readAllLines(file)).containsExactly("0", "input bytes=0 crc32c=00000000");

        InputPrefix done = new InputPrefix(41, 123_456, 0xfedcba98);
        checkpoint.write(done);

        assertThat(Files.readAllLines(file)).containsExactly("41", "input bytes=123456 crc32c=fedcba98");
        assertThat(Checkpoint.open(file).done()).isEqualTo(done);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x\n", "-3\n", "1.5\n", "99999999999999999999\n", "3\ninput bytes=x\n"})
    void refusesAFileThatIsNone(String content) throws Exception {
        Path file = folder.resolve("cp");
        Files.writeString(file, content);

        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED))
                .hasMessageContaining(file.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"7", "7\n", " 7 \r\n", "7\nof the first try\n"})
    void takesOneThatDoesNotTellItsInput(String content) throws Exception {
        Path file = folder.resolve("cp");
        Files.writeString(file, content);

        assertThat(Checkpoint.open(file).done()).isEqualTo(InputPrefix.ofUnknown(7));
    }

    @Test
    void refusesAPlaceThatCannotBeWritten() {
        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none/cp")))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED));
    }
}
