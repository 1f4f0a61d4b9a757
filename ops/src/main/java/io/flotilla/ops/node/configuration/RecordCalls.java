package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecordRequest;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Request;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.Backoff;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * Asks other nodes what groups were created with, those with a replica of the controller first: some at a time, one node after
 * another, until all is known or not wanted any more. Belongs to the node's lane.
 */
public final class RecordCalls {
    static final int MOST_AT_A_TIME = 16;
    private static final long CALL_NANOS = 2_000_000_000L;

    private final NodeId self;
    private final Lane lane;
    private final PeerCalls calls;
    private final AddressBook addresses;
    private final Supplier<Configuration> newest;
    private final CreationRecords records;
    private final LongPredicate wanted;
    private final Runnable known;
    private final TreeSet<Long> waiting = new TreeSet<>();
    private final TreeSet<Long> asked = new TreeSet<>();
    private final Backoff backoff = new Backoff(50, 2_000);
    private boolean resting;
    private int turn;

    /**
     * @param wanted whether a group's record is still of use
     * @param known called after a record was learnt
     */
    public RecordCalls(
            NodeId self,
            Lane lane,
            PeerCalls calls,
            AddressBook addresses,
            Supplier<Configuration> newest,
            CreationRecords records,
            LongPredicate wanted,
            Runnable known) {
        this.self = self;
        this.lane = lane;
        this.calls = calls;
        this.addresses = addresses;
        this.newest = newest;
        this.records = records;
        this.wanted = wanted;
        this.known = known;
    }

    /** Does nothing if the group is asked for already. */
    public void fetch(long group) {
        if (!asked.contains(group)) {
            waiting.add(group);
            next();
        }
    }

    private void next() {
        while (!resting && asked.size() < MOST_AT_A_TIME && !waiting.isEmpty()) {
            long group = waiting.pollFirst();
            if (wanted.test(group) && records.find(group) == null) {
                ask(group);
            }
        }
    }

    private void ask(long group) {
        String address = target();
        if (address.isEmpty()) {
            waiting.add(group);
            rest();
            return;
        }
        asked.add(group);
        Request.Builder request = Request.newBuilder()
                .setCreationRecord(CreationRecordRequest.newBuilder().setGroup(group));
        calls.call(
                address,
                request,
                CALL_NANOS,
                response -> {
                    asked.remove(group);
                    if (response.hasCreationRecord()
                            && response.getCreationRecord().getGroup() == group) {
                        backoff.reset();
                        records.add(response.getCreationRecord());
                        known.run();
                        next();
                    } else {
                        again(group);
                    }
                },
                reason -> {
                    asked.remove(group);
                    again(group);
                });
    }

    private void again(long group) {
        waiting.add(group);
        rest();
    }

    private void rest() {
        if (!resting) {
            resting = true;
            lane.after(backoff.next(), () -> {
                resting = false;
                next();
            });
        }
    }

    /** Twice as often a node of the controller as any other. */
    private String target() {
        List<String> likely = new ArrayList<>(newest.get().getControllerReplicasList());
        List<String> all = new ArrayList<>(
                newest.get().getNodesList().stream().map(Node::getId).toList());
        likely.remove(self.value());
        all.remove(self.value());
        List<String> from = likely.isEmpty() || turn % 3 == 2 ? all : likely;
        return from.isEmpty() ? "" : addresses.addressOf(new NodeId(from.get(Math.floorMod(turn++, from.size()))));
    }
}
