package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import java.util.ArrayList;
import java.util.List;

/**
 * What one replica owes since the last drain, and what of it is durable. The only place where messages and writes are
 * put together, so a message that promises durable state can leave in no other way than behind that state.
 */
final class Outbox {
    private final DurableIndex durable;
    private HardState unsaved;
    private long hardStateSequence;
    private EntryId base;
    private Membership membership;
    private SnapshotBase snapshot;
    private boolean reset;
    private List<Entry> entries = new ArrayList<>();
    private List<Outbound> promises = new ArrayList<>();
    private List<Outbound> send = new ArrayList<>();
    private List<ReadGrant> grants = new ArrayList<>();
    private List<Long> refusedReads = new ArrayList<>();
    private List<LoadRequest> loads = new ArrayList<>();
    private List<NodeId> snapshots = List.of();

    Outbox(long lastIndex) {
        durable = new DurableIndex(lastIndex);
    }

    long durableIndex() {
        return durable.index();
    }

    /** Whether the newest term and vote are durable. */
    boolean isHardStateDurable() {
        return unsaved == null && durable.isDurable(hardStateSequence);
    }

    void save(HardState state) {
        unsaved = state;
    }

    void write(Entry entry) {
        entries.add(entry);
    }

    /** The log is cut before {@code from}: what follows replaces it. */
    void truncateFrom(long from) {
        durable.truncateFrom(from);
        while (!entries.isEmpty() && entries.get(entries.size() - 1).index() >= from) {
            entries.remove(entries.size() - 1);
        }
    }

    /** The log begins after {@code newBase}, and everything up to there is durable in the state machine. */
    void moveBase(EntryId newBase, Membership newMembership) {
        base = newBase;
        membership = newMembership;
        durable.raiseTo(newBase.index());
        entries.removeIf(entry -> entry.index() <= newBase.index());
    }

    /** The log is empty and begins after {@code newBase}. */
    void resetTo(EntryId newBase, Membership newMembership) {
        base = newBase;
        membership = newMembership;
        reset = true;
        entries.clear();
        durable.truncateFrom(newBase.index() + 1);
        durable.raiseTo(newBase.index());
    }

    /** The state machine takes over a snapshot once this is durable. */
    void install(SnapshotBase toInstall) {
        snapshot = toInstall;
    }

    /** Sends at once. */
    void send(NodeId to, Message message) {
        send.add(new Outbound(to, message));
    }

    /** Sends once everything is durable that was decided before now. */
    void promise(NodeId to, Message message) {
        promises.add(new Outbound(to, message));
    }

    /** Promises as {@link #promise}; replaces an acknowledgement of less to the same leader that has not left yet. */
    void acknowledge(NodeId leader, Message.AppendReply reply) {
        if (!promises.isEmpty()) {
            Outbound last = promises.get(promises.size() - 1);
            if (last.to().equals(leader)
                    && last.message() instanceof Message.AppendReply earlier
                    && earlier.term() == reply.term()) {
                if (earlier.matchIndex() < reply.matchIndex()) {
                    promises.set(promises.size() - 1, new Outbound(leader, reply));
                }
                return;
            }
        }
        promise(leader, reply);
    }

    /** Sends at once unless the term it is sent in is not durable yet. */
    void answer(NodeId to, Message message) {
        if (isHardStateDurable()) {
            send(to, message);
        } else {
            promise(to, message);
        }
    }

    void grant(List<ReadGrant> safe) {
        grants.addAll(safe);
    }

    void refuseReads(List<Long> reads) {
        refusedReads.addAll(reads);
    }

    void load(LoadRequest request) {
        loads.add(request);
    }

    void snapshot(NodeId follower) {
        if (snapshots.isEmpty()) {
            snapshots = new ArrayList<>(2);
        }
        snapshots.add(follower);
    }

    void persisted(long sequence) {
        durable.persisted(sequence);
    }

    Effects drain(List<Entry> apply) {
        List<PersistBatch> persist = batch();
        if (send.isEmpty()
                && persist.isEmpty()
                && apply.isEmpty()
                && grants.isEmpty()
                && refusedReads.isEmpty()
                && loads.isEmpty()
                && snapshots.isEmpty()) {
            return Effects.NONE;
        }
        Effects effects =
                new Effects(given(send), persist, apply, given(grants), given(refusedReads), given(loads), snapshots);
        send = fresh(send);
        grants = fresh(grants);
        refusedReads = fresh(refusedReads);
        loads = fresh(loads);
        snapshots = List.of();
        return effects;
    }

    /** An empty list stays here: what is given away is never changed again. */
    private static <T> List<T> given(List<T> list) {
        return list.isEmpty() ? List.of() : list;
    }

    private static <T> List<T> fresh(List<T> list) {
        return list.isEmpty() ? list : new ArrayList<>();
    }

    private List<PersistBatch> batch() {
        if (unsaved == null && base == null && snapshot == null && entries.isEmpty() && promises.isEmpty()) {
            return List.of();
        }
        long sequence = durable.issue(
                entries.isEmpty() ? 0 : entries.get(entries.size() - 1).index());
        if (unsaved != null) {
            hardStateSequence = sequence;
        }
        PersistBatch batch =
                new PersistBatch(sequence, unsaved, base, membership, reset, snapshot, given(entries), given(promises));
        unsaved = null;
        base = null;
        membership = null;
        snapshot = null;
        reset = false;
        entries = fresh(entries);
        promises = fresh(promises);
        return List.of(batch);
    }
}
