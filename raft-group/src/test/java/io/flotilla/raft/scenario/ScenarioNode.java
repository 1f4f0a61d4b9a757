package io.flotilla.raft.scenario;

import io.flotilla.raft.core.Effects;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.ReadGrant;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestLog;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import io.flotilla.raft.sim.invariant.ShadowDisk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * One node of a scenario: a production core with a disk and a state machine that work at once, unless the scenario makes them
 * wait. Tells the safety properties what it writes and applies.
 */
final class ScenarioNode {
    static final long GROUP = 1;

    final NodeId id;
    final TestReplica replica;
    private final SafetyProperties properties;
    private final GroupDescriptor descriptor;
    private ShadowDisk disk;
    private SoftState shown;
    private int grantsShown;
    private int refusalsShown;
    private int snapshotsShown;
    private Membership membershipShown;
    private boolean isRemovalShown;
    boolean isDown;
    boolean isDiskSlow;
    boolean isMachineSlow;

    /** Durable, but the core was not told yet. */
    private final Deque<PersistBatch> untold = new ArrayDeque<>();

    /** What the core wants to be installed, until it is told that it is; else null. */
    private TestReplica.Snapshot snapshot;

    /** What is left of the replica once it is dropped; else null. */
    private Tombstone tombstone;

    /** @param founders the group's first membership */
    ScenarioNode(TestReplica replica, Membership founders, SafetyProperties properties) {
        this.id = replica.id;
        this.replica = replica;
        this.properties = properties;
        shown = replica.state();
        membershipShown = replica.membership;
        disk = new ShadowDisk();
        properties.opened(id, disk);
        descriptor = new GroupDescriptor(GROUP, founders, new byte[0], replica.joined);
        write(new GroupWrite(GROUP, descriptor, null, null, List.of()));
        if (!replica.disk.entries.isEmpty()) {
            write(new GroupWrite(GROUP, null, replica.durable, null, List.copyOf(replica.disk.entries)));
        }
    }

    private void write(GroupWrite write) {
        properties.writes(id, disk, write, replica.machineDurable);
        properties.durable(id, disk, List.of(write));
    }

