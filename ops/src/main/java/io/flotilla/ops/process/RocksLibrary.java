package io.flotilla.ops.process;

import io.flotilla.ops.cli.CliException;
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
     * @throws CliException (refused) if the folder can't be written
     */
    static void loadFrom(Path dataDirectory) {
        Path folder = dataDirectory.resolve("native");
        try {
            Files.createDirectories(folder);
            NativeLibraryLoader.getInstance().loadLibrary(folder.toString());
        } catch (IOException failed) {
            throw CliException.refused("data: " + folder + " can't be used: " + failed
                    + "; name a folder on a disk with space, from which programs may be run");
        }
    }
}
