package io.flotilla.ops.node.founding;

import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.ops.node.peer.Backoff;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Founds a fleet, once, in two phases. The seed with the lowest id is the founder: when all seeds are up, empty and
 * started with the same seeds, it writes down a new fleet id and asks each of them to write it down, too
 * ({@code PREPARE}). When all have, it writes down that the fleet is started, and tells them ({@code START}). No node
 * takes part before it knows of the start, so no node can have a say in a fleet that another founding node knows
 * nothing of. Each step is durable before it is acknowledged and may be repeated; nodes that crash continue where they
 * were. A prepared node also asks around whether the fleet has started, so it does not depend on the founder alone.
 *
 * <p>An empty node that meets a fleet which has its id already must not join: its disk was wiped, and the votes and
 * entries it had promised to keep are gone.
 *
 * <p>When two nodes contradict each other about the seeds, the one that came later gives up; the one that was there
 * waits on, for it may well be right. Belongs to the node's lane.
 */
public final class Founding {
    /** What founding does to its node. */
    public interface Steps {
        /** Makes the identity durable. @return false if that failed, and the node with it */
        boolean save(Identity identity);

        /** The node may take part. Told once. */
        void started(Identity identity);

        /** It can't be founded so. @param message one line: what, why, what to do */
        void failed(String message);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Founding.class);
    private static final long CALL_NANOS = 2_000_000_000L;
    private static final long LOOK_AGAIN_NANOS = 500_000_000L;

    private final FoundingPlan plan;
    private final NodeId founder;
    private final List<Node> ownSeeds;
    private final Lane lane;
    private final PeerCalls calls;
    private final Function<NodeId, String> addresses;
    private final Steps steps;
    private final String newFleetId;
    private final SortedMap<NodeId, FoundingPeer> peers = new TreeMap<>();

    private Identity identity;
    private boolean over;

    /**
     * @param identity what the directory holds; null if it is empty
     * @param addresses where a node is known to be now, or an empty string
     * @param newFleetId for a fleet founded here
     */
    public Founding(
            FoundingPlan plan,
            Identity identity,
            Lane lane,
            PeerCalls calls,
            Function<NodeId, String> addresses,
            String newFleetId,
            Steps steps) {
        this.plan = plan;
        this.identity = identity;
        this.lane = lane;
        this.calls = calls;
        this.addresses = addresses;
        this.newFleetId = newFleetId;
        this.steps = steps;
        ownSeeds = identity == null ? plan.nodes() : identity.nodes();
        for (Node seed : ownSeeds) {
            NodeId id = new NodeId(seed.getId());
            if (!id.equals(plan.id())) {
                peers.put(id, new FoundingPeer(id, seed.getAddress()));
            }
        }
        founder = ownSeeds.isEmpty() ? plan.id() : new NodeId(ownSeeds.get(0).getId());
    }

    public void start() {
        if (identity != null && identity.isStarted()) {
            steps.started(identity);
        }
        advance();
        for (FoundingPeer peer : peers.values()) {
            ask(peer);
        }
    }

    public void stop() {
        over = true;
    }

    /** What the founding waits for: one line; empty if it is done. */
    public String waitingFor() {
        if (identity != null && identity.isStarted()) {
            return "";
        }
        for (FoundingPeer peer : peers.values()) {
            if (!peer.trouble.isEmpty()) {
                return "founding waits for " + peer.id + " at " + peer.address + ": " + peer.trouble;
            }
        }
        return "founding goes on";
    }

    /** Answers another node's step. */
    public FoundingReply handle(FoundingRequest request) {
        switch (request.getStep()) {
            case PROBE:
                return reply("");
            case PREPARE:
                return reply(prepare(request));
            case START:
                return reply(begin(request));
            default:
                return reply("node " + plan.id() + " does not know this founding step: run the same release");
        }
    }

    private String prepare(FoundingRequest request) {
        if (identity != null) {
            return identity.fleetId().equals(request.getFleetId())
                    ? ""
                    : "node " + plan.id() + " belongs to fleet " + identity.fleetId() + " already";
        }
        if (over || !request.getFrom().equals(founder.value()) || founder.equals(plan.id())) {
            return "node " + plan.id() + " does not take " + request.getFrom() + " for the founder";
        }
        String difference = plan.difference(ownSeeds, request.getSeedsList(), request.getGroups(), request.getShards());
        if (!difference.isEmpty()) {
            return difference;
        }
        Identity prepared = new Identity(
                plan.id(),
                request.getFleetId(),
                Identity.State.PREPARED,
                request.getSeedsList(),
                request.getGroups(),
                request.getShards(),
                false);
        return save(prepared) ? "" : "node " + plan.id() + " could not write it down";
    }

