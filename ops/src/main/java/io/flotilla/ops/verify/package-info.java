/**
 * Whether the replicas of a fleet's data groups are in the same state: each group fixes an index of its log by an entry, and each
 * replica tells what its state right after it adds up to. Writes and moves go on meanwhile.
 */
package io.flotilla.ops.verify;
