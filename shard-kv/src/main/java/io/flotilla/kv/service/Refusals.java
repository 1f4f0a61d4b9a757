package io.flotilla.kv.service;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.PublishedMove;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;
import java.util.List;

/** Says in the public protocol why the host did not do what was asked. Thread-safe. */
final class Refusals {
    private static final long RETRY_MILLIS = 5;
    /** A session without room gets some by answers under way. */
    private static final long NO_ROOM_MILLIS = 100;

    private final NodeDirectory directory;

    Refusals(NodeDirectory directory) {
        this.directory = directory;
    }

    io.flotilla.client.proto.Refusal of(long group, Refusal refusal) {
        if (refusal instanceof Refusal.NotLeader notLeader) {
            return withLeader(io.flotilla.client.proto.Refusal.Kind.NOT_LEADER, notLeader.leader())
                    .setMessage("this node does not lead group " + group)
                    .build();
        }
        if (refusal instanceof Refusal.Busy busy) {
            return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                    .setMessage("group " + group + " has too much to do")
                    .setRetryAfterMillis(busy.retryAfterMillis())
                    .build();
        }
        if (refusal instanceof Refusal.Transferring transferring) {
            return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                    .setMessage("group " + group + " transfers its leadership to " + transferring.target())
                    .setRetryAfterMillis(transferring.retryAfterMillis())
                    .build();
        }
        if (refusal instanceof Refusal.Indeterminate indeterminate) {
            return withLeader(io.flotilla.client.proto.Refusal.Kind.INDETERMINATE, indeterminate.leader())
                    .setMessage("group " + group + " lost its leader before the write was known to be done")
                    .build();
        }
        return builder(io.flotilla.client.proto.Refusal.Kind.UNAVAILABLE)
                .setMessage("no running replica of group " + group + " on this node")
                .build();
    }

    io.flotilla.client.proto.Refusal invalid(String message) {
        return builder(io.flotilla.client.proto.Refusal.Kind.INVALID)
                .setMessage(message)
                .build();
    }

    io.flotilla.client.proto.Refusal busy(long group) {
        return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                .setMessage("too many bytes of answers wait to be taken, or would at once, to these reads of group "
                        + group)
                .setRetryAfterMillis(RETRY_MILLIS)
                .build();
    }

    io.flotilla.client.proto.Refusal failed(long group) {
        return builder(io.flotilla.client.proto.Refusal.Kind.UNAVAILABLE)
                .setMessage("the replica of group " + group + " on this node failed")
                .build();
    }

    /** A write's session, or its shard, has no room to remember another reply. */
    io.flotilla.client.proto.Refusal noRoom() {
        return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                .setMessage(
                        "the shard has no room to remember the replies to more of the session's unacknowledged writes,"
                                + " or to another session")
                .setRetryAfterMillis(NO_ROOM_MILLIS)
                .build();
    }

    /** The shard is on its way here. */
    io.flotilla.client.proto.Refusal notYetHere(ShardRef ref) {
        return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                .setMessage("shard " + ref.getId() + " is on its way to group " + ref.getGroup() + " and not there yet")
                .setRetryAfterMillis(RETRY_MILLIS)
                .build();
    }

    /** The shard moves, and the copies don't keep up with its writes. */
    io.flotilla.client.proto.Refusal outrun(ShardRef ref) {
        return builder(io.flotilla.client.proto.Refusal.Kind.BUSY)
                .setMessage(
                        "shard " + ref.getId()
                                + " moves to another group and its writes outrun the copies: some are refused until these are near")
                .setRetryAfterMillis(RETRY_MILLIS)
                .build();
    }

    io.flotilla.client.proto.Refusal tooEarly(CommandKind kind, int featureLevel) {
        return builder(io.flotilla.client.proto.Refusal.Kind.UNAVAILABLE)
                .setMessage(kind.objection(featureLevel))
                .build();
    }

    /**
     * A refusal by the state machine, which knows of no configurations.
     *
     * @param shard that the request named
     * @param key the request's first
     * @param replica what is known of the group's replica here, or null
     */
    io.flotilla.client.proto.Refusal ofMachine(
            io.flotilla.client.proto.Refusal refusal, long shard, ByteString key, PublishedGroup replica) {
        if (refusal.getKind() != io.flotilla.client.proto.Refusal.Kind.STALE_ROUTE) {
            return refusal;
        }
        ShardMap configured = directory.shards();
        List<Shard> known = KnownShards.of(shard, key, replica == null ? List.of() : replica.shards(), configured);
        NodeId leader = known.isEmpty() ? null : leaderOf(known.get(0), replica);
        io.flotilla.client.proto.Refusal.Builder told =
                refusal.toBuilder().setConfigurationNumber(configured.number()).addAllShards(known);
        name(leader, told);
        return told.build();
    }

    /** Who leads the group that has the shard: as a replica here knows, or as that leader said when it asked for the shard. */
    private NodeId leaderOf(Shard shard, PublishedGroup replica) {
        NodeId leader = directory.leaderOf(shard.getGroup());
        if (leader != null || replica == null) {
            return leader;
        }
        PublishedMove move = replica.moves().get(shard.getId());
        return move != null
                        && move.isFrozen()
                        && move.target() == shard.getGroup()
                        && !move.targetLeader().isEmpty()
                ? new NodeId(move.targetLeader())
                : null;
    }

    private io.flotilla.client.proto.Refusal.Builder withLeader(
            io.flotilla.client.proto.Refusal.Kind kind, NodeId leader) {
        io.flotilla.client.proto.Refusal.Builder builder = builder(kind);
        name(leader, builder);
        return builder;
    }

    private void name(NodeId leader, io.flotilla.client.proto.Refusal.Builder refusal) {
        if (leader != null) {
            String address = directory.addressOf(leader);
            refusal.setLeader(leader.value()).setLeaderAddress(address == null ? "" : address);
        }
    }

    private io.flotilla.client.proto.Refusal.Builder builder(io.flotilla.client.proto.Refusal.Kind kind) {
        return io.flotilla.client.proto.Refusal.newBuilder()
                .setKind(kind)
                .setConfigurationNumber(directory.shards().number());
    }
}
