package io.flotilla.ops.node.production;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How the file descriptors that a process may have are shared out: a third of those that are left at the start is for connections that
 * come in, the rest for the node's own files and the connections that it makes.
 *
 * @param allowed by the operating system; the largest number if that is not known
 * @param used already
 */
public record Descriptors(long allowed, long used) {
    /** With fewer left no node is worth starting. */
    static final int LEAST = 150;

    private static final int MOST_CONNECTIONS = 20_000;
    private static final int MOST_PAGES = 256;

    public static Descriptors ofProcess() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? new Descriptors(unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount())
                : new Descriptors(Integer.MAX_VALUE, 0);
    }

    private int connections() {
        return (int) Math.max(1, Math.min(MOST_CONNECTIONS, (allowed - used) / 3));
    }

    /** Connections for pages. */
    public int forPages() {
        return Math.max(1, Math.min(MOST_PAGES, connections() / 4));
    }

    /** Connections of other nodes and clients. */
    public int forStreams() {
        return Math.max(1, connections() - forPages());
    }

    /** Why a node can't be started with them: one line; null if it can. */
    public String objection() {
        long left = allowed - used;
        return left >= LEAST
                ? null
                : "this process may open " + allowed + " files and connections, of which " + used
                        + " are in use: a node needs at least " + (used + LEAST) + "; raise the limit (ulimit -n)";
    }
}
