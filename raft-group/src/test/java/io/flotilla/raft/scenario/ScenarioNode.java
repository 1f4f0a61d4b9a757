package io.flotilla.raft.scenario;

import io.flotilla.raft.core.Effects;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.ReadGrant;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestLog;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import io.flotilla.raft.sim.invariant.ShadowDisk;
import java.util.ArrayList;
import java.util.List;

/**
 * One node of a story: a production core with a disk and a state machine that work at once, unless the story makes them
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
    private int imagesShown;
    private Membership membershipShown;
    private boolean isRemovalShown;
    boolean isDown;
    boolean isDiskSlow;
    boolean isMachineSlow;
    private boolean isInstalling;

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

    /** The oldest write becomes durable, and its messages leave. */
    PersistBatch persist() {
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
                batch.image(),
                null,
                batch.entries()));
        return replica.persistNext();
    }

    /** How many writes wait up to the one with that number. */
    int writesUpTo(long sequence) {
        int count = (int) replica.writes.stream()
                .filter(batch -> batch.sequence() <= sequence)
                .count();
        if (count == 0) {
            throw new NotNow("no write of %s waits up to %d", id, sequence);
        }
        return count;
    }

    /** How many writes there must be on disk so that it looks like this; 0 if it does, or never will. */
    int writesUntil(HardState state, long lastIndex, EntryId base) {
        TestLog log = new TestLog();
        log.copyFrom(replica.disk);
        HardState reached = replica.durable;
        int count = 0;
        for (PersistBatch batch : replica.writes) {
            if (reached.equals(state) && log.lastIndex() == lastIndex && log.base.equals(base)) {
                return count;
            }
            log.write(batch);
            reached = batch.hardState() == null ? reached : batch.hardState();
            count++;
        }
        return reached.equals(state) && log.lastIndex() == lastIndex && log.base.equals(base) ? count : 0;
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
        do {
            while (!replica.writes.isEmpty()
                    && (!isDiskSlow || replica.writes.peekFirst().isEmpty())) {
                persist();
            }
            if (!isMachineSlow) {
                replica.answerApply();
            }
            while (!replica.loads.isEmpty()) {
                replica.answerLoad();
            }
        } while (drain());
    }

    /** The process is gone, and what was not on disk. */
    void crash() {
        isDown = true;
    }

    /** @param kept what the state machine still holds */
    void restart(long kept, long seed) {
        isDown = false;
        isInstalling = false;
        replica.restart(kept, seed);
        disk = properties.finds(
                id,
                List.of(new RecoveredGroup(
                        descriptor,
                        replica.durable,
                        replica.disk.base,
                        replica.disk.membership,
                        replica.disk.memberships(),
                        replica.disk.image,
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

    /** The machine takes over an image, after what it was given before. @return whether the core wanted it */
    boolean install(TestReplica.Image image) {
        drain();
        long before = replica.handedOut;
        if (isInstalling || !replica.install(image)) {
            return false;
        }
        properties.installs(id, GROUP, image.last(), before);
        isInstalling = true;
        return true;
    }

    /** The core is told of it. */
    void installed() {
        if (!isInstalling) {
            throw new NotNow("%s installs no image", id);
        }
        isInstalling = false;
        replica.installed();
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
        if (replica.wantedImages.size() > imagesShown) {
            news.add(id + ": " + replica.wantedImages.getLast() + " needs an image");
        }
        imagesShown = replica.wantedImages.size();
        return news;
    }

    /** What the node is and has, in one line. */
    String describe() {
        SoftState state = replica.state();
        if (isDown) {
            return String.format("%s: down, log %s", id, Words.of(replica.disk));
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
