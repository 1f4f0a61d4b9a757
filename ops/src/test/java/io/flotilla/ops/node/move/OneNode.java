package io.flotilla.ops.node.move;

import com.google.protobuf.ByteString;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * A node's host with real replicas and machines, in virtual time. It leads group 1, which has shard 7; group 2 is elsewhere; of group 3
 * it is a voter, but the other one never comes, so nobody leads it. What it asks other nodes is kept, for the test to answer.
 */
final class OneNode {
    static final NodeId SELF = new NodeId("n1");
    static final long SHARD = 7;
    static final long MILLI = 1_000_000L;

    final SimScheduler scheduler = new SimScheduler(7);
    final SimRuntime runtime = new SimRuntime(scheduler, "n1", scheduler.randomStream(), 0, 0);
    final Lane lane = runtime.lane("node");
    final KvMachines machines = new KvMachines(new MemoryEngine(), runtime.clock());
    final Others others = new Others();
    final PeerCalls calls = new PeerCalls(lane, others);
    final AddressBook addresses;
    final RaftHost host;
    /** Null: not known. */
    Configuration newest;

    private long writes;

    OneNode() {
        SimTransport transport = new SimTransport(new SimNetwork(scheduler), runtime, SELF, "n1:1");
        addresses = new AddressBook(SELF, "n1:1", transport);
        SimDisk disk = new SimDisk("n1", scheduler, 1);
        try {
            LogStore log = SegmentedLogStore.open(disk, "log", new LogConfig(8 << 20, 1, 4));
            host = new RaftHost(
                    HostConfig.defaults(SELF, 2, 256 << 20),
                    runtime,
                    log,
                    NodeRecords.open(disk, log, 1),
                    transport,
                    machines,
                    disk,
                    new HostListener() {
                        @Override
                        public void groupFailed(long groupId, Throwable cause) {
                            scheduler.fail(cause);
                        }

                        @Override
                        public void nodeFailed(Throwable cause) {
                            scheduler.fail(cause);
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        host.start();
        Shard shard = Shard.newBuilder().setId(SHARD).setGroup(1).setEpoch(3).build();
        host.createGroup(group(1, shard, SELF));
        host.createGroup(group(3, shard.toBuilder().setId(9).setGroup(3).build(), SELF, new NodeId("n9")));
        newest = Configuration.newBuilder()
                .setNumber(4)
                .setFleetId("f")
                .setFeatureLevel(2)
                .addNodes(Node.newBuilder().setId("n1").setAddress("n1:1"))
                .addNodes(Node.newBuilder().setId("n2").setAddress("n2:1"))
                .addNodes(Node.newBuilder().setId("n3").setAddress("n3:1"))
                .addGroups(Group.newBuilder().setId(1).addReplicas("n1"))
                .addGroups(Group.newBuilder().setId(2).addReplicas("n2").addReplicas("n3"))
                .addShards(shard)
                .build();
        addresses.configured(newest);
        await(() -> SELF.equals(host.status(1).leader()) && host.status(1).applied() > 0);
    }

    private static GroupDescriptor group(long id, Shard shard, NodeId... voters) {
        return new GroupDescriptor(
                id,
                Membership.of(voters),
                KvGenesis.newBuilder().addShards(shard).build().toByteArray());
    }

    void run(long millis) {
        scheduler.runUntil(scheduler.now() + millis * MILLI);
    }

    void await(BooleanSupplier condition) {
        for (int i = 0; i < 10_000 && !condition.getAsBoolean(); i++) {
            run(1);
        }
        if (!condition.getAsBoolean()) {
            throw new AssertionError("not within 10 s");
        }
    }

    /** Puts a value into the shard and waits until it is there. */
    void put(String key, int bytes) {
        WriteRequest write = WriteRequest.newBuilder()
                .setShard(ShardRef.newBuilder().setId(SHARD).setEpoch(3).setGroup(1))
                .setSessionHigh(1)
                .setSessionLow(1)
                .setSequence(++writes)
                .setFirstUnacknowledged(1)
                .setNotAfterMillis(11_000)
                .setMutation(Mutation.newBuilder()
                        .setPut(Put.newBuilder()
                                .setKey(ByteString.copyFromUtf8(key))
                                .setValue(ByteString.copyFrom(new byte[bytes]))))
                .build();
        KvCommand command = KvCommand.newBuilder()
                .setWrites(WriteCommand.newBuilder()
                        .addShards(ShardWrites.newBuilder()
                                .setShard(SHARD)
                                .setTimeMillis(1_000)
                                .addWrites(write)))
                .build();
        boolean[] done = new boolean[1];
        host.propose(1, command.toByteArray(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                done[0] = true;
            }

            @Override
            public void refused(Refusal refusal) {
                throw new AssertionError(refusal);
            }
        });
        await(() -> done[0]);
    }

    /** The other nodes: what they are asked is kept, and they answer when the test says so. */
    static final class Others implements Connector {
        /** One request to one of them. */
        record Asked(String address, Request request, ConnectionHandler from) {
            MoveRequest move() {
                try {
                    return MoveRequest.parseFrom(request.getMove());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            void answer(MoveReply reply) {
                answer(Response.newBuilder().setMove(reply.toByteString()));
            }

            void answer(Response.Builder response) {
                from.onFrame(ServerFrame.newBuilder()
                        .addResponses(response.setId(request.getId()))
                        .build());
            }

            void notLeader(String leader) {
                answer(Response.newBuilder()
                        .setRefusal(io.flotilla.client.proto.Refusal.newBuilder()
                                .setKind(io.flotilla.client.proto.Refusal.Kind.NOT_LEADER)
                                .setMessage("not the leader")
                                .setLeader(leader)));
            }
        }

        final List<Asked> asked = new ArrayList<>();
        int open;

        Asked last() {
            return asked.get(asked.size() - 1);
        }

        @Override
        public Connection connect(String address, ConnectionHandler handler) {
            open++;
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    frame.getRequestsList().forEach(request -> asked.add(new Asked(address, request, handler)));
                }

                @Override
                public void close() {
                    open--;
                }
            };
        }

        @Override
        public void close() {}
    }
}
