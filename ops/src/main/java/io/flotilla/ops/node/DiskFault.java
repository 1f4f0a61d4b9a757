package io.flotilla.ops.node;

import java.io.IOException;
import java.util.List;

/**
 * Tells a disk that fails from a path that is wrong, and says what to do about it. The operating system's words are
 * those of the C locale, in which the launcher runs.
 */
public final class DiskFault {
    private static final List<String> FULL = List.of("No space left on device", "Disk quota exceeded");
    private static final List<String> READ_ONLY = List.of("Read-only file system");
    private static final List<String> BROKEN = List.of(
            "Input/output error", "Structure needs cleaning", "No such device", "Stale file handle", "I/O error");

    private DiskFault() {}

    /** Whether the message is of a disk that fails, is full, or takes no writes. */
    public static boolean isOne(IOException e) {
        String text = String.valueOf(e.getMessage());
        return says(text, FULL) || says(text, READ_ONLY) || says(text, BROKEN);
    }

    /** What an operator should do, as the end of a sentence. */
    public static String advice(String text) {
        if (says(text, FULL)) {
            return "make room on the disk, then start the node again";
        }
        if (says(text, READ_ONLY)) {
            return "find out why the disk takes no writes, mend it, then start the node again";
        }
        return "mend the disk, then start the node again";
    }

    private static boolean says(String text, List<String> signs) {
        return signs.stream().anyMatch(text::contains);
    }
}
