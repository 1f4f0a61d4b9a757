package io.flotilla.ops.node.move;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.MoveOutcome;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.PublishedMove;
import io.flotilla.kv.machine.ShardChanges;
import io.flotilla.kv.machine.ShardMoves;
import io.flotilla.kv.move.copy.SourceAnswers;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.FreezeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.service.OutrunShards;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.machine.StateMachine;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * What other nodes ask of the replicas here about moves: the group's leader writes into its log what the answer needs, unless it is there
 * already. Thread-safe; no call blocks; answers come on any lane.
 */
final class MoveRequests {
    /** Rows of a change index at most; the shard's next try waits longer. */
    static final long CHANGE_INDEX_ROWS = 4_000_000;
    /** Of changes in one answer, at most; more than one change only within it. */
    static final int CHANGES_BYTES = 1 << 20;

    private final RaftHost host;
    private final KvMachines machines;
    private final Function<NodeId, String> addresses;
    private final IntSupplier featureLevel;
    private final OutrunShards outrun;

    /**
     * @param addresses {@code host:port} of a node, or an empty string if unknown
     * @param featureLevel the fleet's, as far as it is known here
     * @param outrun hears which shards' writes outrun the copies
     */
    MoveRequests(
            RaftHost host,
            KvMachines machines,
            Function<NodeId, String> addresses,
            IntSupplier featureLevel,
            OutrunShards outrun) {
        this.featureLevel = featureLevel;
        this.outrun = outrun;
        this.host = host;
        this.machines = machines;
        this.addresses = addresses;
    }

    /** @param request with a {@link MoveRequest}; one that can't be read, or says what is not known here, is refused */
    void answer(Request request, Consumer<Response> out) {
        MoveRequest asked;
        try {
            asked = MoveRequest.parseFrom(request.getMove());
        } catch (InvalidProtocolBufferException e) {
            out.accept(refusal(request, Refusal.Kind.INVALID, "unreadable: " + e.getMessage()));
            return;
        }
        String unknown = UnknownFields.first(asked);
        if (unknown != null) {
            // it may become a command, which all replicas must understand whole
            out.accept(refusal(
                    request,
                    Refusal.Kind.INVALID,
                    "this node does not know " + unknown + ": use a program of the fleet's release"));
            return;
        }
        answer(request, asked, out);
    }

    private void answer(Request request, MoveRequest asked, Consumer<Response> out) {
        GroupStatus replica = host.status(asked.getGroup());
        PublishedGroup published = machines.published(asked.getGroup());
        if (replica == null || published == null) {
            out.accept(refusal(
                    request,
                    Refusal.Kind.UNAVAILABLE,
                    "no replica of data group " + asked.getGroup() + " on this node"));
            return;
        }
        if (asked.hasFence()) {
            out.accept(reply(request, MoveReply.newBuilder().setFence(published.fence(asked.getShard()))));
            return;
        }
        if (SourceAnswers.isFor(asked)) {
            host.visit(
                    asked.getGroup(),
                    machine -> out.accept(reply(
                            request,
                            SourceAnswers.answer(machine == null ? null : machine.as(KvStateMachine.class), asked)
                                    .toBuilder())));
            return;
        }
        if (replica.state().role() != RoleName.LEADER) {
            out.accept(notLeader(request, replica.leader()));
            return;
        }
        Stage stage = stage(asked, published);
        switch (asked.getStepCase()) {
            case MOVE_OUT -> {
                if (stage == Stage.NOT_YET) {
                    propose(request, asked, moveOut(asked), out);
                } else {
                    read(request, asked, out);
                }
            }
            case FREEZE -> {
                if (stage == Stage.MOVING) {
                    propose(request, asked, freeze(asked), out);
                } else {
                    read(request, asked, out);
                }
            }
            case CANCEL -> {
                if (stage == Stage.MOVING) {
                    propose(request, asked, cancel(asked), out);
                } else {
                    read(request, asked, out);
                }
            }
            case LAG -> {
                outrun.told(asked.getShard(), asked.getLag().getOutrun());
                read(request, asked, out);
            }
            default -> out.accept(refusal(request, Refusal.Kind.INVALID, "a step of a move that is not known here"));
        }
    }

    /** As applied here: behind the log perhaps, but never ahead. */
    private static Stage stage(MoveRequest asked, PublishedGroup published) {
        PublishedMove move = published.moves().get(asked.getShard());
        if (move != null && move.move() == asked.getMove()) {
            return move.isFrozen() ? Stage.FROZEN : Stage.MOVING;
        }
        return published.fence(asked.getShard()) >= asked.getMove() ? Stage.OVER : Stage.NOT_YET;
    }

    private static KvCommand moveOut(MoveRequest asked) {
        return KvCommand.newBuilder()
                .setMoveOut(MoveOutCommand.newBuilder()
                        .setShard(asked.getShard())
                        .setMove(asked.getMove())
                        .setEpoch(asked.getMoveOut().getEpoch())
                        .setTarget(asked.getMoveOut().getTarget())
                        .setChangeIndexRows(CHANGE_INDEX_ROWS))
                .build();
    }

