package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.transfer.Transfers;
import java.util.function.LongFunction;

/**
 * What copies get from their node. Copies run on the lane of the transfers, which may block.
 *
 * @param self this node
 * @param published what may be known of a group's replica here without asking it, or null; any thread
 */
public record CopyPorts(
        NodeId self,
        Clock clock,
        Transfers transfers,
        MachineVisits machines,
        LongFunction<PublishedGroup> published,
        MovePeers peers,
        DiskSpace disk,
        CopyCounters counters) {}
