package io.flotilla.kv.service;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.Keys;
import java.util.ArrayList;
import java.util.List;

/**
 * All that is known of the range of one shard: by the replica that was asked, which knows its own shards and where others went,
 * and by the node's configuration. Where the two differ the higher epoch is right, for it never falls for any key. Pure.
 */
final class KnownShards {
    /** Shards that are told, at most. */
    static final int MAX_TOLD = 256;

    private KnownShards() {}

    /**
     * @param id of the shard that a request named
     * @param key the request's first: the range to tell about if nothing is known of the shard
     * @param replicas what the group's replica here knows
     * @return in key order, without overlap
     */
    static List<Shard> of(long id, ByteString key, List<Shard> replicas, ShardMap configured) {
        ByteString start = null;
        ByteString end = null;
        List<Shard> named = new ArrayList<>();
        for (Shard shard : replicas) {
            if (shard.getId() == id) {
                named.add(shard);
            }
        }
        if (configured.find(id) != null) {
            named.add(configured.find(id));
        }
        for (Shard shard : named) {
            start = start == null || Keys.compare(shard.getStart(), start) < 0 ? shard.getStart() : start;
            end = end == null || (!end.isEmpty() && (shard.getEnd().isEmpty() || Keys.compare(shard.getEnd(), end) > 0))
                    ? shard.getEnd()
                    : end;
        }
        if (start == null) {
            start = key;
            end = key.concat(ByteString.copyFrom(new byte[1]));
        }
        List<Shard> candidates = new ArrayList<>();
        for (Shard shard : replicas) {
            if (overlap(shard.getStart(), shard.getEnd(), start, end)) {
                candidates.add(shard);
            }
        }
        candidates.addAll(configured.within(start, end, MAX_TOLD));
        List<Shard> newest = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            if (!isOverruled(i, candidates)) {
                newest.add(candidates.get(i));
            }
        }
        newest.sort((a, b) -> Keys.compare(a.getStart(), b.getStart()));
        return newest.size() > MAX_TOLD ? newest.subList(0, MAX_TOLD) : newest;
    }

    /** By one with a higher epoch, or by an earlier one with the same. */
    private static boolean isOverruled(int at, List<Shard> candidates) {
        Shard shard = candidates.get(at);
        for (int i = 0; i < candidates.size(); i++) {
            Shard other = candidates.get(i);
            if (i != at
                    && (other.getEpoch() > shard.getEpoch() || (other.getEpoch() == shard.getEpoch() && i < at))
                    && overlap(shard.getStart(), shard.getEnd(), other.getStart(), other.getEnd())) {
                return true;
            }
        }
        return false;
    }

    private static boolean overlap(ByteString start, ByteString end, ByteString otherStart, ByteString otherEnd) {
        return (otherEnd.isEmpty() || Keys.compare(start, otherEnd) < 0)
                && (end.isEmpty() || Keys.compare(otherStart, end) < 0);
    }
}
