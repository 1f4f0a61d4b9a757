package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.host.shared.PeerOutbox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Batches of one worker's replicas that are durable. Filled by the log writer, then handed over to the worker. */
public final class DurableBatches {
    private LogOwner[] owners = new LogOwner[16];
    private long[] sequences = new long[16];
    private int count;
    private final List<Long> groups = new ArrayList<>();
    private final List<List<Outbound>> messages = new ArrayList<>();

    /** Messages that waited for it, if the worker is to send them. */
    void add(long groupId, List<Outbound> released) {
        if (!released.isEmpty()) {
            groups.add(groupId);
            messages.add(released);
        }
    }

    /** In the order of the replica's batches; the last one speaks for those before it. */
    void add(LogOwner owner, long sequence) {
        if (count > 0 && owners[count - 1] == owner) {
            sequences[count - 1] = sequence;
            return;
        }
        if (count == owners.length) {
            owners = Arrays.copyOf(owners, 2 * count);
            sequences = Arrays.copyOf(sequences, 2 * count);
        }
        owners[count] = owner;
        sequences[count] = sequence;
        count++;
    }

    /** Tells the replicas, then gives out the messages. On the worker's lane. */
    public void tell(PeerOutbox outbox) {
        for (int i = 0; i < count; i++) {
            owners[i].persisted(sequences[i]);
        }
        for (int i = 0; i < messages.size(); i++) {
            outbox.add(groups.get(i), messages.get(i));
        }
    }
}
