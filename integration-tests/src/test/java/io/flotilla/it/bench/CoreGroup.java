package io.flotilla.it.bench;

import io.flotilla.raft.core.Command;
import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.Effects;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.ProposeResult;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;

/**
 * Three cores in one thread: messages are handed over as they are, what is to be durable goes into an array, and whatever
 * is committed is applied by forgetting it. What is left is the work of the cores. Not thread-safe.
 */
final class CoreGroup {
    /** The newest entries that a replica's log keeps. */
    private static final int KEPT = 1 << 14;

    private static final long TICK_NANOS = 50_000_000L;
    private static final List<NodeId> NODES = List.of(new NodeId("n1"), new NodeId("n2"), new NodeId("n3"));

    private static final class Node {
        final NodeId id;
        final RaftCore core;
        /** The log: entry i at i modulo its length. */
        final Entry[] stored = new Entry[2 * KEPT];

        long durable;
        long applied;

        Node(NodeId id) {
            this.id = id;
            this.core = new RaftCore(
                    CoreConfig.defaults(),
                    TICK_NANOS,
                    id,
                    RestoredState.founding(Membership.of(NODES)),
                    id.hashCode(),
                    0);
        }
    }

    private final Node[] nodes = NODES.stream().map(Node::new).toArray(Node[]::new);
    private final Node leader = nodes[0];

    /** Lets the first node win an election. */
    CoreGroup() {
        for (long tick = 1; leader.core.softState().role() != RoleName.LEADER; tick++) {
            for (Node node : nodes) {
                node.core.now(tick * TICK_NANOS);
            }
            leader.core.tick(tick);
            settle();
        }
        settle();
    }

    /** Proposes, replicates and commits; the leader has applied all of it on return. */
    void replicate(List<Command> commands) {
        long before = leader.applied;
        if (!(leader.core.propose(commands) instanceof ProposeResult.Accepted)) {
            throw new IllegalStateException("the leader took no proposal");
        }
        settle();
        if (leader.applied != before + commands.size()) {
            throw new IllegalStateException("proposed " + commands.size() + " entries, but the applied index went from "
                    + before + " to " + leader.applied);
        }
    }

    /** What every replica has on its disk. */
    long durableEverywhere() {
        return Math.min(nodes[0].durable, Math.min(nodes[1].durable, nodes[2].durable));
    }

    private void settle() {
        boolean busy = true;
        while (busy) {
            busy = false;
            for (Node node : nodes) {
                busy |= turn(node);
            }
        }
    }

    private boolean turn(Node node) {
        Effects effects = node.core.drain();
        if (effects == Effects.NONE) {
            return false;
        }
        carry(node, effects.send());
        List<PersistBatch> batches = effects.persist();
        for (int i = 0; i < batches.size(); i++) {
            PersistBatch batch = batches.get(i);
            List<Entry> entries = batch.entries();
            for (int e = 0; e < entries.size(); e++) {
                Entry entry = entries.get(e);
                node.stored[(int) (entry.index() % node.stored.length)] = entry;
                node.durable = entry.index();
            }
            carry(node, batch.messages());
            node.core.persisted(batch.sequence());
        }
        List<Entry> apply = effects.apply();
        if (!apply.isEmpty()) {
            node.applied = apply.get(apply.size() - 1).index();
            node.core.applied(node.applied);
            if (node.applied - node.core.base().index() > 2 * KEPT - 1_000) {
                node.core.compact(node.applied - KEPT);
            }
        }
        return true;
    }

    private void carry(Node from, List<Outbound> messages) {
        for (int i = 0; i < messages.size(); i++) {
            Outbound out = messages.get(i);
            for (Node node : nodes) {
                if (node.id.equals(out.to())) {
                    node.core.receive(from.id, out.message());
                }
            }
        }
    }
}
