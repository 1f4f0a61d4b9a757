package io.flotilla.it.process;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small file system of its own, in a file; unmounted when closed. */
final class LoopDisk implements AutoCloseable {
    private static final String MISSING =
            "small disks can't be mounted here (it takes root, mkfs.ext4 and loop devices)";

    private final Path image;
    private final Path root;

    private LoopDisk(Path image, Path root) {
        this.image = image;
        this.root = root;
    }

    /** Makes and mounts one of so many MiB; skips the test, aloud, where that is not allowed. */
    static LoopDisk mounted(Path directory, int mebibytes) throws IOException {
        Path image = directory.resolve("disk.img");
        Path root = Files.createDirectory(directory.resolve("disk"));
        String trouble = run("truncate", "-s", mebibytes + "M", image.toString());
        // the journal is kept small, and nothing is kept for root: the nodes of this test may be root's
        trouble += run("mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=4", image.toString());
        trouble += run("mount", "-o", "loop", image.toString(), root.toString());
        boolean allowed = trouble.isEmpty();
        if (!allowed) {
            System.err.println("SKIPPED: " + MISSING + ": " + trouble);
        }
        assumeTrue(allowed, MISSING);
        return new LoopDisk(image, root);
    }

    Path root() {
        return root;
    }

    /** Takes away so many MiB. */
    Path fill(int mebibytes) throws IOException {
        Path filler = root.resolve("logs").resolve("filler");
        must("fallocate", "-l", mebibytes + "M", filler.toString());
        return filler;
    }

    void delete(Path filler) throws IOException {
        Files.delete(filler);
    }

    /** What the kernel does by itself after a failed write of the file system's own. */
    void turnReadOnly() throws IOException {
        must("mount", "-o", "remount,abort", root.toString());
    }

    void mend() throws IOException {
        must("umount", root.toString());
        run("e2fsck", "-p", "-f", image.toString());
        must("mount", "-o", "loop", image.toString(), root.toString());
    }

    @Override
    public void close() throws IOException {
        if (!run("umount", root.toString()).isEmpty()) {
            must("umount", "-l", root.toString());
        }
    }

    private static void must(String... command) throws IOException {
        String trouble = run(command);
        if (!trouble.isEmpty()) {
            throw new IOException(trouble);
        }
    }

    /** @return what went wrong, or an empty string */
    private static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exit = process.onExit().join().exitValue();
            return exit == 0 ? "" : String.join(" ", command) + ": " + said.strip() + "; ";
        } catch (IOException e) {
            return e.getMessage() + "; ";
        }
    }
}
