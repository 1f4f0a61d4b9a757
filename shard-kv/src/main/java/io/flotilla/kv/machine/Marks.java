package io.flotilla.kv.machine;

import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The states of groups right after their newest Marks, kept for a while to be added up. A state that somebody adds up outlives its time
 * here. Thread-safe; all but {@link #at} may block as a write to the engine does.
 */
final class Marks {
    /** Of each group. */
    private static final int KEPT = 2;

    /** Guarded by the marks, but for its final fields. */
    private final class Mark {
        private final long group;
        private final long index;
        private final EngineView view;
        private final RowUses.Use use;
        private final List<ShardRow> shards;
        private final long until;
        private int readers;
        private boolean gone;

        Mark(long group, long index, EngineView view, RowUses.Use use, List<ShardRow> shards, long until) {
            this.group = group;
            this.index = index;
            this.view = view;
            this.use = use;
            this.shards = shards;
            this.until = until;
        }

        GroupChecksum open() {
            readers++;
            return new GroupChecksum(group, index, view, shards, this::closed);
        }

        private void closed() {
            synchronized (Marks.this) {
                readers--;
                close();
            }
        }

        void end() {
            gone = true;
            close();
        }

        private void close() {
            if (gone && readers == 0) {
                view.close();
                use.close();
            }
        }
    }

    private final Clock clock;
    private final SortedMap<Long, Deque<Mark>> groups = new TreeMap<>();

    Marks(Clock clock) {
        this.clock = clock;
    }

    synchronized void add(long group, long index, EngineView view, RowUses.Use use, List<ShardRow> shards) {
        Deque<Mark> marks = groups.computeIfAbsent(group, none -> new ArrayDeque<>());
        marks.add(new Mark(group, index, view, use, shards, clock.nanos() + KvMachines.MARK_NANOS));
        if (marks.size() > KEPT) {
            marks.remove().end();
        }
    }

    /** Null if it is not kept. */
    synchronized GroupChecksum at(long group, long index) {
        for (Mark mark : groups.getOrDefault(group, new ArrayDeque<>())) {
            if (mark.index == index && mark.until - clock.nanos() > 0) {
                return mark.open();
            }
        }
        return null;
    }

    /** Ends those whose time is over. */
    synchronized void expire() {
        long now = clock.nanos();
        for (Iterator<Deque<Mark>> all = groups.values().iterator(); all.hasNext(); ) {
            Deque<Mark> marks = all.next();
            while (!marks.isEmpty() && marks.peek().until - now <= 0) {
                marks.remove().end();
            }
            if (marks.isEmpty()) {
                all.remove();
            }
        }
    }

    /** The group is no more. */
    synchronized void drop(long group) {
        Deque<Mark> marks = groups.remove(group);
        if (marks != null) {
            new ArrayList<>(marks).forEach(Mark::end);
        }
    }
}
