package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.Backoff;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A node's own requests to the controller's leader, wherever it is: repeated until one is answered. Belongs to the
 * node's lane.
 */
public final class ControllerCalls implements ControllerAsker {
    private static final long CALL_NANOS = 2_000_000_000L;

    private final NodeId self;
    private final Lane lane;
    private final PeerCalls calls;
    private final AddressBook addresses;
    private final RaftHost host;
    private final ControllerService controller;
    private final Supplier<Configuration> newest;
    /** Who answered last; null if it failed since. */
    private NodeId leader;

    public ControllerCalls(
            NodeId self,
            Lane lane,
            PeerCalls calls,
            AddressBook addresses,
            RaftHost host,
            ControllerService controller,
            Supplier<Configuration> newest) {
        this.self = self;
        this.lane = lane;
        this.calls = calls;
        this.addresses = addresses;
        this.host = host;
        this.controller = controller;
        this.newest = newest;
    }

    @Override
    public void ask(Request request, BooleanSupplier wanted, Consumer<Response> answered) {
        new PendingCall(request, wanted, answered).attempt(leader);
    }

    private final class PendingCall {
        private final Request request;
        private final BooleanSupplier wanted;
        private final Consumer<Response> answered;
        private final Backoff backoff = new Backoff(50, 1_000);
        private int turn;

        PendingCall(Request request, BooleanSupplier wanted, Consumer<Response> answered) {
            this.request = request;
            this.wanted = wanted;
            this.answered = answered;
        }

        /** @param hint who is said to lead; null if nobody said */
        void attempt(NodeId hint) {
            if (!wanted.getAsBoolean()) {
                return;
            }
            NodeId target = hint == null ? next() : hint;
            if (target.equals(self)) {
                controller.handle(request, response -> lane.execute(() -> judge(response, target)));
                return;
            }
            String address = addresses.addressOf(target);
            if (address.isEmpty()) {
                later();
                return;
            }
            calls.call(
                    address, request.toBuilder(), CALL_NANOS, response -> judge(response, target), reason -> later());
        }

        private NodeId next() {
            GroupStatus local = host.status(ControllerService.GROUP);
            if (local != null && local.leader() != null && turn++ % 2 == 0) {
                return local.leader();
            }
            List<String> replicas = newest.get().getControllerReplicasList();
            return new NodeId(replicas.get(turn++ / 2 % replicas.size()));
        }

        private void later() {
            leader = null;
            lane.after(backoff.next(), () -> attempt(null));
        }

        private void judge(Response response, NodeId from) {
            if (!response.hasRefusal()) {
                leader = from;
                answered.accept(response);
                return;
            }
            Refusal refusal = response.getRefusal();
            switch (refusal.getKind()) {
                case INVALID, NO_SUCH_CONFIGURATION -> answered.accept(response);
                case NOT_LEADER -> {
                    if (refusal.getLeader().isEmpty()
                            || from.equals(self) && refusal.getLeader().equals(self.value())) {
                        later();
                    } else {
                        NodeId named = new NodeId(refusal.getLeader());
                        lane.after(backoff.next(), () -> attempt(named));
                    }
                }
                default -> later();
            }
        }
    }
}
