package io.flotilla.ops.node.production;

import io.flotilla.ops.node.HostProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process, as others on the machine see it. */
public final class ThisProcess {
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path NUMBERS = Path.of("/proc/self/ns/pid");

    private ThisProcess() {}

    /** The machine is known on Linux alone: by its last start, and by the space in which processes are numbered. */
    public static HostProcess describe() {
        return new HostProcess(ProcessHandle.current().pid(), machine());
    }

    private static String machine() {
        try {
            return Files.readString(BOOT).strip() + " " + Files.readSymbolicLink(NUMBERS);
        } catch (IOException | UnsupportedOperationException notLinux) {
            return "";
        }
    }
}
