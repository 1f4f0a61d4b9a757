package io.flotilla.raft.sim;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A file's content: what is surely on disk, the changes since, and what a reader sees. */
final class SimInode {
    static final long NEVER = Long.MAX_VALUE;
    private static final int SECTOR = 512;

    private SimContent base = new SimContent();
    private List<Change> changes = new ArrayList<>();
    private SimContent current = new SimContent();

    /** A write, or a change of size if {@code data} is null. */
    private static final class Change {
        byte[] data;
        final long position;
        final long madeAt;
        long durableAt = NEVER;
        boolean forceFailed;

        Change(byte[] data, long position, long madeAt) {
            this.data = data;
            this.position = position;
            this.madeAt = madeAt;
        }

        void applyTo(SimContent content) {
            if (data == null) {
                content.setSize(position);
            } else {
                content.write(data, 0, data.length, position);
            }
        }
    }

    void write(DiskTimer timer, byte[] data, long position) {
        add(timer, new Change(data, position, timer.now()));
    }

    void setSize(DiskTimer timer, long size) {
        add(timer, new Change(null, size, timer.now()));
    }

    private void add(DiskTimer timer, Change change) {
        settle(timer.taskStart());
        change.applyTo(current);
        changes.add(change);
    }

    /** Another lane's force may have been noted for a later time already: the earlier one counts. */
    void force(DiskTimer timer, boolean fails) {
        long now = timer.now();
        for (Change change : changes) {
            if (change.madeAt <= now && change.durableAt > now) {
                if (!fails && !change.forceFailed) {
                    change.durableAt = now;
                } else if (change.durableAt == NEVER) {
                    change.forceFailed = true;
                }
            }
        }
        settle(timer.taskStart());
    }

    /** Takes into the base what became durable before any crash that can still come. */
    void settle(long time) {
        int settled = 0;
        while (settled < changes.size()
                && changes.get(settled).durableAt != NEVER
                && changes.get(settled).durableAt <= time) {
            changes.get(settled++).applyTo(base);
        }
        changes.subList(0, settled).clear();
    }

    long size() {
        return current.size();
    }

    int read(ByteBuffer target, long position) {
        return current.read(target, position);
    }

    byte[] read(long position, int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        current.read(buffer, position);
        byte[] read = new byte[buffer.position()];
        buffer.flip().get(read);
        return read;
    }

    void rot(byte[] data, long position) {
        base.write(data, 0, data.length, position);
        for (Change change : changes) {
            long within = position - change.position;
            if (change.data != null && within >= 0 && within < change.data.length) {
                change.data = change.data.clone(); // other copies of the disk may share it
                change.data[(int) within] = data[0];
            }
        }
        current.write(data, 0, data.length, position);
    }

    SimInode kill(long at) {
        SimInode copy = new SimInode();
        copy.base = base.copy();
        copy.current = base.copy();
        for (Change change : changes) {
            if (change.madeAt <= at) {
                Change again = new Change(change.data, change.position, change.madeAt);
                again.durableAt = change.durableAt <= at ? change.durableAt : NEVER;
                again.forceFailed = change.forceFailed;
                copy.changes.add(again);
                again.applyTo(copy.current);
            }
        }
        return copy;
    }

    SimInode crash(long at, SplittableRandom chance) {
        SimContent content = base.copy();
        List<Change> unsynced = new ArrayList<>();
        for (Change change : changes) {
            if (change.madeAt <= at && change.durableAt > at) {
                unsynced.add(change);
            }
        }
        int mode = unsynced.isEmpty() ? 0 : chance.nextInt(4);
        int kept = mode == 0 ? 0 : mode == 2 ? chance.nextInt(unsynced.size()) : unsynced.size();
        int position = 0;
        for (Change change : changes) {
            if (change.madeAt > at) {
                continue;
            }
            if (change.durableAt <= at) {
                change.applyTo(content);
                continue;
            }
            int number = position++;
            if (mode == 3) {
                keepSectors(change, content, chance);
            } else if (number < kept) {
                change.applyTo(content);
            } else if (mode == 2 && number == kept && change.data != null) {
                content.write(change.data, 0, chance.nextInt(change.data.length + 1), change.position);
            }
        }
        SimInode after = new SimInode();
        after.base = content;
        after.current = content.copy();
        return after;
    }

    private static void keepSectors(Change change, SimContent content, SplittableRandom chance) {
        if (change.data == null) {
            if (chance.nextBoolean()) {
                change.applyTo(content);
            }
            return;
        }
        int from = 0;
        while (from < change.data.length) {
            int toSectorEnd = SECTOR - (int) ((change.position + from) % SECTOR);
            int length = Math.min(toSectorEnd, change.data.length - from);
            if (chance.nextBoolean()) {
                content.write(change.data, from, length, change.position + from);
            }
            from += length;
        }
    }
}
