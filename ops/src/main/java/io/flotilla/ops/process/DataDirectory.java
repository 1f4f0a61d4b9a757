package io.flotilla.ops.process;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.node.DiskFault;
import io.flotilla.raft.node.NodeRecords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Keeps people's files safe from a slip in {@code --data}: nothing is written into a directory that is something else. */
public final class DataDirectory {
    /** The file by which a directory shows that it is a node's. */
    private static final String NODE_MARK = "identity";

    /**
     * What a node makes, half-written files included, and what a file system of its own has. Whether they fit together
     * without the mark is the node's to say.
     */
    private static final Set<String> NODE_FILES = Set.of(
            NODE_MARK,
            NODE_MARK + ".new",
            "configuration",
            "configuration.new",
            "controller",
            "controller.new",
            "engine",
            NodeRecords.FILE,
            NodeRecords.FILE + ".new",
            "lock",
            "log",
            "logs",
            "native",
            "transfers",
            "lost+found");

    private DataDirectory() {}

    /**
     * A node's directory, or one that may become it.
     *
     * @throws CliException (refused) if it holds something else
     */
    public static void checkNode(Path directory) {
        try {
            if (!Files.exists(directory.resolve(NODE_MARK))) {
                checkNothingBut(NODE_FILES, directory, "node");
            }
        } catch (IOException unreadable) {
            throw unusable(
                    "node: the data directory " + directory + " can't be read: " + unreadable,
                    unreadable,
                    "name a folder that this user can read and write");
        }
    }

    /** A disk that fails is not the caller's fault: exit code 5; anything else is: 4. */
    static CliException unusable(String what, IOException why, String otherwise) {
        return DiskFault.isOne(why)
                ? new CliException(ExitCode.BROKEN, what + "; " + DiskFault.advice(String.valueOf(why.getMessage())))
                : CliException.refused(what + "; " + otherwise);
    }

    /** @throws CliException (refused) if there is anything else; a directory that does not exist is fine */
    static void checkNothingBut(Set<String> names, Path directory, String verb) throws IOException {
        List<String> foreign;
        try (var entries = Files.list(directory)) {
            foreign = entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !names.contains(name))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException absent) {
            return;
        }
        if (!foreign.isEmpty()) {
            throw CliException.refused(
                    verb + ": " + directory + " is no data directory of Flotilla, and it is not empty ("
                            + foreign.get(0) + " is in it); name an empty or new folder with --data");
        }
    }
}
