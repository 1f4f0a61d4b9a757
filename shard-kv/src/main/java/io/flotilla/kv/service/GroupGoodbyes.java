package io.flotilla.kv.service;

import io.flotilla.client.proto.Request;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardGoodbyes;

/** The goodbyes of one entry. */
final class GroupGoodbyes extends GroupCommand<ShardGoodbyes.Builder> {
    GroupGoodbyes(long group, Door door, Answers out) {
        super(CommandKind.GOODBYES, group, door, out);
    }

    void add(Request request) {
        OfShard place = at(request.getGoodbye().getShard().getId());
        place.requests.addGoodbyes(request.getGoodbye());
        added(place, request.getId());
    }

    @Override
    ShardGoodbyes.Builder begin() {
        return ShardGoodbyes.newBuilder();
    }

    @Override
    KvCommand end(Iterable<OfShard> shards) {
        GoodbyeCommand.Builder command = GoodbyeCommand.newBuilder();
        for (OfShard each : shards) {
            command.addShards(each.requests.setShard(each.shard).setTimeMillis(time(each)));
        }
        return KvCommand.newBuilder().setGoodbyes(command).build();
    }
}
