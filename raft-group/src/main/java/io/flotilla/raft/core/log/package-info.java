/**
 * The part of the log that a core needs to decide: the terms of all entries, and those entries that are in memory. Belongs to
 * its core; entries and ids are immutable.
 */
package io.flotilla.raft.core.log;
