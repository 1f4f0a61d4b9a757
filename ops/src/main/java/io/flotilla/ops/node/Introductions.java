package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.controller.decide.FeatureLevels;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.ops.node.peer.AddressHunt;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.LogPace;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What others say on clients' streams of where nodes are: anybody can say anything there, so a node's address counts only once the node
 * has answered at it. Belongs to the node's lane.
 */
final class Introductions {
    private static final Logger LOG = LoggerFactory.getLogger(Introductions.class);

    private final NodeId self;
    private final String fleetId;
    private final AddressHunt hunt;
    private final Supplier<List<NodeId>> others;
    private final Supplier<Configuration> newest;
    private final RaftHost host;
    private final ControllerService controller;
    private final LogPace lines;

    Introductions(
            NodeId self,
            String fleetId,
            AddressHunt hunt,
            Supplier<List<NodeId>> others,
            Supplier<Configuration> newest,
            RaftHost host,
            ControllerService controller,
            LogPace lines) {
        this.self = self;
        this.fleetId = fleetId;
        this.hunt = hunt;
        this.others = others;
        this.newest = newest;
        this.host = host;
        this.controller = controller;
        this.lines = lines;
    }

    /** Somebody who watches says which node it is, and where. */
    void introduced(WatchRequest request) {
        if (!request.hasFrom() || !request.getFleetId().equals(fleetId) || !isOther(request.getFrom())) {
            return;
        }
        Configuration known = newest.get();
        String below = known == null ? null : FeatureLevels.objection(request.getFrom(), known);
        String line = below == null ? null : lines.pace(self + ": " + below);
        if (line != null) {
            LOG.warn(line);
        }
        hunt.suspect(new NodeId(request.getFrom().getId()), request.getFrom().getAddress());
    }

    private boolean isOther(Node node) {
        return others.get().stream().anyMatch(other -> other.value().equals(node.getId()));
    }

    /** Somebody wants to register a node. A leader lets it come to the controller only if it is where it says. */
    void register(Request request, Consumer<Response> out) {
        Node node = request.getRegisterNode().getNode();
        GroupStatus replica = host.status(ControllerService.GROUP);
        boolean leads = replica != null && replica.state().role() == RoleName.LEADER;
        if (!leads || !isOther(node)) {
            controller.handle(request, out);
            return;
        }
        hunt.prove(new NodeId(node.getId()), node.getAddress(), isThere -> {
            if (isThere) {
                controller.handle(request, out);
            } else {
                out.accept(Response.newBuilder()
                        .setId(request.getId())
                        .setRefusal(Refusal.newBuilder()
                                .setKind(Refusal.Kind.UNAVAILABLE)
                                .setMessage("node " + node.getId() + " does not answer at "
                                        + LogPace.oneLine(node.getAddress()) + ", or still answers where it was"))
                        .build());
            }
        });
    }
}
