package io.flotilla.ops.node.move;

import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.kv.move.copy.DiskSpace;

/**
 * What a node's copies of shards go by.
 *
 * @param disk the room where the node's data lies
 * @param seed for numbers of attempts and views
 */
public record MoveParts(CopyLimits limits, DiskSpace disk, long seed) {}
