package io.flotilla.ops.node.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.machine.MoveOutcome;
import io.flotilla.kv.move.MoveActions;
import io.flotilla.kv.move.MoveLimits;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupProgress;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.runtime.Lane;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/** Does what the driver wants, through the node's host and to other nodes. Belongs to the node's lane, where all answers come. */
final class HostMoveActions implements MoveActions {
    private final RaftHost host;
    private final Lane lane;
    private final GroupQuestions questions;
    private final MoveLimits limits;
    private final IntSupplier featureLevel;
    private final Predicate<MoveReport> outbox;
    private final Runnable step;

    /**
     * @param featureLevel the fleet's, as far as it is known here
     * @param outbox takes what the controller is to be told; false if it is full
     * @param step follows each answer
     */
    HostMoveActions(
            RaftHost host,
            Lane lane,
            GroupQuestions questions,
            MoveLimits limits,
            IntSupplier featureLevel,
            Predicate<MoveReport> outbox,
            Runnable step) {
        this.host = host;
        this.lane = lane;
        this.questions = questions;
        this.limits = limits;
        this.featureLevel = featureLevel;
        this.outbox = outbox;
        this.step = step;
    }

    private void onLane(Runnable task) {
        lane.execute(() -> {
            task.run();
            step.run();
        });
    }

    private Answer stepping(Answer answer) {
        return new Answer() {
            @Override
            public void replied(io.flotilla.kv.proto.MoveReply reply) {
                answer.replied(reply);
                step.run();
            }

            @Override
            public void failed(String why) {
                answer.failed(why);
                step.run();
            }
        };
    }

    @Override
    public void ask(MoveRequest request, Answer answer) {
        questions.askLeader(request, limits.askNanos(), stepping(answer));
    }

    @Override
    public void ask(NodeId node, MoveRequest request, Answer answer) {
        questions.askNode(node, request, limits.askNanos(), stepping(answer));
    }

    @Override
    public void propose(long group, KvCommand command, boolean guarded, End end) {
        String objection = CommandKind.of(command).objection(featureLevel.getAsInt());
        if (objection != null) {
            onLane(() -> end.failed(objection));
            return;
        }
        ProposalCallback callback = new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                String refused = ((MoveOutcome) result).refused();
                onLane(() -> {
                    if (refused.isEmpty()) {
                        end.done();
                    } else {
                        end.failed(refused);
                    }
                });
            }

            @Override
            public void refused(Refusal refusal) {
                onLane(() -> end.failed(refusal.toString()));
            }
        };
        if (guarded) {
            host.proposeGuarded(group, command.toByteArray(), callback);
        } else {
            host.propose(group, command.toByteArray(), callback);
        }
    }

    @Override
    public void transferLeadership(long group, NodeId to, End end) {
        host.transferLeadership(group, to, new TransferCallback() {
            @Override
            public void transferred(NodeId leader) {
                onLane(end::done);
            }

            @Override
            public void refused(Refusal refusal) {
                onLane(() -> end.failed(refusal.toString()));
            }
        });
    }

    @Override
    public void holdMembership(long group, long nanos, End end) {
        host.holdMembership(group, nanos, new ProgressCallback() {
            @Override
            public void progress(GroupProgress told) {
                boolean steady =
                        told.isCommitted() && !told.membership().membership().isJoint();
                onLane(() -> {
                    if (steady) {
                        end.done();
                    } else {
                        end.failed("a change of the membership is under way");
                    }
                });
            }

            @Override
            public void refused(Refusal refusal) {
                onLane(() -> end.failed(refusal.toString()));
            }
        });
    }

    @Override
    public boolean report(MoveReport report) {
        return outbox.test(report);
    }
}