    private String begin(FoundingRequest request) {
        if (identity == null) {
            return "node " + plan.id() + " is empty: it was never prepared, or its disk was wiped";
        }
        if (!identity.fleetId().equals(request.getFleetId())) {
            return "node " + plan.id() + " belongs to fleet " + identity.fleetId();
        }
        becomeStarted();
        return "";
    }

    private FoundingReply reply(String error) {
        FoundingReply.Builder reply =
                FoundingReply.newBuilder().setNodeId(plan.id().value()).setError(error);
        if (identity == null) {
            return reply.setState(FoundingReply.State.EMPTY)
                    .addAllSeeds(ownSeeds)
                    .setGroups(plan.groups())
                    .setShards(plan.shards())
                    .build();
        }
        return reply.setState(identity.isStarted() ? FoundingReply.State.STARTED : FoundingReply.State.PREPARED)
                .setFleetId(identity.fleetId())
                .addAllSeeds(identity.nodes())
                .setGroups(identity.groups())
                .setShards(identity.shards())
                .build();
    }

    private boolean save(Identity next) {
        if (!steps.save(next)) {
            over = true;
            return false;
        }
        identity = next;
        LOG.info("{}: {} fleet {}", plan.id(), next.state(), next.fleetId());
        return true;
    }

    private void becomeStarted() {
        if (!identity.isStarted() && save(identity.in(Identity.State.STARTED))) {
            steps.started(identity);
        }
    }

    /** Goes as far as what is known of the others allows. */
    private void advance() {
        if (!founder.equals(plan.id()) || over) {
            return;
        }
        if (identity == null && all(FoundingReply.State.EMPTY)) {
            List<Node> nodes = new ArrayList<>();
            for (Node seed : ownSeeds) {
                FoundingPeer peer = peers.get(new NodeId(seed.getId()));
                nodes.add(peer == null ? seed : FoundingPlan.find(peer.last.getSeedsList(), peer.id));
            }
            save(new Identity(
                    plan.id(), newFleetId, Identity.State.PREPARED, nodes, plan.groups(), plan.shards(), false));
        }
        if (identity != null && !identity.isStarted() && all(FoundingReply.State.PREPARED)) {
            becomeStarted();
        }
        if (identity != null && identity.state() == Identity.State.STARTED && all(FoundingReply.State.STARTED)) {
            save(identity.in(Identity.State.FOUNDED));
        }
    }

    /** Whether each other node has said that it is in this state, or beyond. */
    private boolean all(FoundingReply.State state) {
        for (FoundingPeer peer : peers.values()) {
            if (peer.last == null
                    || !peer.trouble.isEmpty()
                    || peer.last.getState().getNumber() < state.getNumber()) {
                return false;
            }
        }
        return true;
    }

    /** Whether there is nothing more to ask. */
    private boolean idle(FoundingPeer peer) {
        if (over || identity != null && identity.state() == Identity.State.FOUNDED) {
            return true;
        }
        if (identity == null || !identity.isStarted()) {
            return false;
        }
        return !founder.equals(plan.id())
                || peer.last != null && peer.last.getState() == FoundingReply.State.STARTED && peer.trouble.isEmpty();
    }

    private void ask(FoundingPeer peer) {
        if (peer.asking || idle(peer)) {
            return;
        }
        peer.asking = true;
        peer.next.cancel();
        Identity.State asked = state();
        FoundingRequest.Builder request =
                FoundingRequest.newBuilder().setFrom(plan.id().value()).setStep(FoundingRequest.Step.PROBE);
        if (identity != null && founder.equals(plan.id())) {
            request.setStep(identity.isStarted() ? FoundingRequest.Step.START : FoundingRequest.Step.PREPARE)
                    .setFleetId(identity.fleetId())
                    .addAllSeeds(identity.nodes())
                    .setGroups(identity.groups())
                    .setShards(identity.shards());
        }
        String known = addresses.apply(peer.id);
        calls.call(
                known.isEmpty() ? peer.address : known,
                Request.newBuilder().setFounding(request),
                CALL_NANOS,
                response -> {
                    peer.asking = false;
                    answered(peer, response, asked);
                },
                reason -> {
                    peer.asking = false;
                    peer.cameLater = true;
                    trouble(peer, reason);
                    askLater(peer, peer.backoff.next());
                });
    }