    /** The oldest writes become durable, their messages leave, and the core is told of them at once. */
    List<PersistBatch> persist(int count) {
        while (untold.size() < count) {
            sync();
        }
        List<PersistBatch> told = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            told.add(untold.removeFirst());
        }
        replica.core.persisted(told.get(count - 1).sequence());
        return told;
    }

    /** The oldest write becomes durable, and its messages leave; the core is told later. */
    PersistBatch sync() {
        PersistBatch batch = replica.writes.peekFirst();
        if (batch == null) {
            throw new NotNow("nothing waits for the disk of %s", id);
        }
        write(new GroupWrite(
                GROUP,
                null,
                batch.hardState(),
                batch.base(),
                batch.membership(),
                batch.snapshot(),
                null,
                batch.entries()));
        untold.add(replica.syncNext());
        return batch;
    }

    /** How many writes wait, for the disk or for the core to be told. */
    int writes() {
        return untold.size() + replica.writes.size();
    }

    /** How many writes wait up to the one with that number. */
    int writesUpTo(long sequence) {
        int count = (int) Stream.concat(untold.stream(), replica.writes.stream())
                .filter(batch -> batch.sequence() <= sequence)
                .count();
        if (count == 0) {
            throw new NotNow("no write of %s waits up to %d", id, sequence);
        }
        return count;
    }

    /** How many more writes there must be on disk so that this is found there; 0 if it is, or never will be. */
    int writesUntil(RestoredState found) {
        TestLog log = new TestLog();
        log.copyFrom(replica.disk);
        HardState reached = replica.durable;
        int count = 0;
        for (PersistBatch batch : replica.writes) {
            if (looksLike(found, log, reached)) {
                return count;
            }
            log.write(batch);
            reached = batch.hardState() == null ? reached : batch.hardState();
            count++;
        }
        return looksLike(found, log, reached) ? count : 0;
    }

    private static boolean looksLike(RestoredState found, TestLog log, HardState state) {
        return state.equals(found.hardState())
                && log.lastIndex() == found.lastIndex()
                && log.base.equals(found.base())
                && (found.snapshot() == null || found.snapshot().equals(log.snapshot));
    }

    /** How many more writes there must be on disk so that a message has left; 0 if none of them is what it waits for. */
    int writesUntilSent(NodeId to, String message) {
        int count = 0;
        for (PersistBatch batch : replica.writes) {
            count++;
            for (Outbound out : batch.messages()) {
                if (out.to().equals(to) && Words.of(out.message()).equals(message)) {
                    return count;
                }
            }
        }
        return 0;
    }

    /** What the core owes leaves it. @return whether it owed anything */
    boolean drain() {
        long before = replica.handedOut;
        Effects effects = replica.drain();
        if (!effects.apply().isEmpty()) {
            properties.applies(id, GROUP, before, effects.apply());
        }
        return effects != Effects.NONE;
    }

    /** Carries out what the core owes, as far as disk and state machine are ready. */
    void settle() {
        work();
        while (drain() && work()) {
            // the core may owe more now
        }
    }

    /** @return whether the core was told anything */
    private boolean work() {
        long applied = replica.answeredApply;
        boolean told = false;
        while (isDiskReady()) {
            persist(1);
            told = true;
        }
        if (!isMachineSlow) {
            replica.answerApply();
        }
        while (!isDiskSlow && !replica.loads.isEmpty()) {
            replica.answerLoad();
            told = true;
        }
        return told || replica.answeredApply > applied;
    }

    /** A write of nothing is durable as soon as those before it are. */
    private boolean isDiskReady() {
        if (!isDiskSlow) {
            return !untold.isEmpty() || !replica.writes.isEmpty();
        }
        return untold.isEmpty()
                && !replica.writes.isEmpty()
                && replica.writes.peekFirst().isEmpty();
    }

    /** What the core wanted to be read from the log, for another node or for its own machine, comes. */
    void load(NodeId purpose, int most) {
        for (LoadRequest load : replica.loads) {
            if (Objects.equals(load.purpose(), purpose.equals(id) ? null : purpose)) {
                replica.answerLoad(load, most);
                return;
            }
        }
        throw new NotNow("%s wants nothing from its log for %s", id, purpose);
    }

    /** The process is gone, and what was not on disk. */
    void crash() {
        isDown = true;
    }

    /**
     * The replica is dropped: what it was about to write is written, and then its log gives way to a tombstone.
     *
     * @param removedAt the index of the membership that leaves it out
     */
    void retire(long removedAt) {
        while (!replica.writes.isEmpty()) {
            sync();
        }
        tombstone = new Tombstone(
                GROUP, removedAt, replica.state().term(), further(replica.core.last(), replica.floor), true);
        write(GroupWrite.of(tombstone));
        isDown = true;
    }

    /** Of two ends of logs the one that is better to vote for. */
    static EntryId further(EntryId one, EntryId other) {
        boolean isFurther = one.term() > other.term() || (one.term() == other.term() && one.index() > other.index());
        return isFurther ? one : other;
    }

    /** What is left of the replica, or null if it is still there. */
    Tombstone tombstone() {
        return tombstone;
    }

    /** @param kept what the state machine still holds */
    void restart(long kept, long seed) {
        if (snapshot != null && kept >= snapshot.last().index()) {
            takeOver();
        }
        snapshot = null;
        untold.clear();
        isDown = false;
        replica.restart(Math.max(replica.machineDurable, Math.min(kept, replica.handedOut)), seed);
        disk = properties.finds(
                id,
                List.of(new RecoveredGroup(
                        descriptor,
                        replica.durable,
                        replica.disk.base,
                        replica.disk.membership,
                        replica.disk.memberships(),
                        replica.disk.snapshot,
                        replica.floor,
                        replica.disk.runs(),
                        replica.disk.lastIndex())));
        properties.opened(id, disk);
    }

    /** The machine has applied what it was given, up to an index. */
    void apply(long upTo) {
        long index = Math.min(upTo, replica.handedOut);
        if (index <= replica.answeredApply) {
            throw new NotNow("%s has nothing to apply up to %d", id, upTo);
        }
        replica.answeredApply = index;
        replica.core.applied(index);
    }

    /** The machine is to take over a snapshot, after what it was given before. @return whether the core wants it */
    boolean install(TestReplica.Snapshot offered) {
        if (snapshot != null || !replica.core.install(new SnapshotBase(offered.last(), offered.membership()))) {
            return false;
        }
        snapshot = offered;
        return true;
    }

    /** The machine has done so, and the core is told of it. */
    void installed() {
        if (snapshot == null) {
            throw new NotNow("%s installs no snapshot", id);
        }
        boolean isKnown =
                replica.disk.snapshot != null && replica.disk.snapshot.last().equals(snapshot.last());
        if (!isKnown) {
            drain();
            while (!untold.isEmpty() || !replica.writes.isEmpty()) {
                persist(1);
            }
        }
        replica.answerApply();
        takeOver();
        snapshot = null;
        replica.core.installed(replica.installed);
    }

    private void takeOver() {
        properties.installs(id, GROUP, snapshot.last(), replica.handedOut);
        replica.takeOver(snapshot);
    }

    /** Reads that were found safe since {@link #news} was asked last. */
    List<ReadGrant> newGrants() {
        return replica.grants.subList(grantsShown, replica.grants.size());
    }

    /** What happened to the node since this was asked last, in words, but for what it sent. */
    List<String> news() {
        List<String> news = new ArrayList<>();
        SoftState now = replica.state();
        String change = Words.change(shown, now);
        if (change != null) {
            news.add(id + ": " + change);
        }
        if (now.committed() > shown.committed()) {
            news.add(id + ": commits up to " + now.committed());
        }
        shown = now;
        Membership membership = replica.core.membership().membership();
        if (!membership.equals(membershipShown)) {
            news.add(id + ": goes by " + Words.of(membership));
        }
        membershipShown = membership;
        boolean isRemoved = replica.core.removedAt() > 0;
        if (isRemoved && !isRemovalShown) {
            news.add(id + ": knows that it is left out");
        }
        isRemovalShown = isRemoved;
        for (ReadGrant grant : newGrants()) {
            news.add(id + ": read " + grant.readId() + " is safe once " + grant.index() + " is applied");
        }
        grantsShown = replica.grants.size();
        for (long read : replica.refusedReads.subList(refusalsShown, replica.refusedReads.size())) {
            news.add(id + ": read " + read + " is refused");
        }
        refusalsShown = replica.refusedReads.size();
        if (replica.wantedSnapshots.size() > snapshotsShown) {
            news.add(id + ": " + replica.wantedSnapshots.getLast() + " needs a snapshot");
        }
        snapshotsShown = replica.wantedSnapshots.size();
        return news;
    }

    /** What the node is and has, in one line. */
    String describe() {
        SoftState state = replica.state();
        if (isDown) {
            return tombstone == null
                    ? String.format("%s: down, log %s", id, Words.of(replica.disk))
                    : id + ": dropped, as of " + tombstone.removedAt();
        }
        StringBuilder text = new StringBuilder(String.format(
                "%s: %-13s term %d, log %s", id, Words.of(state.role()), state.term(), Words.of(replica.memory)));
        if (replica.disk.lastIndex() != replica.memory.lastIndex()) {
            text.append(" (on disk ").append(Words.of(replica.disk)).append(')');
        }
        text.append(", committed ").append(state.committed());
        if (replica.answeredApply != state.committed()) {
            text.append(", applied ").append(replica.answeredApply);
        }
        return text.toString();
    }
}
