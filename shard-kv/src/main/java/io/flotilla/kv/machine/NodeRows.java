package io.flotilla.kv.machine;

import io.flotilla.kv.engine.KvEngine;

/**
 * What all data groups of a node share. Thread-safe.
 *
 * @param engine holds their rows
 * @param numbers under which rows lie there
 * @param uses who uses which of them
 * @param limits of the shards' sessions
 */
record NodeRows(KvEngine engine, Numbers numbers, RowUses uses, SessionLimits limits) {}
