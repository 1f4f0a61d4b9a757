package io.flotilla.ops.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that the process was given open. Where the caller closed one, such as stdin, the first file that the Java runtime
 * opens for itself takes its number: read as input it yields garbage, and closed it takes the runtime down. Only Linux tells which
 * is which; elsewhere all are believed.
 */
public final class OpenFiles {
    private static final int STDIN = 0;
    private static final Pattern BY_NUMBER =
            Pattern.compile("/dev/stdin|(?:/dev/fd|/proc/(?:self|thread-self|\\d+)/fd)/(\\d+)");
    private static final int CLOSED_WHEN_STARTED = 02000000;
    private static final int ACCESS = 3;
    private static final int WRITE_ONLY = 1;

    private OpenFiles() {}

    /** Whether the process was given no stdin that it could read. */
    public static boolean isStdinClosed() {
        return !isGiven(STDIN);
    }

    /** Whether the path names stdin. */
    public static boolean isStdin(Path path) {
        return number(path).filter(file -> file == STDIN).isPresent();
    }

    /** Whether the path names an open file by its number, and the process was not given that one to read. */
    public static boolean isNotGiven(Path path) {
        return number(path).filter(file -> !isGiven(file)).isPresent();
    }

    private static Optional<Integer> number(Path path) {
        Matcher name = BY_NUMBER.matcher(path.toAbsolutePath().normalize().toString());
        if (!name.matches()) {
            return Optional.empty();
        }
        String digits = name.group(1);
        return Optional.of(digits == null ? STDIN : digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits));
    }

    private static boolean isGiven(int file) {
        Path told = Path.of("/proc/self/fdinfo/" + file);
        if (!Files.exists(Path.of("/proc/self/fdinfo"))) {
            return true;
        }
        try {
            int flags = Files.readAllLines(told).stream()
                    .filter(line -> line.startsWith("flags:"))
                    .map(line -> Integer.parseInt(line.substring(6).strip(), 8))
                    .findFirst()
                    .orElse(0);
            return (flags & CLOSED_WHEN_STARTED) == 0 && (flags & ACCESS) != WRITE_ONLY && !isOfJava(file);
        } catch (IOException notOpen) {
            return false;
        }
    }

    /** Not all of the runtime's own files say that they are not handed on. */
    private static boolean isOfJava(int file) throws IOException {
        Path real = Files.readSymbolicLink(Path.of("/proc/self/fd/" + file));
        if (real.startsWith(Path.of(System.getProperty("java.home")).toRealPath())) {
            return true;
        }
        for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
            try {
                if (Files.isRegularFile(Path.of(entry))
                        && real.equals(Path.of(entry).toRealPath())) {
                    return true;
                }
            } catch (InvalidPathException | IOException otherwise) {
                continue;
            }
        }
        return false;
    }
}
