package io.flotilla.ops.node.move;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CopyCounts;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.move.MoveActions;
import io.flotilla.kv.move.copy.CopyCounters;
import io.flotilla.kv.move.copy.CopyPorts;
import io.flotilla.kv.move.copy.HoldKey;
import io.flotilla.kv.move.copy.HoldPullers;
import io.flotilla.kv.move.copy.MachineVisits;
import io.flotilla.kv.move.copy.MovePeers;
import io.flotilla.kv.move.copy.OwnerReplicas;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The copies of a node, as its host and the configuration want them. Any lane, but for what says otherwise. */
final class NodeCopies {
    /** Of a question to another node; who copies asks elsewhere before. */
    private static final long ASK_NANOS = 2_000_000_000L;

    private final NodeId self;
    private final RaftHost host;
    private final CopyCounters counters = new CopyCounters();
    private final HoldPullers pullers;

    /**
     * @param lane the node's, where the questions are asked
     * @param told hears of each change of what is held here; must not block
     */
    NodeCopies(
            NodeId self,
            RaftHost host,
            KvMachines machines,
            Clock clock,
            Lane lane,
            GroupQuestions questions,
            MoveParts parts,
            Consumer<HoldReport> told) {
        this.self = self;
        this.host = host;
        MachineVisits visits = (group, task) ->
                host.visit(group, machine -> task.accept(machine == null ? null : machine.as(KvStateMachine.class)));
        MovePeers peers = (node, request, answer) -> lane.execute(() -> ask(questions, node, request, answer));
        this.pullers = new HoldPullers(
                new CopyPorts(
                        self, clock, host.transfers(), visits, machines::published, peers, parts.disk(), counters),
                parts.limits(),
                parts.seed(),
                told);
    }

    private static void ask(GroupQuestions questions, NodeId node, MoveRequest request, Consumer<MoveReply> answer) {
        questions.askNode(node, request, ASK_NANOS, new MoveActions.Answer() {
            @Override
            public void replied(MoveReply reply) {
                answer.accept(reply);
            }

            @Override
            public void failed(String why) {
                answer.accept(null);
            }
        });
    }

    /** Before the host starts. */
    void bind() {
        pullers.bind();
    }

    /** Each shard that shall come to a group with a replica here is to be held here. */
    void configured(Configuration newest) {
        SortedMap<Long, Group> groups = new TreeMap<>();
        newest.getGroupsList().forEach(group -> groups.put(group.getId(), group));
        SortedMap<HoldKey, OwnerReplicas> wanted = new TreeMap<>();
        for (Shard shard : newest.getShardsList()) {
            Group target = shard.getTarget() == 0 ? null : groups.get(shard.getTarget());
            Group owner = groups.get(shard.getGroup());
            if (target != null && owner != null && isHere(target)) {
                wanted.put(
                        new HoldKey(target.getId(), shard.getId(), shard.getMoveId()),
                        new OwnerReplicas(
                                owner.getId(),
                                owner.getReplicasList().stream()
                                        .map(NodeId::new)
                                        .toList()));
            }
        }
        pullers.want(wanted);
    }

    private boolean isHere(Group group) {
        return group.getReplicasList().contains(self.value()) || host.status(group.getId()) != null;
    }

    /** See {@link io.flotilla.raft.host.HostListener#heldBack}. */
    boolean heldBack(long group, Entry entry, NodeId from) {
        KvCommand command;
        try {
            command = KvCommand.parseFrom(entry.payload());
        } catch (InvalidProtocolBufferException e) {
            // then it is not held back for a hold
            return true;
        }
        if (!command.hasAdopt()) {
            return true;
        }
        AdoptCommand adopt = command.getAdopt();
        HoldKey key = new HoldKey(group, adopt.getShard().getId(), adopt.getMove());
        pullers.heldBack(key, adopt.getShard(), adopt.getHoldChangeNumber(), from);
        return !pullers.isOutOfReach(key);
    }

    /** What is held or copied here, in the order of moves. */
    List<HoldReport> reports() {
        return pullers.reports();
    }

    CopyCounts counts() {
        return CopyCounts.newBuilder()
                .setLocalBytes(counters.localBytes.sum())
                .setRemoteBytes(counters.remoteBytes.sum())
                .setLocalRoundBytes(counters.localRoundBytes.sum())
                .setRemoteRoundBytes(counters.remoteRoundBytes.sum())
                .setRounds(counters.rounds.sum())
                .setCopied(counters.copied.sum())
                .setGivenUp(counters.givenUp.sum())
                .build();
    }

    /** Ends all copies, then runs the task, on the lane of the transfers: none of them uses the engine any more. */
    void stop(Runnable then) {
        host.transfers().lane().execute(() -> {
            pullers.stop();
            then.run();
        });
    }
}