    private void askLater(FoundingPeer peer, long nanos) {
        peer.next = lane.after(nanos, () -> ask(peer));
    }

    private Identity.State state() {
        return identity == null ? null : identity.state();
    }

    private void answered(FoundingPeer peer, Response response, Identity.State asked) {
        if (over) {
            return;
        }
        if (!response.hasFounding()) {
            trouble(peer, "it answers: " + response.getRefusal().getMessage());
            askLater(peer, peer.backoff.next());
            return;
        }
        FoundingReply reply = response.getFounding();
        peer.backoff.reset();
        Identity.State before = state();
        String contradiction = contradiction(peer, reply);
        if (!contradiction.isEmpty()) {
            trouble(peer, contradiction);
            if (!peer.cameLater && identity == null) {
                fail(contradiction);
            }
        } else if (!reply.getError().isEmpty()) {
            trouble(peer, reply.getError());
        } else {
            peer.trouble = "";
            peer.last = reply;
            judge(peer, reply);
        }
        if (!founder.equals(plan.id()) || asked == state()) {
            askLater(peer, LOOK_AGAIN_NANOS);
        } else {
            ask(peer);
        }
        if (founder.equals(plan.id()) && before != state()) {
            for (FoundingPeer other : peers.values()) {
                ask(other);
            }
        }
    }

    private void judge(FoundingPeer peer, FoundingReply reply) {
        if (identity == null && knowsThisNode(reply)) {
            boolean started = reply.getState() == FoundingReply.State.STARTED;
            boolean founderPrepared = founder.equals(plan.id()) && reply.getState() != FoundingReply.State.EMPTY;
            if (started || founderPrepared) {
                fail("fleet " + reply.getFleetId() + " has a node " + plan.id()
                        + " already, but the data directory of this one is empty (" + peer.id + " at " + peer.address
                        + " says so): give back the directory, or start this node under a new id");
                return;
            }
        }
        if (identity != null
                && !identity.isStarted()
                && reply.getState() == FoundingReply.State.STARTED
                && reply.getFleetId().equals(identity.fleetId())) {
            becomeStarted();
        }
        advance();
    }

    private boolean knowsThisNode(FoundingReply reply) {
        return FoundingPlan.find(reply.getSeedsList(), plan.id()) != null;
    }

    /** What of the answer can't be true if this node's seeds are: one line; empty if nothing. */
    private String contradiction(FoundingPeer peer, FoundingReply reply) {
        if (!reply.getNodeId().equals(peer.id.value())) {
            return "the address " + peer.address + " given for " + peer.id + " belongs to node " + reply.getNodeId()
                    + ": correct the seeds";
        }
        if (identity != null) {
            return reply.getState() == FoundingReply.State.EMPTY
                            || reply.getFleetId().equals(identity.fleetId())
                    ? ""
                    : peer.id + " belongs to fleet " + reply.getFleetId() + ", this node to fleet "
                            + identity.fleetId();
        }
        if (reply.getState() == FoundingReply.State.STARTED) {
            return knowsThisNode(reply)
                    ? ""
                    : peer.id + " belongs to fleet " + reply.getFleetId() + ", which was founded without node "
                            + plan.id() + ": found another fleet with other nodes";
        }
        Node itself = FoundingPlan.find(reply.getSeedsList(), peer.id);
        if (itself != null && itself.getFeatureLevel() < 1) {
            return peer.id + " at " + peer.address + " tells no feature level: start it with the release of this node";
        }
        return plan.difference(ownSeeds, reply.getSeedsList(), reply.getGroups(), reply.getShards());
    }

    private void trouble(FoundingPeer peer, String text) {
        if (!text.equals(peer.trouble)) {
            peer.trouble = text;
            LOG.debug("{}: founding waits for {} at {}: {}", plan.id(), peer.id, peer.address, text);
        }
    }

    private void fail(String message) {
        if (!over) {
            over = true;
            steps.failed(message);
        }
    }

    private static final class FoundingPeer {
        final NodeId id;
        final String address;
        final Backoff backoff = new Backoff(100, 1_000);
        FoundingReply last;
        String trouble = "it was not asked yet";
        /** Did not answer the first time: it was not there before this node was. */
        boolean cameLater;

        boolean asking;
        Cancellable next = () -> {};

        FoundingPeer(NodeId id, String address) {
            this.id = id;
            this.address = address;
        }
    }
}
