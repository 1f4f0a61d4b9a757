package io.flotilla.controller.service;

import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.RegisterNodeReply;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.controller.machine.ControllerResult;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers what only the controller's leader can: the newest committed configuration, a configuration by number, the
 * registration of a node. Thread-safe; never blocks; each request is answered exactly once, on any lane.
 */
public final class ControllerService {
    /** The controller's own group. */
    public static final long GROUP = 0;

    private static final Logger LOG = LoggerFactory.getLogger(ControllerService.class);

    private final RaftHost host;
    private final Function<NodeId, String> addresses;

    /** @param addresses {@code host:port} of a node, or an empty string if unknown */
    public ControllerService(RaftHost host, Function<NodeId, String> addresses) {
        this.host = host;
        this.addresses = addresses;
    }

    /** Takes a {@code ConfigurationRequest} or a {@code RegisterNodeRequest}. */
    public void handle(Request request, Consumer<Response> out) {
        String unknown = UnknownFields.first(request);
        if (unknown != null) {
            // what becomes a command must be understood whole, by every replica
            out.accept(refused(
                    request.getId(),
                    io.flotilla.client.proto.Refusal.newBuilder()
                            .setKind(io.flotilla.client.proto.Refusal.Kind.INVALID)
                            .setMessage(
                                    "this node does not know " + unknown + ": use a program of the fleet's release")));
            return;
        }
        switch (request.getBodyCase()) {
            case CONFIGURATION:
                configuration(request.getId(), request.getConfiguration(), out);
                return;
            case REGISTER_NODE:
                register(request.getId(), request.getRegisterNode(), out);
                return;
            default:
                throw new IllegalArgumentException("not for the controller: " + request.getBodyCase());
        }
    }

    private void configuration(long id, ConfigurationRequest request, Consumer<Response> out) {
        host.read(GROUP, new ReadCallback() {
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
                out.accept(ControllerService.this.refused(id, refusal));
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
        host.propose(GROUP, command, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                Response.Builder response = Response.newBuilder().setId(id);
                if (result instanceof ControllerResult.Done done) {
                    response.setRegisterNode(RegisterNodeReply.newBuilder().setConfigurationNumber(done.number()));
                } else {
                    String reason = ((ControllerResult.Refused) result).reason();
                    LOG.warn("a registration was refused: {}", reason);
                    response.setRefusal(io.flotilla.client.proto.Refusal.newBuilder()
                            .setKind(io.flotilla.client.proto.Refusal.Kind.INVALID)
                            .setMessage(reason));
                }
                out.accept(response.build());
            }

            @Override
            public void refused(Refusal refusal) {
                out.accept(ControllerService.this.refused(id, refusal));
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

    private Response refused(long id, Refusal refusal) {
        io.flotilla.client.proto.Refusal.Builder answer = io.flotilla.client.proto.Refusal.newBuilder();
        if (refusal instanceof Refusal.NotLeader notLeader) {
            answer.setKind(io.flotilla.client.proto.Refusal.Kind.NOT_LEADER)
                    .setMessage("this node does not lead the controller's group");
            name(answer, notLeader.leader());
        } else if (refusal instanceof Refusal.Busy busy) {
            answer.setKind(io.flotilla.client.proto.Refusal.Kind.BUSY)
                    .setMessage("the controller is busy")
                    .setRetryAfterMillis(busy.retryAfterMillis());
        } else if (refusal instanceof Refusal.Transferring transferring) {
            answer.setKind(io.flotilla.client.proto.Refusal.Kind.BUSY)
                    .setMessage("the controller's group transfers its leadership to " + transferring.target())
                    .setRetryAfterMillis(transferring.retryAfterMillis());
        } else if (refusal instanceof Refusal.Indeterminate indeterminate) {
            answer.setKind(io.flotilla.client.proto.Refusal.Kind.INDETERMINATE)
                    .setMessage("the controller lost its leader before the answer was known");
            name(answer, indeterminate.leader());
        } else {
            answer.setKind(io.flotilla.client.proto.Refusal.Kind.UNAVAILABLE)
                    .setMessage("this node has no running replica of the controller's group");
        }
        return refused(id, answer);
    }

    private static Response refused(long id, io.flotilla.client.proto.Refusal.Builder refusal) {
        return Response.newBuilder().setId(id).setRefusal(refusal).build();
    }

    private void name(io.flotilla.client.proto.Refusal.Builder answer, NodeId leader) {
        if (leader != null) {
            answer.setLeader(leader.value()).setLeaderAddress(addresses.apply(leader));
        }
    }
}
