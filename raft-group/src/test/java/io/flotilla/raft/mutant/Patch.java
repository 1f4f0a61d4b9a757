package io.flotilla.raft.mutant;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One piece of one production source file, and what stands there instead.
 *
 * @param file from the root of the repository
 * @param find occurs exactly once in the file
 */
public record Patch(String file, String find, String replace) {
    private static final String SOURCES = "src/main/java/";

    /** @param text of the file, perhaps with other patches in it already */
    String applyTo(String text) {
        int at = text.indexOf(find);
        if (at < 0 || text.indexOf(find, at + 1) >= 0) {
            throw new AssertionError("the patch no longer fits: its text must occur exactly once in " + file
                    + ", but occurs " + (at < 0 ? "nowhere" : "more than once") + ". Find its place again: " + find);
        }
        return text.substring(0, at) + replace + text.substring(at + find.length());
    }

    /** The file as it is. */
    String original() throws IOException {
        return Files.readString(root().resolve(file));
    }

    /** The name of the class that a source file declares. */
    static String className(String file) {
        String path = file.substring(file.indexOf(SOURCES) + SOURCES.length());
        return path.substring(0, path.length() - ".java".length()).replace('/', '.');
    }

    /** The root of the repository, somewhere above the working directory. */
    public static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("raft-group/pom.xml"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new AssertionError("the sources are not above the working directory");
            }
        }
        return directory;
    }
}
