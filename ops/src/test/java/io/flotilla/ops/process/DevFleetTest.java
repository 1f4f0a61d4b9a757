package io.flotilla.ops.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevFleetTest {
    @TempDir
    private Path folder;

    @Test
    void theShapeIsThatOfTheFirstStart() {
        assertThat(DevFleet.settle(folder.resolve("a"), 5, null, 32)).isEqualTo(new DevFleet(5, 4, 32));
        assertThat(DevFleet.settle(folder.resolve("a"), null, null, null)).isEqualTo(new DevFleet(5, 4, 32));
        assertThat(DevFleet.settle(folder.resolve("b"), null, null, null)).isEqualTo(new DevFleet(3, 4, 16));
    }

    @Test
    void anotherShapeIsRefused() {
        DevFleet.settle(folder, 3, null, null);

        assertThatThrownBy(() -> DevFleet.settle(folder, 5, null, null))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED))
                .hasMessageContaining("--nodes 5")
                .hasMessageContaining("--nodes 3");
    }

    @Test
    void aFolderWithSomethingElseIsLeftAlone() throws Exception {
        Files.writeString(folder.resolve("thesis.tex"), "…");

        assertThatThrownBy(() -> DevFleet.settle(folder, null, null, null)).hasMessageContaining("thesis.tex");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    /** What a file system of its own has, and what a first start may leave when its process is killed or the power goes. */
    @Test
    void aVolumeOfItsOwnAndAFirstStartThatDiedAreNothingForeign() throws Exception {
        Files.createDirectories(folder.resolve("lost+found"));
        Files.createDirectories(folder.resolve("logs"));
        Files.writeString(folder.resolve("dev.properties.new"), "nodes=3\ngro");
        Files.writeString(folder.resolve("dev.properties"), "");
        assertThat(DevFleet.settle(folder, 5, null, 32)).isEqualTo(new DevFleet(5, 4, 32));
        assertThat(DevFleet.settle(folder, null, null, null)).isEqualTo(new DevFleet(5, 4, 32));

        Path later = folder.resolve("later");
        Files.createDirectories(later.resolve("n1"));
        Files.writeString(later.resolve("dev.properties"), "");
        assertThatThrownBy(() -> DevFleet.settle(later, null, null, null))
                .as("there is a node's data, and nothing says what fleet it belongs to")
                .hasMessageContaining("is damaged; restore it");
    }

    @Test
    void aNodeTakesOnlyADirectoryThatIsItsOwnOrEmpty() throws Exception {
        DataDirectory.checkNode(folder.resolve("new"));
        Files.createDirectories(folder.resolve("logs"));
        Files.createDirectories(folder.resolve("native"));
        DataDirectory.checkNode(folder);

        Files.writeString(folder.resolve("thesis.tex"), "…");
        assertThatThrownBy(() -> DataDirectory.checkNode(folder))
                .isInstanceOfSatisfying(
                        CliException.class, why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED))
                .hasMessageContaining("thesis.tex");
        Files.writeString(folder.resolve("identity"), "");
        DataDirectory.checkNode(folder);
    }
}
