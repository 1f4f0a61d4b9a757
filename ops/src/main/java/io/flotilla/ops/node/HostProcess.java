package io.flotilla.ops.node;

/**
 * The process that a node runs in, as its operating system numbers it.
 *
 * @param pid 0 if it is not told
 * @param machine equal for processes that see each other under their numbers; empty if not known
 */
public record HostProcess(long pid, String machine) {
    public static final HostProcess UNKNOWN = new HostProcess(0, "");
}
