package io.flotilla.controller.service;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.Balancer;
import io.flotilla.controller.decide.FleetChanges;
import io.flotilla.controller.decide.FleetPlans;
import io.flotilla.controller.machine.ControllerResult;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.machine.ControllerView;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.SetTargets;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators want of a fleet, at the controller's leader: a plan is made from what a linearizable read shows and from the board,
 * and proposed as a finished command, with the number of the configuration that it was made from; if groups or targets have changed
 * before it is applied, it is made anew. A dry run ends before the proposal, and what it told is kept to for a while, for sizes and loads
 * change from one second to the next. All else happens on the applier lane of the
 * controller's group; {@link #handle} may be called by any thread.
 */
final class FleetChangeCalls {
    private static final Logger LOG = LoggerFactory.getLogger(FleetChangeCalls.class);
    private static final int MOST_ATTEMPTS = 10;
    private static final long RETRY_MILLIS = 500;
    private static final long GO_ON_NANOS = 10_000_000_000L;
    /** For so long a dry run's moves are those of a run that follows, if they do as well as others then. */
    static final long FORESEEN_NANOS = 60_000_000_000L;

    private final ControllerReplica replica;
    private final Clock clock;
    private final ReportBoard board;
    private final ControllerAnswers answers;
    /** When shards of groups that leave may be given targets again. */
    private long goOnAt = Long.MIN_VALUE;

    /** Of the newest dry run, whoever asked for it; null if there was none. */
    private Foreseen foreseen;

    /** What a dry run told, and when. @param change without who asks, and whether it is a dry run */
    private record Foreseen(FleetChangeRequest change, List<Balancer.Relocation> moves, long at) {}

    FleetChangeCalls(ControllerReplica replica, Clock clock, ReportBoard board, ControllerAnswers answers) {
        this.replica = replica;
        this.clock = clock;
        this.board = board;
        this.answers = answers;
    }

    void handle(long id, FleetChangeRequest request, Consumer<Response> out) {
        if (request.getChangeCase() == FleetChangeRequest.ChangeCase.CHANGE_NOT_SET) {
            out.accept(ControllerAnswers.invalid(id, "the request does not say what shall change"));
        } else if (request.getRequestId().isEmpty() && !request.getDryRun()) {
            out.accept(ControllerAnswers.invalid(
                    id, "the request has no id of its own: a copy of it would change the fleet twice; give it one"));
        } else {
            new Call(id, request, out).begin();
        }
    }

