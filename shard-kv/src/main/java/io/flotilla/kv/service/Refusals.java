package io.flotilla.kv.service;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;

/** Says in the public protocol why the host did not do what was asked. Thread-safe. */
final class Refusals {
    private static final long RETRY_MILLIS = 5;

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
                    .setMessage("group " + group + " is being handed over to " + transferring.target() + " to lead")
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

    /** A refusal by the state machine, which knows of no configurations. */
    io.flotilla.client.proto.Refusal ofMachine(io.flotilla.client.proto.Refusal refusal) {
        return refusal.getKind() == io.flotilla.client.proto.Refusal.Kind.STALE_ROUTE
                ? refusal.toBuilder()
                        .setConfigurationNumber(directory.configurationNumber())
                        .build()
                : refusal;
    }

    private io.flotilla.client.proto.Refusal.Builder withLeader(
            io.flotilla.client.proto.Refusal.Kind kind, NodeId leader) {
        io.flotilla.client.proto.Refusal.Builder builder = builder(kind);
        if (leader != null) {
            String address = directory.addressOf(leader);
            builder.setLeader(leader.value()).setLeaderAddress(address == null ? "" : address);
        }
        return builder;
    }

    private io.flotilla.client.proto.Refusal.Builder builder(io.flotilla.client.proto.Refusal.Kind kind) {
        return io.flotilla.client.proto.Refusal.newBuilder()
                .setKind(kind)
                .setConfigurationNumber(directory.configurationNumber());
    }
}
