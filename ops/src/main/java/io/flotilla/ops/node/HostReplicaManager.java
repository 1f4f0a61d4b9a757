package io.flotilla.ops.node;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Node;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.ops.node.configuration.Reconciler;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.RecoveredGroup;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** The replicas of the host, as the reconciler wants to see them. Thread-safe. */
final class HostReplicaManager implements Reconciler.ReplicaManager {
    /** A replica that begins empty knows no membership; the least number says only that it is no founding one. */
    private static final long JOINED = 1;
    /** No membership comes later: the group has ended, and its id never returns. */
    private static final long FOR_EVER = Long.MAX_VALUE;

    private final RaftHost host;
    private final LongConsumer begun;

    /** @param begun told of each group of which a replica begins */
    HostReplicaManager(RaftHost host, LongConsumer begun) {
        this.host = host;
        this.begun = begun;
    }

    /** What the controller's group was created with, on every node of the fleet. */
    static CreationRecord controller(Identity identity) {
        return CreationRecord.newBuilder()
                .setGroup(ControllerService.GROUP)
                .addAllVoters(Placement.controllerReplicas(
                        identity.nodes().stream().map(Node::getId).toList()))
                .build();
    }

    /** The groups found in the log, each with the number of the configuration that created it. */
    static SortedMap<Long, Long> created(Collection<RecoveredGroup> recovered) {
        TreeMap<Long, Long> created = new TreeMap<>();
        for (RecoveredGroup group : recovered) {
            GroupDescriptor descriptor = group.descriptor();
            try {
                created.put(
                        descriptor.groupId(),
                        descriptor.groupId() == ControllerService.GROUP
                                ? 0
                                : KvGenesis.parseFrom(descriptor.genesis()).getCreatedIn());
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException(
                        "the log holds no creation record of group " + descriptor.groupId()
                                + ": another program wrote it; give this one an empty directory",
                        e);
            }
        }
        return created;
    }

    @Override
    public boolean has(long group) {
        return host.status(group) != null;
    }

    @Override
    public boolean create(CreationRecord record, boolean founding, long since) {
        boolean isThere = host.createGroup(descriptor(record, founding, since));
        if (isThere) {
            begun.accept(record.getGroup());
        }
        return isThere;
    }

    /** What the replica of a data group, or of the controller, starts from. */
    static GroupDescriptor descriptor(CreationRecord record, boolean founding, long since) {
        List<NodeId> voters = record.getVotersList().stream().map(NodeId::new).toList();
        byte[] genesis = record.getGroup() == ControllerService.GROUP
                ? new byte[0]
                : KvGenesis.newBuilder()
                        .addAllShards(record.getShardsList())
                        .setCreatedIn(record.getCreatedIn())
                        .build()
                        .toByteArray();
        return new GroupDescriptor(
                record.getGroup(), Membership.of(voters), genesis, founding ? 0 : Math.max(JOINED, since));
    }

    @Override
    public void retire(long group, Runnable over) {
        host.retire(group, FOR_EVER, new RetireCallback() {
            @Override
            public void retired() {
                over.run();
            }

            @Override
            public void isMember(long index) {
                over.run();
            }

            @Override
            public void refused(Refusal refusal) {
                over.run();
            }
        });
    }
}
