package io.flotilla.ops.process;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.raft.disk.os.OwnerOnly;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;

/**
 * Loads RocksDB's native library from a folder of the data directory. Left to itself the library unpacks 17 MB into the
 * system's folder for temporary files at each start, and a killed process leaves them there.
 */
final class RocksLibrary {
    private RocksLibrary() {}

    /**
     * Before the first use of RocksDB in this process.
     *
     * @throws CliException if the folder can't be written, or the library there not be loaded
     */
    static void loadFrom(Path dataDirectory) {
        Path folder = dataDirectory.resolve("native");
        try {
            OwnerOnly.createDirectories(folder);
            // the loader would do it, too, but could not say why it can't
            try (var stale = Files.newDirectoryStream(folder)) {
                for (Path library : stale) {
                    Files.delete(library);
                }
            }
            NativeLibraryLoader.getInstance().loadLibrary(folder.toString());
        } catch (IOException failed) {
            throw DataDirectory.unusable(
                    "data: " + folder + " can't be used: " + failed,
                    failed,
                    "name a folder on a disk from which programs may be run");
        } catch (LinkageError | RuntimeException unloadable) {
            throw new CliException(
                    ExitCode.BROKEN,
                    "data: RocksDB's library in " + folder + " can't be loaded: " + unloadable.getMessage()
                            + "; the data directory must be on a file system from which programs may be run (not mounted"
                            + " noexec), on a machine for which RocksDB is built",
                    unloadable);
        }
    }
}
