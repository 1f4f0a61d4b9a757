package io.flotilla.raft.sim;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** The directory tree: what is surely on disk, the changes since, and what the process sees. */
final class SimNames {
    private TreeMap<String, SimInode> durableFiles = new TreeMap<>();
    private TreeSet<String> durableDirectories = new TreeSet<>(List.of(""));
    private TreeMap<String, SimInode> files = new TreeMap<>();
    private TreeSet<String> directories = new TreeSet<>(List.of(""));
    private final List<NameChange> changes = new ArrayList<>();

    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    abstract static class NameChange {
        long madeAt;
        long durableAt = SimInode.NEVER;

        /** The directory whose force makes it durable. */
        abstract String directory();

        abstract void applyTo(TreeMap<String, SimInode> files, TreeSet<String> directories);

        abstract NameChange with(UnaryOperator<SimInode> copies);
    }

    static final class Link extends NameChange {
        private final String path;
        private final SimInode inode;

        Link(String path, SimInode inode) {
            this.path = path;
            this.inode = inode;
        }

        @Override
        String directory() {
            return parent(path);
        }

        @Override
        void applyTo(TreeMap<String, SimInode> files, TreeSet<String> directories) {
            files.put(path, inode);
        }

        @Override
        NameChange with(UnaryOperator<SimInode> copies) {
            return new Link(path, copies.apply(inode));
        }
    }

    static final class Unlink extends NameChange {
        private final String path;

        Unlink(String path) {
            this.path = path;
        }

        @Override
        String directory() {
            return parent(path);
        }

        @Override
        void applyTo(TreeMap<String, SimInode> files, TreeSet<String> directories) {
            files.remove(path);
        }

        @Override
        NameChange with(UnaryOperator<SimInode> copies) {
            return new Unlink(path);
        }
    }

    static final class Rename extends NameChange {
        private final String from;
        private final String to;
        private final SimInode inode;

        Rename(String from, String to, SimInode inode) {
            this.from = from;
            this.to = to;
            this.inode = inode;
        }

        @Override
        String directory() {
            return parent(to);
        }

        @Override
        void applyTo(TreeMap<String, SimInode> files, TreeSet<String> directories) {
            files.remove(from);
            files.put(to, inode);
        }

        @Override
        NameChange with(UnaryOperator<SimInode> copies) {
            return new Rename(from, to, copies.apply(inode));
        }
    }

    static final class MakeDirectory extends NameChange {
        private final String path;

        MakeDirectory(String path) {
            this.path = path;
        }

        @Override
        String directory() {
            return parent(path);
        }

        @Override
        void applyTo(TreeMap<String, SimInode> files, TreeSet<String> directories) {
            directories.add(path);
        }

        @Override
        NameChange with(UnaryOperator<SimInode> copies) {
            return new MakeDirectory(path);
        }
    }

    TreeMap<String, SimInode> files() {
        return files;
    }

    TreeSet<String> directories() {
        return directories;
    }

    void change(DiskTimer timer, NameChange change) {
        settle(timer.taskStart());
        change.madeAt = timer.now();
        changes.add(change);
        change.applyTo(files, directories);
    }

    /** Another lane's force may have been noted for a later time already: the earlier one counts. */
    void force(String directory, DiskTimer timer) {
        long now = timer.now();
        for (NameChange change : changes) {
            if (change.madeAt <= now
                    && change.durableAt > now
                    && change.directory().equals(directory)) {
                change.durableAt = now;
            }
        }
        settle(timer.taskStart());
    }

    private void settle(long time) {
        int settled = 0;
        while (settled < changes.size()
                && changes.get(settled).durableAt != SimInode.NEVER
                && changes.get(settled).durableAt <= time) {
            changes.get(settled++).applyTo(durableFiles, durableDirectories);
        }
        changes.subList(0, settled).clear();
    }

    SimNames crash(long at, SplittableRandom chance) {
        TreeMap<String, SimInode> keptFiles = new TreeMap<>(durableFiles);
        TreeSet<String> keptDirectories = new TreeSet<>(durableDirectories);
        for (NameChange change : changes) {
            if (change.madeAt <= at && (change.durableAt <= at || chance.nextBoolean())) {
                change.applyTo(keptFiles, keptDirectories);
            }
        }
        keptDirectories.removeIf(path -> !reachable(path, keptDirectories));
        keptFiles.keySet().removeIf(path -> !reachable(parent(path), keptDirectories));
        Map<SimInode, SimInode> copies = new IdentityHashMap<>();
        for (Map.Entry<String, SimInode> file : keptFiles.entrySet()) {
            file.setValue(copies.computeIfAbsent(file.getValue(), inode -> inode.crash(at, chance)));
        }
        SimNames after = new SimNames();
        after.durableFiles = keptFiles;
        after.durableDirectories = keptDirectories;
        after.files = new TreeMap<>(keptFiles);
        after.directories = new TreeSet<>(keptDirectories);
        return after;
    }

    SimNames kill(long at) {
        Map<SimInode, SimInode> known = new IdentityHashMap<>();
        UnaryOperator<SimInode> copies = inode -> known.computeIfAbsent(inode, i -> i.kill(at));
        SimNames after = new SimNames();
        durableFiles.forEach((path, inode) -> after.durableFiles.put(path, copies.apply(inode)));
        after.durableDirectories.addAll(durableDirectories);
        after.files.putAll(after.durableFiles);
        after.directories.addAll(durableDirectories);
        for (NameChange change : changes) {
            if (change.madeAt <= at) {
                NameChange again = change.with(copies);
                again.madeAt = change.madeAt;
                again.durableAt = change.durableAt <= at ? change.durableAt : SimInode.NEVER;
                after.changes.add(again);
                again.applyTo(after.files, after.directories);
            }
        }
        return after;
    }

    private static boolean reachable(String directory, TreeSet<String> directories) {
        for (String path = directory; ; path = parent(path)) {
            if (!directories.contains(path)) {
                return false;
            }
            if (path.isEmpty()) {
                return true;
            }
        }
    }
}
