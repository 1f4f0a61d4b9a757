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
        assertThat(Files.readString(file)).isEqualTo("0\n");

        checkpoint.write(41);

        assertThat(Files.readString(file)).isEqualTo("41\n");
        assertThat(Checkpoint.open(file).lines()).isEqualTo(41);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x\n", "-3\n", "1.5\n", "99999999999999999999\n"})
    void refusesAFileThatIsNone(String content) throws Exception {
        Path file = folder.resolve("cp");
        Files.writeString(file, content);

        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED))
                .hasMessageContaining(file.toString());
    }

    @Test
    void refusesAPlaceThatCannotBeWritten() {
        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none/cp")))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED));
    }
}
