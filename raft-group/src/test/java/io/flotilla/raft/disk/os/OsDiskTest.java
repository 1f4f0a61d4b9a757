package io.flotilla.raft.disk.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OsDiskTest {
    @TempDir
    Path root;

    @Test
    void filesAndNames() throws IOException {
        OsDisk disk = new OsDisk(root.resolve("data"));
        assertThat(disk.list("log")).isEmpty();
        disk.createDirectories("log/deep");
        try (DiskFile file = disk.open("log/b")) {
            file.setSize(3_000_000);
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 2_999_999);
            file.force();
            assertThat(file.size()).isEqualTo(3_000_002);
            ByteBuffer read = ByteBuffer.allocate(10);
            assertThat(file.read(read, 2_999_998)).isEqualTo(4);
            assertThat(read.array()).startsWith(0, 1, 2, 3, 0);
            assertThat(file.read(ByteBuffer.allocate(1), 3_000_002)).isZero();
            file.setSize(5);
        }
        assertThat(Files.size(root.resolve("data/log/b"))).isEqualTo(5);
        disk.open("log/a").close();
        assertThat(disk.list("log")).containsExactly("a", "b", "deep");
        disk.rename("log/b", "log/a");
        disk.delete("log/absent");
        disk.forceDirectory("log");
        disk.forceDirectory("");
        assertThat(disk.list("log")).containsExactly("a", "deep");
        assertThat(disk.exists("log/a")).isTrue();
        assertThat(disk.exists("log/b")).isFalse();
        disk.delete("log/a");
        assertThat(disk.list("log")).containsExactly("deep");
    }

    @Test
    void aDirectoryIsHeldByOneAtATime() throws IOException {
        Path directory = root.resolve("data");
        DirectoryLock lock = DirectoryLock.acquire(directory);
        assertThatThrownBy(() -> DirectoryLock.acquire(directory))
                .isInstanceOf(DirectoryInUseException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("process " + ProcessHandle.current().pid());
        lock.close();
        DirectoryLock.acquire(directory).close();
    }

    @Test
    void whatAFileSystemHasOfItsOwnIsNotListed() throws IOException {
        Files.createDirectories(root.resolve("log").resolve("lost+found"));
        assertThat(new OsDisk(root).list("log")).isEmpty();
    }
}
