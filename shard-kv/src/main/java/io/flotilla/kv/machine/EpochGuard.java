package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.kv.engine.Keys;
import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** Lets a request through only to a shard that this group serves, in its present epoch and range. Applier lane. */
final class EpochGuard {
    private final long group;
    private final SortedMap<Long, ShardState> shards = new TreeMap<>();

    EpochGuard(long group, Collection<ShardState> shards) {
        this.group = group;
        for (ShardState shard : shards) {
            this.shards.put(shard.id(), shard);
        }
    }

    /** By ascending id. */
    Collection<ShardState> shards() {
        return Collections.unmodifiableCollection(shards.values());
    }

    /** The shard with this id, also if it is frozen; null if it is not here. */
    ShardState find(long id) {
        return shards.get(id);
    }

    /** Whether the reference means this shard as it is, and it is served. @param shard or null */
    boolean serves(ShardState shard, ShardRef ref) {
        return shard != null
                && !shard.isFrozen()
                && shard.id() == ref.getId()
                && shard.epoch() == ref.getEpoch()
                && ref.getGroup() == group;
    }

    /** The shard that the reference means, or null if this group does not serve it in that epoch. */
    ShardState find(ShardRef ref) {
        ShardState shard = shards.get(ref.getId());
        return serves(shard, ref) ? shard : null;
    }

    /** The group has it from now on, in place of one with the same id. */
    void put(ShardState shard) {
        shards.put(shard.id(), shard);
    }

    void remove(long id) {
        shards.remove(id);
    }

    static boolean covers(Shard shard, ByteString key) {
        return Keys.compare(key, shard.getStart()) >= 0
                && (shard.getEnd().isEmpty() || Keys.compare(key, shard.getEnd()) < 0);
    }

    static boolean covers(Shard shard, Mutation mutation) {
        switch (mutation.getOperationCase()) {
            case PUT:
                return covers(shard, mutation.getPut().getKey());
            case DELETE:
                return covers(shard, mutation.getDelete().getKey());
            case APPEND:
                return covers(shard, mutation.getAppend().getKey());
            case INCREMENT:
                return covers(shard, mutation.getIncrement().getKey());
            case COMPARE_AND_SET:
                return covers(shard, mutation.getCompareAndSet().getKey());
            case BATCH:
                return covers(shard, mutation.getBatch());
            default:
                return false;
        }
    }

    private static boolean covers(Shard shard, Batch batch) {
        for (int i = 0; i < batch.getConditionsCount(); i++) {
            if (!covers(shard, batch.getConditions(i).getKey())) {
                return false;
            }
        }
        for (int i = 0; i < batch.getMutationsCount(); i++) {
            if (!covers(shard, batch.getMutations(i))) {
                return false;
            }
        }
        return true;
    }

    /** A scan is cut to the shard's range and therefore always within it. */
    static boolean covers(Shard shard, ReadRequest read) {
        switch (read.getOperationCase()) {
            case GET:
                return covers(shard, read.getGet().getKey());
            case MULTI_GET:
                for (int i = 0; i < read.getMultiGet().getKeysCount(); i++) {
                    if (!covers(shard, read.getMultiGet().getKeys(i))) {
                        return false;
                    }
                }
                return true;
            default:
                return true;
        }
    }

    /** The refusal of a request that was let through to no shard; whoever answers adds what is known of shards. */
    Refusal staleRoute(ShardRef ref) {
        return Refusal.newBuilder()
                .setKind(Refusal.Kind.STALE_ROUTE)
                .setMessage("group " + group + " does not serve shard " + ref.getId() + " in epoch " + ref.getEpoch()
                        + " with such keys")
                .build();
    }

    /** The first key of a write; empty if it has none. */
    static ByteString firstKey(Mutation mutation) {
        switch (mutation.getOperationCase()) {
            case PUT:
                return mutation.getPut().getKey();
            case DELETE:
                return mutation.getDelete().getKey();
            case APPEND:
                return mutation.getAppend().getKey();
            case INCREMENT:
                return mutation.getIncrement().getKey();
            case COMPARE_AND_SET:
                return mutation.getCompareAndSet().getKey();
            case BATCH:
                Batch batch = mutation.getBatch();
                return batch.getConditionsCount() > 0
                        ? batch.getConditions(0).getKey()
                        : batch.getMutationsCount() > 0 ? firstKey(batch.getMutations(0)) : ByteString.EMPTY;
            default:
                return ByteString.EMPTY;
        }
    }

    /** The first key of a read; empty if it has none. */
    static ByteString firstKey(ReadRequest read) {
        switch (read.getOperationCase()) {
            case GET:
                return read.getGet().getKey();
            case MULTI_GET:
                return read.getMultiGet().getKeysCount() > 0
                        ? read.getMultiGet().getKeys(0)
                        : ByteString.EMPTY;
            default:
                return read.getScan().getFrom();
        }
    }
}