    /** Gives shards that groups which leave still have, and whose moves were cancelled or came to them late, other targets. */
    void goOn(ControllerView view) {
        long now = clock.nanos();
        Configuration newest = view.newest();
        if (goOnAt != Long.MIN_VALUE && now < goOnAt || !FleetPlans.isLeavingHeldUp(newest)) {
            return;
        }
        goOnAt = now + GO_ON_NANOS;
        ReportBoard.Sight sight = board.look(replica.term(), now, newest);
        SetTargets.Builder targets = SetTargets.newBuilder();
        if (sight.tooEarly() == null) {
            targets.addAllTargets(PlannedCommand.targets(FleetPlans.emptying(newest, sight)));
        }
        if (targets.getTargetsCount() == 0) {
            return;
        }
        ControllerCommand command = ControllerCommand.newBuilder()
                .setFleetId(newest.getFleetId())
                .setComputedFrom(newest.getNumber())
                .setSetTargets(targets)
                .build();
        replica.propose(command.toByteArray(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                LOG.info("{} shards of groups that leave go elsewhere: {}", targets.getTargetsCount(), result);
            }

            @Override
            public void refused(Refusal refusal) {
                LOG.info("shards of groups that leave stay for now: {}", refusal);
            }
        });
    }

    private static FleetChangeRequest change(FleetChangeRequest request) {
        return request.toBuilder().clearRequestId().clearDryRun().build();
    }

    private List<Balancer.Relocation> foreseen(FleetChangeRequest request) {
        boolean isKnown = foreseen != null
                && clock.nanos() - foreseen.at <= FORESEEN_NANOS
                && foreseen.change.equals(change(request));
        return isKnown ? foreseen.moves : List.of();
    }

    private final class Call {
        private final long id;
        private final FleetChangeRequest request;
        private final Consumer<Response> out;
        private List<String> warnings = List.of();
        private int attempts;

        Call(long id, FleetChangeRequest request, Consumer<Response> out) {
            this.id = id;
            this.request = request;
            this.out = out;
        }

        void begin() {
            replica.read(new ReadCallback() {
                @Override
                public Runnable read(StateMachine machine) {
                    ControllerStateMachine controller = machine.as(ControllerStateMachine.class);
                    Optional<ControllerResult> before =
                            request.getDryRun() ? Optional.empty() : controller.answered(request.getRequestId());
                    if (before.isPresent()) {
                        return () -> settled(before.get());
                    }
                    Optional<ControllerView> view = controller.view();
                    return () ->
                            view.ifPresentOrElse(Call.this::decide, () -> out.accept(ControllerAnswers.unfounded(id)));
                }

                @Override
                public boolean isLong() {
                    return true;
                }

                @Override
                public void refused(Refusal refusal) {
                    out.accept(answers.refused(id, refusal));
                }
            });
        }

        private void decide(ControllerView view) {
            Configuration newest = view.newest();
            // a fleet's older programs could not apply the command
            String objection = FleetChanges.objection(newest, request.getFleetId());
            if (objection != null) {
                out.accept(ControllerAnswers.invalid(id, objection));
                return;
            }
            ReportBoard.Sight sight = board.look(replica.term(), clock.nanos(), newest);
            PlannedCommand planned = PlannedCommand.of(request, newest, sight, foreseen(request));
            if (planned.refusal() != null) {
                out.accept(ControllerAnswers.invalid(id, planned.refusal()));
            } else if (planned.tooEarly() != null) {
                out.accept(ControllerAnswers.busy(id, planned.tooEarly(), RETRY_MILLIS));
            } else {
                warnings = planned.warnings();
                if (request.getDryRun()) {
                    foreseen = new Foreseen(change(request), planned.moves(), clock.nanos());
                    foresee(view, planned.command());
                } else {
                    propose(planned.command());
                }
            }
        }

        private void foresee(ControllerView view, ControllerCommand command) {
            FleetChanges.Decision decision =
                    FleetChanges.decide(view.newest(), command, view.nextGroup(), view.owing()::contains);
            if (decision.refusal() != null) {
                out.accept(ControllerAnswers.invalid(id, decision.refusal()));
            } else {
                answer(view.newest().getNumber(), decision.next());
            }
        }

        private void propose(ControllerCommand command) {
            replica.propose(command.toByteArray(), new ProposalCallback() {
                @Override
                public void applied(long index, Object result) {
                    settled((ControllerResult) result);
                }

                @Override
                public void refused(Refusal refusal) {
                    out.accept(answers.refused(id, refusal));
                }
            });
        }

        private void settled(ControllerResult result) {
            if (result instanceof ControllerResult.Refused refused) {
                out.accept(ControllerAnswers.invalid(id, refused.reason()));
            } else if (result instanceof ControllerResult.Done done) {
                if (done.made()) {
                    tell(done.number());
                } else {
                    answer(done.number(), null);
                }
            } else if (++attempts < MOST_ATTEMPTS) {
                begin();
            } else {
                out.accept(ControllerAnswers.busy(
                        id, "the fleet changes faster than it can be planned for", RETRY_MILLIS));
            }
        }

        /** What the command did is read from the configuration that it made, so that each attempt is told the same. */
        private void tell(long number) {
            replica.read(new ReadCallback() {
                @Override
                public Runnable read(StateMachine machine) {
                    Optional<Configuration> made =
                            machine.as(ControllerStateMachine.class).query(number);
                    return () -> answer(number, made.orElse(null));
                }

                @Override
                public void refused(Refusal refusal) {
                    // it is done: whoever asks again is told what became of it
                    out.accept(answers.refused(
                            id,
                            refusal instanceof Refusal.NotLeader lost
                                    ? new Refusal.Indeterminate(lost.leader())
                                    : refusal));
                }
            });
        }

        /** @param made the configuration that has the change; null if nothing is known of it, or if there is none */
        private void answer(long number, Configuration made) {
            FleetChangeReply.Builder reply =
                    FleetChangeReply.newBuilder().setConfigurationNumber(number).addAllWarnings(warnings);
            if (made != null) {
                made.getShardsList().stream()
                        .filter(shard -> shard.getTarget() != 0 && shard.getMoveId() == made.getNumber())
                        .sorted(Comparator.comparingLong(Shard::getId))
                        .forEach(shard -> reply.addMoves(PlannedMove.newBuilder()
                                .setShard(shard.getId())
                                .setFrom(shard.getGroup())
                                .setTo(shard.getTarget())
                                .setBytes(board.bytes(shard.getId()))));
                for (Group group : made.getGroupsList()) {
                    if (group.getCreatedIn() == made.getNumber()) {
                        reply.setGroup(group.getId()).addAllReplicas(group.getReplicasList());
                    }
                }
            }
            out.accept(Response.newBuilder().setId(id).setFleetChange(reply).build());
        }
    }
}
