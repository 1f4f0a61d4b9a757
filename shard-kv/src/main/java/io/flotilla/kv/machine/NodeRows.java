package io.flotilla.kv.machine;

import io.flotilla.kv.engine.KvEngine;
import io.flotilla.raft.runtime.Clock;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What all data groups of a node share. Thread-safe.
 *
 * @param engine holds their rows
 * @param numbers under which rows lie there
 * @param uses who uses which of them
 * @param limits of the shards' sessions
 * @param clock for what is published of a shard's log time; nothing of it is in the state but through entries
 * @param published what others may know of the groups, by group
 * @param marks their states at Marks
 * @param heldSessions the memory that sessions of holds take
 */
record NodeRows(
        KvEngine engine,
        Numbers numbers,
        RowUses uses,
        SessionLimits limits,
        Clock clock,
        ConcurrentHashMap<Long, PublishedGroup> published,
        Marks marks,
        HeldSessions heldSessions) {}
