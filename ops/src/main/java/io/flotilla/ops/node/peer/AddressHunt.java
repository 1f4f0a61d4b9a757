package io.flotilla.ops.node.peer;

import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Finds nodes that moved while this one was down: where the seeds name another address than the last configuration, it
 * asks there, and believes whoever answers as that node of this fleet. Without it a fleet whose nodes all moved would
 * never meet again. What somebody says of a node's address is asked for there, too, and not believed while the node answers where it
 * was. Belongs to the node's lane.
 */
public final class AddressHunt {
    private static final long CALL_NANOS = 2_000_000_000L;
    private static final long AGAIN_NANOS = 300_000_000L;
    private static final int LOOKS = 20;

    private final NodeId self;
    private final String fleetId;
    private final SortedMap<NodeId, String> seeds;
    private final Lane lane;
    private final PeerCalls calls;
    private final AddressBook addresses;
    /** Nodes of which somebody said that they are elsewhere, while that is asked for. */
    private final SortedSet<NodeId> asked = new TreeSet<>();

    private boolean over;
    private boolean closed;

    public AddressHunt(
            NodeId self,
            String fleetId,
            SortedMap<NodeId, String> seeds,
            Lane lane,
            PeerCalls calls,
            AddressBook addresses) {
        this.self = self;
        this.fleetId = fleetId;
        this.seeds = seeds;
        this.lane = lane;
        this.calls = calls;
        this.addresses = addresses;
    }

    public void start() {
        seeds.forEach((node, address) -> ask(node, address, Integer.MAX_VALUE));
    }

    /**
     * Looks for some seconds whether the nodes are at these addresses after all: they had said so themselves before a
     * configuration said otherwise. Without it a configuration that comes late cuts two nodes off from each other.
     */
    public void lookAgain(SortedMap<NodeId, String> saidThemselves) {
        saidThemselves.forEach((node, address) -> ask(node, address, LOOKS));
    }

    /** Looks no more by itself. */
    public void stop() {
        over = true;
    }

    /** Asks no more at all. */
    public void close() {
        over = true;
        closed = true;
    }

    /** Somebody says that the node is there now. */
    public void suspect(NodeId node, String address) {
        prove(node, address, proven -> {
            if (proven) {
                addresses.found(node, address);
            }
        });
    }

    /**
     * Whether a node is at the address, and no more where it is known to be. While that is asked of a node, it is not asked once more:
     * then the answer is no, at once.
     */
    public void prove(NodeId node, String address, Consumer<Boolean> verdict) {
        String known = addresses.addressOf(node);
        if (address.equals(known)) {
            verdict.accept(true);
        } else if (closed || node.equals(self) || !asked.add(node)) {
            verdict.accept(false);
        } else {
            probe(known, node, isThere -> {
                if (isThere) {
                    asked.remove(node);
                    verdict.accept(false);
                } else {
                    probe(address, node, isHere -> {
                        asked.remove(node);
                        verdict.accept(isHere);
                    });
                }
            });
        }
    }

    private void probe(String address, NodeId node, Consumer<Boolean> answers) {
        if (address.isEmpty()) {
            answers.accept(false);
            return;
        }
        calls.call(
                address,
                question(),
                CALL_NANOS,
                response -> answers.accept(isOf(node, response)),
                reason -> answers.accept(false));
    }

    private Request.Builder question() {
        return Request.newBuilder()
                .setFounding(FoundingRequest.newBuilder()
                        .setStep(FoundingRequest.Step.PROBE)
                        .setFrom(self.value()));
    }

    private boolean isOf(NodeId node, Response response) {
        FoundingReply reply = response.getFounding();
        return reply.getNodeId().equals(node.value()) && reply.getFleetId().equals(fleetId);
    }

    private void ask(NodeId node, String address, int times) {
        if (over || times == 0 || node.equals(self) || address.equals(addresses.addressOf(node))) {
            return;
        }
        calls.call(
                address,
                question(),
                CALL_NANOS,
                response -> {
                    if (isOf(node, response)) {
                        addresses.found(node, address);
                    } else {
                        lane.after(AGAIN_NANOS, () -> ask(node, address, times - 1));
                    }
                },
                reason -> lane.after(AGAIN_NANOS, () -> ask(node, address, times - 1)));
    }
}