    private static KvCommand freeze(MoveRequest asked) {
        return KvCommand.newBuilder()
                .setFreeze(FreezeCommand.newBuilder()
                        .setShard(asked.getShard())
                        .setMove(asked.getMove())
                        .setTargetTerm(asked.getFreeze().getTargetTerm())
                        .setTargetLeader(asked.getFreeze().getTargetLeader()))
                .build();
    }

    private static KvCommand cancel(MoveRequest asked) {
        return KvCommand.newBuilder()
                .setCancel(CancelMoveCommand.newBuilder()
                        .setShard(asked.getShard())
                        .setMove(asked.getMove()))
                .build();
    }

    private void propose(Request request, MoveRequest asked, KvCommand command, Consumer<Response> out) {
        String objection = CommandKind.of(command).objection(featureLevel.getAsInt());
        if (objection != null) {
            out.accept(refusal(request, Refusal.Kind.UNAVAILABLE, objection));
            return;
        }
        host.propose(asked.getGroup(), command.toByteArray(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                MoveOutcome outcome = (MoveOutcome) result;
                if (asked.hasFreeze() && outcome.isDone()) {
                    read(request, asked, out);
                } else {
                    out.accept(reply(request, sized(asked, reply(outcome)).setRefused(outcome.refused())));
                }
            }

            @Override
            public void refused(io.flotilla.raft.host.Refusal why) {
                out.accept(refusal(request, asked, why));
            }
        });
    }

    /** Answers from what the leader has applied. */
    private void read(Request request, MoveRequest asked, Consumer<Response> out) {
        host.read(asked.getGroup(), new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                MoveReply.Builder told =
                        MoveRequests.read(machine.as(KvStateMachine.class).moves(), asked);
                return () -> out.accept(reply(request, sized(asked, told)));
            }

            @Override
            public void refused(io.flotilla.raft.host.Refusal why) {
                out.accept(refusal(request, asked, why));
            }
        });
    }

    private static MoveReply.Builder read(ShardMoves moves, MoveRequest asked) {
        MoveOutcome state = moves.state(asked.getShard(), asked.getMove());
        MoveReply.Builder reply = reply(state);
        if (state.stage() != Stage.MOVING && state.stage() != Stage.FROZEN) {
            return reply;
        }
        for (long after : asked.getLag().getAfterList()) {
            long bytes = moves.lagBytes(asked.getShard(), asked.getMove(), after);
            // a hold that this replica can't judge is no reason to freeze
            reply.addLagBytes(bytes < 0 ? Long.MAX_VALUE : bytes);
        }
        if (asked.hasFreeze() && state.stage() == Stage.FROZEN) {
            ShardChanges changes = moves.changesAfter(
                    asked.getShard(), asked.getMove(), asked.getFreeze().getAfter(), 0, CHANGES_BYTES);
            if (changes == null) {
                return reply.setRefused("changes after " + asked.getFreeze().getAfter() + " are out of reach");
            }
            reply.setUpTo(changes.upTo())
                    .setMore(changes.more())
                    .addAllRows(changes.rows())
                    .addAllSessions(changes.sessions())
                    .setCounters(state.counters());
        }
        return reply;
    }

    /** With what the rows take, as long as they are being copied. */
    private MoveReply.Builder sized(MoveRequest asked, MoveReply.Builder reply) {
        return reply.getStage() == Stage.MOVING
                ? reply.setShardBytes(machines.approximateBytes(asked.getGroup(), asked.getShard()))
                : reply;
    }

    private static MoveReply.Builder reply(MoveOutcome outcome) {
        MoveReply.Builder reply = MoveReply.newBuilder()
                .setStage(outcome.stage())
                .setChangeNumber(outcome.changeNumber())
                .setFromChangeNumber(outcome.fromChangeNumber())
                .setFence(outcome.fence());
        if (outcome.served() != null) {
            reply.setServed(outcome.served());
        }
        return reply;
    }

    private static Response reply(Request request, MoveReply.Builder told) {
        return Response.newBuilder()
                .setId(request.getId())
                .setMove(told.build().toByteString())
                .build();
    }

    private Response refusal(Request request, MoveRequest asked, io.flotilla.raft.host.Refusal why) {
        return why instanceof io.flotilla.raft.host.Refusal.NotLeader other
                ? notLeader(request, other.leader())
                : refusal(request, Refusal.Kind.BUSY, "group " + asked.getGroup() + ": " + why);
    }

    private Response notLeader(Request request, NodeId leader) {
        Refusal.Builder refusal =
                Refusal.newBuilder().setKind(Refusal.Kind.NOT_LEADER).setMessage("this node does not lead the group");
        if (leader != null) {
            refusal.setLeader(leader.value()).setLeaderAddress(addresses.apply(leader));
        }
        return Response.newBuilder().setId(request.getId()).setRefusal(refusal).build();
    }

    private static Response refusal(Request request, Refusal.Kind kind, String message) {
        return Response.newBuilder()
                .setId(request.getId())
                .setRefusal(Refusal.newBuilder().setKind(kind).setMessage(message))
                .build();
    }

    /** A request of ours to another node. */
    static Request.Builder of(MoveRequest asked) {
        return Request.newBuilder().setMove(ByteString.copyFrom(asked.toByteArray()));
    }
}
