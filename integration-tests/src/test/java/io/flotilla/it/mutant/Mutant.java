package io.flotilla.it.mutant;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A deliberate fault: one piece of one production source file, replaced.
 *
 * @param name what is wrong then, in a few words
 * @param file from the root of the repository
 * @param find occurs exactly once in the file
 * @param replace what stands there instead
 * @param profile the name of the faults of the world under which it shows
 */
public record Mutant(String name, String file, String find, String replace, String profile) {

    /** The file's text with the fault in it. */
    String source() throws IOException {
        String text = Files.readString(root().resolve(file));
        int at = text.indexOf(find);
        if (at < 0 || text.indexOf(find, at + 1) >= 0) {
            throw new AssertionError("the fault '" + name + "' no longer fits: its text must occur exactly once in "
                    + file + ", but occurs " + (at < 0 ? "nowhere" : "more than once") + ". Find its place again: "
                    + find);
        }
        return text.substring(0, at) + replace + text.substring(at + find.length());
    }

    /** The name of the class that the file declares. */
    String className() {
        String path = file.substring(file.indexOf("src/main/java/") + "src/main/java/".length());
        return path.substring(0, path.length() - ".java".length()).replace('/', '.');
    }

    @Override
    public String toString() {
        return name;
    }

    private static Path root() {
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
