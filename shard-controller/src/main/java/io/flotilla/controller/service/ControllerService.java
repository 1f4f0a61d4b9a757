package io.flotilla.controller.service;

import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReportRequest;
import io.flotilla.client.proto.NodeReportReply;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.RegisterNodeReply;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.controller.decide.FleetChanges;
import io.flotilla.controller.machine.ControllerResult;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.machine.ControllerView;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers what only the controller's leader can: the newest committed configuration, a configuration by number, the
 * registration of a node, what operators want, what nodes report. Thread-safe; never blocks; each request is answered exactly
 * once, on any lane.
 */
public final class ControllerService {
    /** The controller's own group. */
    public static final long GROUP = 0;

    private static final Logger LOG = LoggerFactory.getLogger(ControllerService.class);

    private static final int MOST_AWAITED = 1_000;

    private final ControllerReplica replica;
    private final ControllerAnswers answers;
    private final ReportBoard board = new ReportBoard();
    private final LeaderBalance leaders = new LeaderBalance();
    private final FleetChangeCalls changes;
    private final MoveReportCalls moveReports;
    private final Clock clock;

    /** @param addresses {@code host:port} of a node, or an empty string if unknown */
    public ControllerService(RaftHost host, Function<NodeId, String> addresses, Clock clock) {
        this(ControllerReplica.of(host), addresses, clock);
    }

    ControllerService(ControllerReplica replica, Function<NodeId, String> addresses, Clock clock) {
        this.replica = replica;
        this.clock = clock;
        answers = new ControllerAnswers(addresses);
        changes = new FleetChangeCalls(replica, clock, board, answers);
        moveReports = new MoveReportCalls(replica, answers);
    }

    /**
     * Takes a {@code ConfigurationRequest}, {@code RegisterNodeRequest}, {@code FleetChangeRequest}, {@code NodeReportRequest} or
     * {@code MoveReportRequest}.
     */
    public void handle(Request request, Consumer<Response> out) {
        String unknown = UnknownFields.first(request);
        if (unknown != null) {
            // what becomes a command must be understood whole, by every replica
            out.accept(ControllerAnswers.invalid(
                    request.getId(), "this node does not know " + unknown + ": use a program of the fleet's release"));
            return;
        }
        switch (request.getBodyCase()) {
            case CONFIGURATION:
                configuration(request.getId(), request.getConfiguration(), out);
                return;
            case REGISTER_NODE:
                register(request.getId(), request.getRegisterNode(), out);
                return;
            case FLEET_CHANGE:
                changes.handle(request.getId(), request.getFleetChange(), out);
                return;
            case NODE_REPORT:
                nodeReport(request.getId(), request.getNodeReport(), out);
                return;
            case MOVE_REPORT:
                moveReport(request.getId(), request.getMoveReport(), out);
                return;
            default:
                throw new IllegalArgumentException("not for the controller: " + request.getBodyCase());
        }
    }

    private void configuration(long id, ConfigurationRequest request, Consumer<Response> out) {
        replica.read(new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                ControllerStateMachine controller = machine.as(ControllerStateMachine.class);
                long number = request.getNumber();
                Optional<Configuration> found = number == 0 ? controller.newest() : controller.query(number);
                Response.Builder response = Response.newBuilder().setId(id);
                if (found.isPresent()) {
                    response.setConfiguration(found.get());
                } else {
                    response.setRefusal(noSuch(
                            number,
                            controller.newest().map(Configuration::getNumber).orElse(0L)));
                }
                return () -> out.accept(response.build());
            }

            @Override
            public void refused(Refusal refusal) {
                out.accept(answers.refused(id, refusal));
            }
        });
    }

    private void register(long id, RegisterNodeRequest request, Consumer<Response> out) {
        byte[] command = ControllerCommand.newBuilder()
                .setRequestId(request.getRequestId())
                .setRegisterNode(RegisterNode.newBuilder()
                        .setFleetId(request.getFleetId())
                        .setNode(request.getNode()))
                .build()
                .toByteArray();
        replica.propose(command, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                if (result instanceof ControllerResult.Done done) {
                    out.accept(Response.newBuilder()
                            .setId(id)
                            .setRegisterNode(RegisterNodeReply.newBuilder().setConfigurationNumber(done.number()))
                            .build());
                } else {
                    String reason = ((ControllerResult.Refused) result).reason();
                    LOG.warn("a registration was refused: {}", reason);
                    out.accept(ControllerAnswers.invalid(id, reason));
                }
            }

            @Override
            public void refused(Refusal refusal) {
                out.accept(answers.refused(id, refusal));
            }
        });
    }

    private void nodeReport(long id, NodeReportRequest request, Consumer<Response> out) {
        Set<Long> led = new HashSet<>();
        request.getGroupsList().forEach(group -> led.add(group.getGroup()));
        replica.read(new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                ControllerStateMachine controller = machine.as(ControllerStateMachine.class);
                Optional<ControllerView> view = controller.view();
                List<MoveReport> awaited = controller.awaitedDrops(led::contains, MOST_AWAITED);
                return () -> out.accept(
                        view.isEmpty() ? ControllerAnswers.unfounded(id) : reported(id, request, view.get(), awaited));
            }

            @Override
            public void refused(Refusal refusal) {
                out.accept(answers.refused(id, refusal));
            }
        });
    }

    /** On the applier lane. */
    private Response reported(long id, NodeReportRequest request, ControllerView view, List<MoveReport> awaited) {
        Configuration newest = view.newest();
        if (!newest.getFleetId().equals(request.getFleetId())) {
            return ControllerAnswers.invalid(
                    id, "this is fleet " + newest.getFleetId() + ", not fleet '" + request.getFleetId() + "'");
        }
        long term = replica.term();
        long now = clock.nanos();
        board.accept(term, now, newest, request);
        changes.goOn(view);
        return Response.newBuilder()
                .setId(id)
                .setNodeReport(NodeReportReply.newBuilder()
                        .setConfigurationNumber(newest.getNumber())
                        .addAllAwaited(awaited)
                        .addAllTransfers(
                                leaders.of(request.getNode(), term, now, newest, board.look(term, now, newest))))
                .build();
    }

    private void moveReport(long id, MoveReportRequest request, Consumer<Response> out) {
        replica.read(new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                Optional<Configuration> newest =
                        machine.as(ControllerStateMachine.class).newest();
                return () -> {
                    if (newest.isEmpty()) {
                        out.accept(ControllerAnswers.unfounded(id));
                        return;
                    }
                    // a fleet's older programs could not apply the command
                    String objection = FleetChanges.objection(newest.get(), request.getFleetId());
                    if (objection != null) {
                        out.accept(ControllerAnswers.invalid(id, objection));
                    } else {
                        moveReports.handle(id, request, out);
                    }
                };
            }

            @Override
            public void refused(Refusal refusal) {
                out.accept(answers.refused(id, refusal));
            }
        });
    }

    private static io.flotilla.client.proto.Refusal noSuch(long number, long newest) {
        String message;
        if (newest == 0) {
            message = "the fleet has no configuration yet";
        } else if (number > newest) {
            message = "there is no configuration " + number + " yet: the newest is " + newest;
        } else {
            message = "configuration " + number + " is no longer kept: the newest is " + newest;
        }
        return io.flotilla.client.proto.Refusal.newBuilder()
                .setKind(io.flotilla.client.proto.Refusal.Kind.NO_SUCH_CONFIGURATION)
                .setMessage(message)
                .setConfigurationNumber(newest)
                .build();
    }
}
