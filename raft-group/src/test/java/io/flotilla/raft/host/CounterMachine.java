package io.flotilla.raft.host;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts commands; the result of one is the count after it. The command {@code boom} makes it throw. */
final class CounterMachine implements StateMachine {
    static final int FILLER = 100_000;

    static final byte[] BOOM = "boom".getBytes(StandardCharsets.UTF_8);

    /** Opens counters that start from nothing, and can hold up opening and applying. */
    static final class Factory implements StateMachineFactory {
        private final Map<Long, Kept> kept;
        final Map<Long, CounterMachine> open = new ConcurrentHashMap<>();
        private final Map<Long, CompletableFuture<CounterMachine>> opened = new ConcurrentHashMap<>();
        final List<Long> dropped = new CopyOnWriteArrayList<>();
        volatile EntryGuard guard = EntryGuard.NONE;
        volatile CountDownLatch openGate;
        volatile CountDownLatch applyGate;
        /** Whether snapshots last. */
        volatile boolean snapshotsLast;

        volatile CountDownLatch keepGate;
        final CompletableFuture<Void> keepBegun = new CompletableFuture<>();
        final CompletableFuture<Void> dropBegun = new CompletableFuture<>();
        final CompletableFuture<String> reopened = new CompletableFuture<>();
        final AtomicInteger openSnapshots = new AtomicInteger();

        /** @param kept what earlier machines of this node made durable, and this one will */
        Factory(Map<Long, Kept> kept) {
            this.kept = kept;
        }

        @Override
        public StateMachine open(GroupDescriptor group) {
            pass(openGate);
            CounterMachine machine = new CounterMachine(this, kept.computeIfAbsent(group.groupId(), id -> new Kept()));
            open.put(group.groupId(), machine);
            opened(group.groupId()).complete(machine);
            return machine;
        }

        @Override
        public void drop(long groupId) {
            dropBegun.complete(null);
            Kept dropping = kept.get(groupId);
            pass(dropping == null ? null : dropping.dropGate);
            kept.remove(groupId);
            open.remove(groupId);
            dropped.add(groupId);
        }

        @Override
        public List<String> keptSnapshots() {
            List<String> names = new ArrayList<>();
            kept.values().forEach(each -> names.addAll(each.snapshots.keySet()));
            return names;
        }

        @Override
        public SnapshotSource reopenSnapshot(long groupId, String name) {
            SnapshotBytes found = kept.get(groupId).snapshots.get(name);
            if (found != null) {
                reopened.complete(name);
            }
            return found;
        }

        @Override
        public void forgetSnapshot(String name) {
            kept.values().forEach(each -> each.snapshots.remove(name));
        }

        CompletableFuture<CounterMachine> opened(long groupId) {
            return opened.computeIfAbsent(groupId, id -> new CompletableFuture<>());
        }
    }

    /** What survives the machine. */
    static final class Kept {
        /** Holds up the deletion of all this. */
        volatile CountDownLatch dropGate;

        private final Map<String, SnapshotBytes> snapshots = new ConcurrentHashMap<>();
        private long applied;
        private long count;
        private EntryId installed = EntryId.ZERO;
    }

    private final Factory factory;
    private final Kept kept;
    private final TreeMap<Long, CompletableFuture<Void>> awaited = new TreeMap<>();
    private long applied;
    private long count;
    private boolean closed;

    private CounterMachine(Factory factory, Kept kept) {
        this.factory = factory;
        this.kept = kept;
        this.applied = kept.applied;
        this.count = kept.count;
    }

    static void pass(CountDownLatch gate) {
        if (gate != null) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    synchronized long count() {
        return count;
    }

    synchronized void reset() {
        count = 0;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    /** Completes once the count is at least {@code wanted}. */
    synchronized CompletableFuture<Void> reaches(long wanted) {
        if (count >= wanted) {
            return CompletableFuture.completedFuture(null);
        }
        return awaited.computeIfAbsent(wanted, w -> new CompletableFuture<>());
    }

    @Override
    public EntryGuard guard() {
        return factory.guard;
    }

    @Override
    public synchronized long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        pass(factory.applyGate);
        List<Object> results = new ArrayList<>();
        List<CompletableFuture<Void>> reached;
        synchronized (this) {
            for (Entry entry : entries) {
                if (entry.index() != applied + 1) {
                    throw new AssertionError("entry " + entry + " after " + applied);
                }
                applied = entry.index();
                if (entry.kind() != EntryKind.COMMAND) {
                    results.add(null);
                    continue;
                }
                if (new String(entry.payload(), StandardCharsets.UTF_8).equals("boom")) {
                    throw new IllegalStateException("boom at " + entry.index());
                }
                results.add(++count);
            }
            reached = new ArrayList<>(awaited.headMap(count, true).values());
            awaited.headMap(count, true).clear();
        }
        reached.forEach(future -> future.complete(null));
        return results;
    }

    @Override
    public synchronized long durableIndex() {
        return kept.applied;
    }

    @Override
    public synchronized void flushSoon() {
        kept.applied = applied;
        kept.count = count;
    }

    /** The count, and {@value #FILLER} bytes that follow from it. */
    @Override
    public synchronized SnapshotSource snapshot() {
        factory.openSnapshots.incrementAndGet();
        return new Snapshot(new SnapshotBytes(applied, encode(count).array()));
    }

    private final class Snapshot implements SnapshotSource {
        private final SnapshotBytes bytes;
        private boolean open = true;

        Snapshot(SnapshotBytes bytes) {
            this.bytes = bytes;
        }

        @Override
        public SnapshotSource keep(String name) {
            factory.keepBegun.complete(null);
            pass(factory.keepGate);
            if (factory.snapshotsLast) {
                kept.snapshots.put(name, bytes);
            }
            return this;
        }

        @Override
        public long index() {
            return bytes.index();
        }

        @Override
        public void seek(byte[] position) {
            bytes.seek(position);
        }

        @Override
        public Chunk next(int maxBytes) {
            return bytes.next(maxBytes);
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                factory.openSnapshots.decrementAndGet();
            }
        }
    }

    private static ByteBuffer encode(long count) {
        byte[] filler = new byte[FILLER];
        new SplittableRandom(count).nextBytes(filler);
        return ByteBuffer.allocate(Long.BYTES + FILLER)
                .putLong(count)
                .put(filler)
                .flip();
    }

    private static final class Sink implements SnapshotSink {
        private final ByteArrayOutputStream snapshot = new ByteArrayOutputStream();

        @Override
        public void accept(byte[] part) {
            snapshot.writeBytes(part);
        }

        long count() {
            return ByteBuffer.wrap(snapshot.toByteArray()).getLong();
        }

        @Override
        public void finish() {
            if (!ByteBuffer.wrap(snapshot.toByteArray()).equals(encode(count()))) {
                throw new IllegalArgumentException("another snapshot than was sent");
            }
        }

        @Override
        public void close() {}
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new Sink();
    }

    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        List<CompletableFuture<Void>> reached;
        synchronized (this) {
            count = ((Sink) snapshot).count();
            applied = last.index();
            kept.installed = last;
            flushSoon();
            reached = new ArrayList<>(awaited.headMap(count, true).values());
            awaited.headMap(count, true).clear();
        }
        reached.forEach(future -> future.complete(null));
    }

    @Override
    public EntryId installed() {
        return kept.installed;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
