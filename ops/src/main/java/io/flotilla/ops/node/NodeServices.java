package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.SessionLimits;
import io.flotilla.kv.service.Answers;
import io.flotilla.ops.node.configuration.Watchers;
import io.flotilla.ops.node.edge.EdgeStream;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.function.Consumer;

/** What clients' streams ask of a node. Thread-safe; no call blocks. */
final class NodeServices implements EdgeStream.Services {
    private final FleetNode node;
    private final NodeConfig config;
    private final Clock clock;
    private final Lane lane;

    /** @param lane the node's */
    NodeServices(FleetNode node, NodeConfig config, Clock clock, Lane lane) {
        this.node = node;
        this.config = config;
        this.clock = clock;
        this.lane = lane;
    }

    @Override
    public HelloReply hello() {
        return HelloReply.newBuilder()
                .setProtocolVersion(PeerCalls.PROTOCOL_VERSION)
                .setNodeId(config.id().value())
                .setFleetId(node.fleetId())
                .setWallMillis(clock.wallMillis())
                .setSessionWrites(SessionLimits.SESSION_WRITES)
                .setSessionWindowMillis(SessionLimits.WINDOW_MILLIS)
                .build();
    }

    @Override
    public void data(List<Request> requests, Answers out) {
        FleetMember present = node.serving();
        if (present != null) {
            present.data().handle(requests, out);
            return;
        }
        for (Request request : requests) {
            out.accept(unavailable(request.getId()));
        }
    }

    @Override
    public void other(EdgeStream stream, Request request, Consumer<Response> out) {
        long id = request.getId();
        switch (request.getBodyCase()) {
            case CONFIGURATION -> configuration(request, out);
            case REGISTER_NODE -> lane.execute(() -> register(request, out));
            case FLEET_CHANGE, NODE_REPORT, MOVE_REPORT -> controller(request, out);
            case CREATION_RECORD -> creationRecord(request, out);
            case MOVE -> {
                FleetMember present = node.serving();
                if (present == null) {
                    out.accept(unavailable(id));
                } else {
                    present.moves().answer(request, out);
                }
            }
            case WATCH -> lane.execute(() -> watch(stream, request, out));
            case NODE_STATUS ->
                out.accept(Response.newBuilder()
                        .setId(id)
                        .setNodeStatus(node.status())
                        .build());
            case REPLICA_CHECKSUM -> {
                FleetMember present = node.serving();
                out.accept(
                        present == null ? unavailable(id) : present.checksums().answer(request));
            }
            case STATE_MARK -> {
                FleetMember present = node.serving();
                if (present == null) {
                    out.accept(unavailable(id));
                } else {
                    present.data().mark(request, out);
                }
            }
            case TRANSFER_LEADER -> {
                FleetMember present = node.serving();
                if (present == null) {
                    out.accept(unavailable(id));
                } else {
                    present.data().transferLeadership(request, out);
                }
            }
            case FOUNDING ->
                lane.execute(() -> {
                    FoundingReply reply = node.founding(request.getFounding());
                    out.accept(
                            reply == null
                                    ? unavailable(id)
                                    : Response.newBuilder()
                                            .setId(id)
                                            .setFounding(reply)
                                            .build());
                });
            default -> out.accept(refusal(id, Refusal.Kind.INVALID, "this node does not know such a request"));
        }
    }

    @Override
    public void passOn(Request request, Answers out) {
        FleetMember present = node.serving();
        if (present == null) {
            out.accept(unavailable(request.getId()));
        } else {
            present.passedOn().handle(request, out);
        }
    }

    @Override
    public void drained(EdgeStream stream) {
        lane.execute(() -> {
            FleetMember present = node.serving();
            if (present != null) {
                present.watchers().takes(stream);
            }
        });
    }

    @Override
    public void closed(EdgeStream stream) {
        node.streamClosed(stream);
    }

    private void configuration(Request request, Consumer<Response> out) {
        if (request.getConfiguration().getNumber() > 0
                || request.getConfiguration().getLinearizable()) {
            controller(request, out);
            return;
        }
        FleetMember present = node.serving();
        Configuration newest = present == null ? null : present.newest();
        if (newest == null) {
            out.accept(unavailable(request.getId()));
        } else if (request.getConfiguration().getHave() > 0) {
            lane.execute(() -> changes(request, present, out));
        } else {
            out.accept(whole(request.getId(), newest));
        }
    }

    /** On the node's lane. */
    private static void changes(Request request, FleetMember member, Consumer<Response> out) {
        ConfigurationDelta delta =
                member.watchers().changesSince(request.getConfiguration().getHave());
        out.accept(
                delta == null
                        ? whole(request.getId(), member.newest())
                        : Response.newBuilder()
                                .setId(request.getId())
                                .setConfigurationDelta(delta)
                                .build());
    }

    private static Response whole(long id, Configuration newest) {
        return Response.newBuilder().setId(id).setConfiguration(newest).build();
    }

    private void controller(Request request, Consumer<Response> out) {
        FleetMember present = node.serving();
        if (present == null) {
            out.accept(unavailable(request.getId()));
        } else {
            present.controller().handle(request, out);
        }
    }

    /** On the node's lane. */
    private void register(Request request, Consumer<Response> out) {
        FleetMember present = node.serving();
        if (present == null) {
            out.accept(unavailable(request.getId()));
        } else {
            present.introductions().register(request, out);
        }
    }

    private void creationRecord(Request request, Consumer<Response> out) {
        FleetMember present = node.serving();
        long group = request.getCreationRecord().getGroup();
        CreationRecord record = present == null ? null : present.creationRecord(group);
        if (present == null) {
            out.accept(unavailable(request.getId()));
        } else if (record == null) {
            out.accept(refusal(
                    request.getId(),
                    Refusal.Kind.UNAVAILABLE,
                    "node " + config.id() + " does not know what group " + group + " was created with"));
        } else {
            out.accept(Response.newBuilder()
                    .setId(request.getId())
                    .setCreationRecord(record)
                    .build());
        }
    }

    /** On the node's lane. */
    private void watch(EdgeStream stream, Request request, Consumer<Response> out) {
        FleetMember present = node.serving();
        if (present == null) {
            out.accept(unavailable(request.getId()));
        } else if (stream.isOpen()) {
            present.introductions().introduced(request.getWatch());
            present.watchers()
                    .watch(stream, request.getWatch().getAbove(), new StreamWatcher(stream, request.getId(), out));
        }
    }

    private record StreamWatcher(EdgeStream stream, long request, Consumer<Response> out) implements Watchers.Watcher {
        @Override
        public boolean isReady() {
            return stream.isDrained();
        }

        @Override
        public void told(Configuration whole) {
            out.accept(NodeServices.whole(request, whole));
        }

        @Override
        public void told(ConfigurationDelta delta) {
            out.accept(Response.newBuilder()
                    .setId(request)
                    .setConfigurationDelta(delta)
                    .build());
        }
    }

    private Response unavailable(long id) {
        return refusal(id, Refusal.Kind.UNAVAILABLE, "node " + config.id() + " does not serve now: " + node.notReady());
    }

    private static Response refusal(long id, Refusal.Kind kind, String message) {
        return Response.newBuilder()
                .setId(id)
                .setRefusal(Refusal.newBuilder().setKind(kind).setMessage(message))
                .build();
    }
}
