package io.flotilla.kv.machine;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.core.log.Entry;
import java.io.IOException;
import java.util.List;
import java.util.SortedMap;

/**
 * What others than the applier may know of a data group's replica on this node, as of what was applied last. Immutable, but for the
 * gauges, the moves and the holds, which say themselves how they change.
 */
public final class PublishedGroup {
    private final SortedMap<Long, ShardGauge> gauges;
    private final List<Shard> shards;
    private final SortedMap<Long, PublishedMove> moves;
    private final SortedMap<Long, Long> fences;
    private final List<PublishedHold> holds;

    PublishedGroup(
            SortedMap<Long, ShardGauge> gauges,
            List<Shard> shards,
            SortedMap<Long, PublishedMove> moves,
            SortedMap<Long, Long> fences,
            List<PublishedHold> holds) {
        this.gauges = gauges;
        this.shards = shards;
        this.moves = moves;
        this.fences = fences;
        this.holds = holds;
    }

    /** Of a shard that the group serves; null if it does not serve it. */
    public ShardGauge gauge(long shard) {
        return gauges.get(shard);
    }

    /** The shards that the group serves, and those that it froze or gave away as they are from then on. */
    public List<Shard> shards() {
        return shards;
    }

    /** The shards that move away or are frozen, by shard. */
    public SortedMap<Long, PublishedMove> moves() {
        return moves;
    }

    /** The highest move that the group has applied for a shard; 0 if none. */
    public long fence(long shard) {
        return fences.getOrDefault(shard, 0L);
    }

    /** What this node holds of shards that move to the group, copies that are not whole too; by shard and move. */
    public List<PublishedHold> holds() {
        return holds;
    }

    /** Null if there is none. */
    public PublishedHold hold(long shard, long move) {
        for (PublishedHold hold : holds) {
            if (hold.shard() == shard && hold.move() == move) {
                return hold;
            }
        }
        return null;
    }

    /**
     * Whether this replica may append a guarded entry: it holds, durably, what an Adopt names, or is through with its move. True of
     * any other command: none is guarded. Once true of an entry always true of it. Any thread.
     */
    public boolean holds(Entry entry) {
        KvCommand command;
        try {
            CodedInputStream bytes =
                    UnsafeByteOperations.unsafeWrap(entry.payload()).newCodedInput();
            bytes.enableAliasing(true);
            command = KvCommand.parseFrom(bytes);
        } catch (IOException e) {
            return true; // whoever applies it stops
        }
        return !command.hasAdopt() || holds(command.getAdopt());
    }

    private boolean holds(AdoptCommand adopt) {
        long shard = adopt.getShard().getId();
        if (fence(shard) >= adopt.getMove()) {
            return true;
        }
        PublishedHold hold = hold(shard, adopt.getMove());
        return hold != null && hold.isWhole() && hold.durableChangeNumber() >= adopt.getHoldChangeNumber();
    }
}
