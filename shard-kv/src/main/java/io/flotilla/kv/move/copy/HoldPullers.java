package io.flotilla.kv.move.copy;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.RateLimit;
import io.flotilla.raft.transfer.TransferStore;
import io.flotilla.raft.transfer.TransferTarget;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.TransferId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;

/**
 * All copies of a node: into it, of shards that move to groups here, and out of it. Begin here. Copies run on the lane of the transfers;
 * the public methods may be called on any lane.
 */
public final class HoldPullers {
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;
    private final CopySource source;
    private final Target target = new Target();
    private final PullersParts parts;
    private final Map<HoldKey, HoldPuller> pullers = new TreeMap<>();
    private final Map<TransferId, RowCopy> copying = new TreeMap<>();

    private final Consumer<HoldReport> listener;
    /** The newest of each. Written by the lane. */
    private final ConcurrentSkipListMap<HoldKey, HoldReport> reports = new ConcurrentSkipListMap<>();
    /** Written by the lane; asked for one by one. */
    private final Set<HoldKey> outOfReach = ConcurrentHashMap.newKeySet();

    private boolean stopped;

    /**
     * @param seed for numbers of attempts and views
     * @param told hears each time when what is held here changes durably, or why it can't go on; on the transfer lane, must not block
     */
    public HoldPullers(CopyPorts ports, CopyLimits limits, long seed, Consumer<HoldReport> told) {
        SplittableRandom random = new SplittableRandom(seed);
        SourceQuestions questions = new SourceQuestions(ports, limits);
        this.ports = ports;
        this.limits = limits;
        this.listener = told;
        this.lane = ports.transfers().lane();
        this.source = new CopySource(limits, lane, ports.machines(), random.split());
        this.parts = new PullersParts(
                questions,
                new SourceSurvey(questions, ports.self()),
                CopyPlaces.inOrderOfMoves(limits.copiesIn()),
                CopyPlaces.inOrderOfArrival(limits.roundsAtOnce()),
                new RateLimit(
                        ports.clock(),
                        () -> Math.min(
                                limits.localBytesPerSecond(),
                                ports.transfers().pace().bytesPerSecond())),
                copying,
                target,
                random.split(),
                this::told,
                this::ended);
    }

    /** Before the transfers start. */
    public void bind() {
        ports.transfers().bind(CopyId.KIND, source, target);
    }

    /**
     * Says what the configuration wants held here: all of it, each time anew. What it names no more is copied no further, but that
     * a hold stays until its group's fence is at the move.
     *
     * @param wanted who has the shard now, by what shall be held
     */
    public void want(SortedMap<HoldKey, OwnerReplicas> wanted) {
        SortedMap<HoldKey, OwnerReplicas> copy = new TreeMap<>(wanted);
        run(() -> {
            copy.forEach((key, owner) -> puller(key).follow(owner));
            for (HoldPuller puller : new ArrayList<>(pullers.values())) {
                if (!copy.containsKey(puller.key())) {
                    puller.follow(null);
                    stopUnlessHeldBack(puller);
                }
            }
        });
    }

    /**
     * A replica here can't append an Adopt, for its hold does not reach that far: told again and again while it is so. What
     * the owner can't give is pulled from the replica that sent it.
     *
     * @param shard as Adopt has it
     * @param changeNumber of the hold that Adopt names
     */
    public void heldBack(HoldKey key, Shard shard, long changeNumber, NodeId from) {
        run(() -> puller(key).heldBack(shard, changeNumber, from));
    }

    private HoldPuller puller(HoldKey key) {
        HoldPuller found = pullers.get(key);
        if (found == null) {
            found = new HoldPuller(key, ports, limits, parts);
            pullers.put(key, found);
            found.look();
        }
        return found;
    }

    private void stopUnlessHeldBack(HoldPuller puller) {
        if (puller.isOver() || puller.hasOwner()) {
            return;
        }
        if (puller.isHeldBack()) {
            lane.after(2 * limits.silenceNanos(), () -> {
                if (!stopped) {
                    stopUnlessHeldBack(puller);
                }
            });
        } else {
            puller.stop();
        }
    }

    private void told(HoldPuller puller, boolean isNews) {
        reports.put(puller.key(), puller.report());
        if (puller.isOutOfReach()) {
            outOfReach.add(puller.key());
        } else {
            outOfReach.remove(puller.key());
        }
        if (isNews) {
            listener.accept(puller.report());
        }
    }

    private void ended(HoldKey key) {
        pullers.remove(key);
        reports.remove(key);
        outOfReach.remove(key);
    }

    /** What is held or copied here, in the order of moves. */
    public List<HoldReport> reports() {
        return new ArrayList<>(reports.values());
    }

    /** Whether neither the owner nor a peer can give what a replica here lacks: a snapshot of the group must. */
    public boolean isOutOfReach(HoldKey key) {
        return outOfReach.contains(key);
    }

    private void run(Runnable task) {
        lane.execute(() -> {
            if (!stopped) {
                task.run();
            }
        });
    }

    /** Ends all copies, on the lane of the transfers; holds stay. */
    public void stop() {
        stopped = true;
        new ArrayList<>(pullers.values()).forEach(HoldPuller::stop);
    }

    /** Hears of transfers for the copies under way. */
    private final class Target implements TransferTarget {
        @Override
        public void offered(NodeId from, TransferId id) {
            ports.transfers().receiver().decline(from, id, Outcome.NOT_NEEDED, "copies of shards are asked for");
        }

        /** Parts of copies are kept by the engine alone. */
        @Override
        public boolean recovered(NodeId from, TransferId id) {
            return false;
        }

        @Override
        public void begun(TransferId id, byte[] first) {}

        @Override
        public void whole(TransferId id, TransferStore store) {
            RowCopy copy = copying.get(id);
            if (copy != null) {
                copy.whole();
            }
        }

        @Override
        public void failed(TransferId id, Failure failure, String text) {
            RowCopy copy = copying.get(id);
            if (copy != null) {
                copy.failed(failure, text);
            }
        }
    }
}
