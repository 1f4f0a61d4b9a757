package io.flotilla.raft.host;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Counts commands; the result of one is the count after it. The command {@code boom} makes it throw. */
final class CounterMachine implements StateMachine {
    static final byte[] BOOM = "boom".getBytes(StandardCharsets.UTF_8);

    /** Opens counters that start from nothing, and can hold up opening and applying. */
    static final class Factory implements StateMachineFactory {
        final Map<Long, CounterMachine> open = new ConcurrentHashMap<>();
        private final Map<Long, CompletableFuture<CounterMachine>> opened = new ConcurrentHashMap<>();
        volatile CountDownLatch openGate;
        volatile CountDownLatch applyGate;

        @Override
        public StateMachine open(GroupDescriptor group) {
            pass(openGate);
            CounterMachine machine = new CounterMachine(this);
            open.put(group.groupId(), machine);
            opened(group.groupId()).complete(machine);
            return machine;
        }

        CompletableFuture<CounterMachine> opened(long groupId) {
            return opened.computeIfAbsent(groupId, id -> new CompletableFuture<>());
        }
    }

    private final Factory factory;
    private final TreeMap<Long, CompletableFuture<Void>> awaited = new TreeMap<>();
    private long applied;
    private long count;
    private boolean closed;

    private CounterMachine(Factory factory) {
        this.factory = factory;
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
        return 0;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
