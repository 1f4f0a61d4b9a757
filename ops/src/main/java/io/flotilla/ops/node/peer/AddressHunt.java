package io.flotilla.ops.node.peer;

import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.SortedMap;

/**
 * Finds nodes that moved while this one was down: where the seeds name another address than the last configuration, it
 * asks there, and believes whoever answers as that node of this fleet. Without it a fleet whose nodes all moved would
 * never meet again. Belongs to the node's lane.
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
    private boolean over;

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

    public void stop() {
        over = true;
    }

    private void ask(NodeId node, String address, int times) {
        if (over || times == 0 || node.equals(self) || address.equals(addresses.addressOf(node))) {
            return;
        }
        calls.call(
                address,
                Request.newBuilder()
                        .setFounding(FoundingRequest.newBuilder()
                                .setStep(FoundingRequest.Step.PROBE)
                                .setFrom(self.value())),
                CALL_NANOS,
                response -> {
                    FoundingReply reply = response.getFounding();
                    if (reply.getNodeId().equals(node.value())
                            && reply.getFleetId().equals(fleetId)) {
                        addresses.found(node, address);
                    } else {
                        lane.after(AGAIN_NANOS, () -> ask(node, address, times - 1));
                    }
                },
                reason -> lane.after(AGAIN_NANOS, () -> ask(node, address, times - 1)));
    }
}
