package io.flotilla.raft.host.group;

import io.flotilla.raft.core.Effects;
import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.ReadGrant;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.apply.HostedMachine;
import java.util.List;

/**
 * Hands what one replica's core owes at the end of a turn to those who do it: messages to the outbox, batches to the log writer, entries and
 * reads to the machine, and so on; and knows which batches are durable. Belongs to the group's worker.
 */
final class EffectsRouter {
    private final ReplicaEvents events;
    private final GroupWorker worker;
    private final HostedMachine machine;
    private final PendingProposals proposals;
    private final PendingReads reads;

    private long passedOn;
    private long durable;

    EffectsRouter(
            ReplicaEvents events,
            GroupWorker worker,
            HostedMachine machine,
            PendingProposals proposals,
            PendingReads reads) {
        this.events = events;
        this.worker = worker;
        this.machine = machine;
        this.proposals = proposals;
        this.reads = reads;
    }

    /** The number of the last batch that was handed over. */
    long last() {
        return passedOn;
    }

    /** The number of the last batch that is durable. */
    long durable() {
        return durable;
    }

    void persisted(long sequence) {
        durable = sequence;
    }

    /** Until the core owes nothing more. */
    void all(RaftCore core) {
        while (some(core, core.drain())) {
            // a batch with nothing to write was durable at once: the core may owe more now
        }
    }

    private boolean some(RaftCore core, Effects effects) {
        if (effects == Effects.NONE) {
            return false;
        }
        worker.outbox().add(events.groupId(), effects.send());
        boolean again = persist(core, effects.persist());
        if (!effects.apply().isEmpty()) {
            machine.submitApply(effects.apply(), proposals.take(effects.apply()));
        }
        List<ReadGrant> grants = effects.grants();
        for (int i = 0; i < grants.size(); i++) {
            ReadGrant grant = grants.get(i);
            List<ReadCallback> callbacks = reads.take(grant.readId());
            if (callbacks != null) {
                machine.submitReads(grant.index(), callbacks);
            }
        }
        if (!effects.refusedReads().isEmpty()) {
            reads.refuse(effects.refusedReads(), core.softState().leader());
        }
        List<LoadRequest> loads = effects.loads();
        for (int i = 0; i < loads.size(); i++) {
            worker.reader().load(events, loads.get(i));
        }
        List<NodeId> lagging = effects.snapshots();
        for (int i = 0; i < lagging.size(); i++) {
            worker.snapshots().send(events, lagging.get(i));
        }
        return again;
    }

    /** @return whether one of them was durable at once */
    private boolean persist(RaftCore core, List<PersistBatch> batches) {
        boolean again = false;
        for (int i = 0; i < batches.size(); i++) {
            PersistBatch batch = batches.get(i);
            boolean nothingToAwait = batch.isEmpty() && durable == passedOn;
            passedOn = batch.sequence();
            if (nothingToAwait) {
                durable = batch.sequence();
                worker.outbox().add(events.groupId(), batch.messages());
                core.persisted(batch.sequence());
                again = true;
            } else {
                worker.write(events, batch);
            }
        }
        return again;
    }
}
