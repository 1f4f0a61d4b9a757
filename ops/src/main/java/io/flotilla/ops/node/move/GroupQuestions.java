package io.flotilla.ops.node.move;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.move.MoveActions;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerLinks;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Takes questions about moves to the leader of a group, wherever it is, or to one node. Follows one refusal that names another
 * leader; who asked tries again otherwise. Belongs to the node's lane.
 */
final class GroupQuestions {
    private final NodeId self;
    private final Lane lane;
    private final RaftHost host;
    private final MoveRequests own;
    private final PeerLinks links;
    private final AddressBook addresses;
    private final Supplier<Configuration> newest;
    /** Who answered as a group's leader last. */
    private final SortedMap<Long, NodeId> leaders = new TreeMap<>();

    private int turn;

    GroupQuestions(
            NodeId self,
            Lane lane,
            RaftHost host,
            MoveRequests own,
            PeerLinks links,
            AddressBook addresses,
            Supplier<Configuration> newest) {
        this.self = self;
        this.lane = lane;
        this.host = host;
        this.own = own;
        this.links = links;
        this.addresses = addresses;
        this.newest = newest;
    }

    void askLeader(MoveRequest request, long timeoutNanos, MoveActions.Answer answer) {
        NodeId leader = leader(request.getGroup());
        if (leader == null) {
            lane.execute(() -> answer.failed("group " + request.getGroup() + " has no replica that is known here"));
        } else {
            ask(
                    leader,
                    request,
                    timeoutNanos,
                    response -> judge(request, timeoutNanos, leader, response, answer),
                    why -> {
                        leaders.remove(request.getGroup());
                        answer.failed(why);
                    });
        }
    }

    private void judge(
            MoveRequest request, long timeoutNanos, NodeId asked, Response response, MoveActions.Answer answer) {
        if (!response.hasRefusal()) {
            leaders.put(request.getGroup(), asked);
            take(response, answer);
            return;
        }
        Refusal refusal = response.getRefusal();
        leaders.remove(request.getGroup());
        boolean namesAnother = refusal.getKind() == Refusal.Kind.NOT_LEADER
                && !refusal.getLeader().isEmpty()
                && !refusal.getLeader().equals(asked.value());
        if (namesAnother) {
            NodeId named = new NodeId(refusal.getLeader());
            ask(
                    named,
                    request,
                    timeoutNanos,
                    second -> {
                        if (!second.hasRefusal()) {
                            leaders.put(request.getGroup(), named);
                        }
                        take(second, answer);
                    },
                    answer::failed);
        } else {
            answer.failed(refusal.getMessage());
        }
    }

    void askNode(NodeId node, MoveRequest request, long timeoutNanos, MoveActions.Answer answer) {
        ask(node, request, timeoutNanos, response -> take(response, answer), answer::failed);
    }

    private static void take(Response response, MoveActions.Answer answer) {
        if (response.hasRefusal()) {
            answer.failed(response.getRefusal().getMessage());
            return;
        }
        MoveReply reply;
        try {
            reply = MoveReply.parseFrom(response.getMove());
        } catch (InvalidProtocolBufferException e) {
            answer.failed("an answer that can't be read: " + e.getMessage());
            return;
        }
        String unknown = UnknownFields.own(reply);
        if (unknown != null || reply.getStage() == MoveReply.Stage.UNRECOGNIZED) {
            // by a newer version: what it says beyond what is known here may matter
            answer.failed("an answer that this node does not know: "
                    + (unknown == null ? "stage " + reply.getStageValue() : unknown));
            return;
        }
        answer.replied(reply);
    }

    private void ask(
            NodeId node, MoveRequest request, long timeoutNanos, Consumer<Response> answered, Consumer<String> failed) {
        Request.Builder built = MoveRequests.of(request);
        if (node.equals(self)) {
            askSelf(built.build(), timeoutNanos, answered, failed);
            return;
        }
        String address = addresses.addressOf(node);
        if (address.isEmpty()) {
            lane.execute(() -> failed.accept("where " + node + " is, is not known"));
        } else {
            links.call(address, built, timeoutNanos, answered, failed);
        }
    }

    private void askSelf(Request request, long timeoutNanos, Consumer<Response> answered, Consumer<String> failed) {
        boolean[] over = new boolean[1];
        Cancellable timer = lane.after(timeoutNanos, () -> {
            if (!over[0]) {
                over[0] = true;
                failed.accept("no answer from this node");
            }
        });
        own.answer(
                request,
                response -> lane.execute(() -> {
                    if (!over[0]) {
                        over[0] = true;
                        timer.cancel();
                        answered.accept(response);
                    }
                }));
    }

    /** Who leads a group as far as it is known here, else one of its replicas after the other; null if none is known. */
    private NodeId leader(long group) {
        GroupStatus local = host.status(group);
        if (local != null && local.leader() != null) {
            return local.leader();
        }
        NodeId last = leaders.get(group);
        if (last != null) {
            return last;
        }
        List<String> replicas = replicas(group);
        return replicas.isEmpty() ? null : new NodeId(replicas.get(Math.floorMod(turn++, replicas.size())));
    }

    private List<String> replicas(long group) {
        Configuration known = newest.get();
        if (known != null) {
            for (Group one : known.getGroupsList()) {
                if (one.getId() == group) {
                    return new ArrayList<>(one.getReplicasList());
                }
            }
        }
        return List.of();
    }
}
