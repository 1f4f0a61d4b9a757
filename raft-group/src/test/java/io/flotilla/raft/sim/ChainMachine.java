package io.flotilla.raft.sim;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A state machine whose state is a hash over all commands so far, and whose result is that hash. It becomes durable a
 * while after it was asked for; its snapshots are as large as chance will have it.
 */
final class ChainMachine implements StateMachine {
    private static final long MILLI = 1_000_000L;
    private static final int MAX_FILLER = 6_000;

    private final SimScheduler scheduler;
    private final SimRuntime runtime;
    private final SplittableRandom random;
    private final ChainStore store;
    private final boolean isNonBlocking;
    private final EntryGuard guard;
    private ChainStore.Point state;
    private boolean flushing;

    /** @param isNonBlocking whether it never blocks in what such a machine may be asked for; what it says of itself */
    ChainMachine(
            SimScheduler scheduler,
            SimRuntime runtime,
            SplittableRandom random,
            ChainStore store,
            boolean isNonBlocking,
            EntryGuard guard) {
        this.scheduler = scheduler;
        this.runtime = runtime;
        this.random = random;
        this.store = store;
        this.isNonBlocking = isNonBlocking;
        this.guard = guard;
        this.state = store.durable();
    }

    long chain() {
        return state.chain();
    }

    @Override
    public EntryGuard guard() {
        return guard;
    }

    @Override
    public boolean isNonBlocking() {
        return isNonBlocking;
    }

    @Override
    public long appliedIndex() {
        return state.applied();
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        if (!isNonBlocking && random.nextInt(8) == 0) {
            scheduler.spend(random.nextLong(2 * MILLI));
        }
        List<Object> results = new ArrayList<>();
        long chain = state.chain();
        for (Entry entry : entries) {
            if (entry.kind() == EntryKind.COMMAND) {
                chain = chain * 31 + TraceHash.of(entry.payload());
                results.add(chain);
            } else {
                results.add(null);
            }
        }
        state = new ChainStore.Point(entries.get(entries.size() - 1).index(), chain, state.installed());
        store.applied(state);
        return results;
    }

    @Override
    public boolean isFull() {
        return random.nextInt(16) == 0;
    }

    @Override
    public void writeBack() {
        scheduler.spend(random.nextLong(3 * MILLI));
    }

    @Override
    public long durableIndex() {
        return store.durable().applied();
    }

    @Override
    public void flushSoon() {
        if (!flushing) {
            flushing = true;
            ChainStore.Point flushed = state;
            scheduler.after(random.nextLong(300 * MILLI), () -> {
                if (runtime.isAlive()) {
                    flushing = false;
                    store.flushed(flushed);
                }
            });
        }
    }

    @Override
    public SnapshotSource snapshot() {
        return new Snapshot(state, random.nextInt(MAX_FILLER), random.split());
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new Received(random.split());
    }

    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        ByteBuffer bytes = ((Received) snapshot).whole();
        scheduler.spend(random.nextLong(400 * MILLI));
        state = new ChainStore.Point(bytes.getLong(), bytes.getLong(), last);
        store.installed(state, scheduler.now());
    }

    @Override
    public EntryId installed() {
        return state.installed();
    }

    @Override
    public void close() {}

    private static byte[] filler(long chain, int size) {
        byte[] filler = new byte[size];
        new SplittableRandom(chain).nextBytes(filler);
        return filler;
    }

    private final class Snapshot implements SnapshotSource {
        private final long index;
        private final SplittableRandom slowness;
        private final ByteBuffer bytes;

        Snapshot(ChainStore.Point point, int filler, SplittableRandom slowness) {
            this.index = point.applied();
            this.slowness = slowness;
            this.bytes = ByteBuffer.allocate(2 * Long.BYTES + filler)
                    .putLong(index)
                    .putLong(point.chain())
                    .put(filler(point.chain(), filler))
                    .flip();
        }

        @Override
        public long index() {
            return index;
        }

        @Override
        public void seek(byte[] position) {
            bytes.position(position.length == 0 ? 0 : ByteBuffer.wrap(position).getInt());
        }

        @Override
        public Chunk next(int maxBytes) {
            scheduler.spend(slowness.nextLong(3 * MILLI));
            if (!bytes.hasRemaining()) {
                return null;
            }
            byte[] part = new byte[Math.min(bytes.remaining(), 1 + slowness.nextInt(maxBytes))];
            bytes.get(part);
            return new Chunk(
                    part,
                    ByteBuffer.allocate(Integer.BYTES).putInt(bytes.position()).array());
        }

        @Override
        public void close() {}
    }

    private final class Received implements SnapshotSink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final SplittableRandom slowness;
        private boolean finished;

        Received(SplittableRandom slowness) {
            this.slowness = slowness;
        }

        @Override
        public void accept(byte[] part) {
            scheduler.spend(slowness.nextLong(3 * MILLI));
            bytes.writeBytes(part);
        }

        @Override
        public void finish() {
            ByteBuffer snapshot = ByteBuffer.wrap(bytes.toByteArray()).position(Long.BYTES);
            ByteBuffer expected = ByteBuffer.wrap(filler(snapshot.getLong(), snapshot.remaining()));
            if (!snapshot.equals(expected)) {
                throw new IllegalArgumentException("parts are missing, doubled or out of order");
            }
            finished = true;
        }

        ByteBuffer whole() {
            if (!finished) {
                throw new IllegalStateException("a snapshot that is not whole");
            }
            return ByteBuffer.wrap(bytes.toByteArray());
        }

        @Override
        public void close() {}
    }
}
