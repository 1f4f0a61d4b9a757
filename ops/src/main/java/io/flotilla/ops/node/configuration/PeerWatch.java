package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.Backoff;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Learns of new configurations from other nodes: watches one of them, and another one after a while, for the one may
 * be cut off itself. Each is told where this node serves: after a move a majority may have to meet before any
 * configuration can say so. Belongs to the node's lane.
 */
public final class PeerWatch {
    private static final long TURN_NANOS = 10_000_000_000L;

    private final Lane lane;
    private final PeerCalls calls;
    private final AddressBook addresses;
    private final Supplier<List<NodeId>> peers;
    private final LongSupplier known;
    private final WatchRequest introduction;
    private final Consumer<Configuration> told;
    private final Predicate<ConfigurationDelta> changed;
    private final SplittableRandom random;
    private final Backoff backoff = new Backoff(100, 2_000);
    private PeerCalls.Stream stream;
    private Cancellable turn = () -> {};
    private boolean over;

    /**
     * @param known the number of the newest known configuration
     * @param introduction says who this node is and where
     * @param changed takes a delta; false if it does not fit
     */
    public PeerWatch(
            Lane lane,
            PeerCalls calls,
            AddressBook addresses,
            Supplier<List<NodeId>> peers,
            LongSupplier known,
            WatchRequest introduction,
            Consumer<Configuration> told,
            Predicate<ConfigurationDelta> changed,
            long seed) {
        this.lane = lane;
        this.calls = calls;
        this.addresses = addresses;
        this.peers = peers;
        this.known = known;
        this.introduction = introduction;
        this.told = told;
        this.changed = changed;
        this.random = new SplittableRandom(seed);
    }

    public void start() {
        next();
    }

    public void stop() {
        over = true;
        turn.cancel();
        if (stream != null) {
            stream.close();
        }
    }

    private void next() {
        next(known.getAsLong());
    }

    /** @param above the number told as known; 0 to be told a whole configuration */
    private void next(long above) {
        List<NodeId> others = peers.get();
        if (over || others.isEmpty()) {
            return;
        }
        String address = addresses.addressOf(others.get(random.nextInt(others.size())));
        if (address.isEmpty()) {
            turn = lane.after(backoff.next(), this::next);
            return;
        }
        Request.Builder request =
                Request.newBuilder().setWatch(introduction.toBuilder().setAbove(above));
        stream = calls.open(
                address,
                request,
                response -> {
                    if (response.hasConfiguration()) {
                        backoff.reset();
                        told.accept(response.getConfiguration());
                    } else if (response.hasConfigurationDelta()) {
                        backoff.reset();
                        if (!changed.test(response.getConfigurationDelta())) {
                            askAgain(response.getConfigurationDelta());
                        }
                    }
                },
                reason -> {
                    turn.cancel();
                    turn = lane.after(backoff.next(), this::next);
                });
        turn = lane.after(TURN_NANOS, () -> {
            stream.close();
            next();
        });
    }

    /** What was told does not go on where this node is, but where it was, if it is further by now. */
    private void askAgain(ConfigurationDelta misfit) {
        boolean wasThere = misfit.getFrom() < known.getAsLong();
        turn.cancel();
        stream.close();
        turn = lane.after(backoff.next(), () -> next(wasThere ? known.getAsLong() : 0));
    }
}
