package io.flotilla.ops.process;

import io.flotilla.ops.cli.CliException;
import io.flotilla.raft.disk.os.OwnerOnly;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import java.util.Set;

/**
 * The shape of a local fleet, written down in its data directory when it is made, so that the next start continues it.
 *
 * @param nodes 1 – {@value #MAX_NODES}
 * @param groups data groups
 * @param shards at least one for each group
 */
public record DevFleet(int nodes, int groups, int shards) {
    public static final int MAX_NODES = 99;
    public static final int DEFAULT_NODES = 3;
    public static final int DEFAULT_GROUPS = 4;
    public static final int DEFAULT_SHARDS = 16;
    private static final String FILE = "dev.properties";

    /**
     * The shape that the directory has, or the one asked for if it is new.
     *
     * @param nodes null if not asked for; so are the others
     * @throws CliException (usage) if the numbers make no fleet; (refused) if they contradict the directory, or it is not a
     *     local fleet's
     */
    public static DevFleet settle(Path data, Integer nodes, Integer groups, Integer shards) {
        Path file = data.resolve(FILE);
        try {
            OwnerOnly.createDirectories(data);
            if (Files.exists(file)) {
                DevFleet found = read(file);
                agree(data, "--nodes", nodes, found.nodes);
                agree(data, "--groups", groups, found.groups);
                agree(data, "--shards", shards, found.shards);
                return found;
            }
            DataDirectory.checkNothingBut(Set.of("logs"), data, "dev");
            DevFleet fresh = new DevFleet(
                    orElse(nodes, DEFAULT_NODES), orElse(groups, DEFAULT_GROUPS), orElse(shards, DEFAULT_SHARDS));
            fresh.check("dev");
            fresh.write(file);
            return fresh;
        } catch (IOException failed) {
            throw CliException.refused("dev: the data directory " + data + " can't be used: " + failed
                    + "; name a folder that this user can write");
        }
    }

    /** @throws CliException (usage) if the numbers make no fleet */
    public void check(String verb) {
        checkRange(verb, "--nodes", nodes, 1, MAX_NODES);
        checkRange(verb, "--groups", groups, 1, 10_000);
        checkRange(verb, "--shards", shards, groups, 100_000);
    }

    private static void checkRange(String verb, String flag, int value, int least, int most) {
        if (value < least || value > most) {
            throw CliException.usage(
                    verb + ": " + flag + " is " + value + ", but must be from " + least + " to " + most);
        }
    }

    private static int orElse(Integer asked, int otherwise) {
        return asked == null ? otherwise : asked;
    }

    private static void agree(Path data, String flag, Integer asked, int found) {
        if (asked != null && asked != found) {
            throw CliException.refused("dev: " + flag + " " + asked + " contradicts the fleet in " + data
                    + ", which was made with " + flag + " " + found + "; leave the flag out, or name another --data");
        }
    }

    private static DevFleet read(Path file) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            properties.load(in);
            DevFleet found = new DevFleet(
                    Integer.parseInt(properties.getProperty("nodes", "")),
                    Integer.parseInt(properties.getProperty("groups", "")),
                    Integer.parseInt(properties.getProperty("shards", "")));
            found.check("dev");
            return found;
        } catch (IllegalArgumentException | CliException damaged) {
            throw CliException.refused(
                    "dev: " + file + " is damaged; restore it (nodes, groups and shards as whole numbers)"
                            + " or name another --data");
        }
    }

    private void write(Path file) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("nodes", Integer.toString(nodes));
        properties.setProperty("groups", Integer.toString(groups));
        properties.setProperty("shards", Integer.toString(shards));
        Path beside = file.resolveSibling(FILE + ".new");
        try (OutputStream out = Files.newOutputStream(beside)) {
            properties.store(out, "the shape of this local fleet; made once");
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
