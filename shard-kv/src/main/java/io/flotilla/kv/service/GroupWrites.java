package io.flotilla.kv.service;

import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;

/** The writes of one entry. */
final class GroupWrites extends GroupCommand<ShardWrites.Builder> {
    private long bytes;

    GroupWrites(long group, Door door, Answers out) {
        super(CommandKind.WRITES, group, door, out);
    }

    /** Of the writes gathered so far. */
    long bytes() {
        return bytes;
    }

    /**
     * @param size the write's
     * @return false if its session has no room for it, as far as is known here: it was not gathered
     */
    boolean add(Request request, long size) {
        WriteRequest write = request.getWrite();
        OfShard place = at(write.getShard().getId());
        if (place.gauge != null
                && place.gauge.isFull(
                        write.getSessionHigh(),
                        write.getSessionLow(),
                        write.getSequence(),
                        write.getFirstUnacknowledged())) {
            return false;
        }
        place.requests.addWrites(write);
        added(place, request.getId());
        bytes += size;
        return true;
    }

    @Override
    ShardWrites.Builder begin() {
        return ShardWrites.newBuilder();
    }

    @Override
    KvCommand end(Iterable<OfShard> shards) {
        WriteCommand.Builder command = WriteCommand.newBuilder();
        for (OfShard each : shards) {
            if (each.requests.getWritesCount() > 0) {
                if (each.gauge != null) {
                    each.gauge.countWrites(each.requests.getWritesCount());
                }
                command.addShards(each.requests.setShard(each.shard).setTimeMillis(time(each)));
            }
        }
        return KvCommand.newBuilder().setWrites(command).build();
    }
}
