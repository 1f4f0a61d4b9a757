/**
 * The shared log of a node as a row of segment files.
 *
 * <p><b>Files.</b> Segments are numbered from 1 and written in that order. A segment is prepared under a temporary name
 * (zeros to its full size, header, sync), renamed, and its name synced; only then it takes batches. So a segment under
 * its proper name is whole, whenever the power went.
 *
 * <p><b>Batches.</b> Each write is one batch: numbered by one sequence over all segments, never spanning two, and bound
 * to its segment's number. Its header has a checksum of its own, so that it can be trusted when the payload can't, and
 * says which batch was the last one known synced when it was written.
 *
 * <p><b>Recovery</b> reads batches in order up to the first one that is missing or bad, say n. If any intact header
 * after it says that n was synced, n was acknowledged and the log is damaged: the node must not start. Otherwise n is
 * what a crash left of an unacknowledged write, and is cut: the rest of the log is zeroed and synced before the first
 * append. The cut must be durable first, because the next batch n overwrites only as many bytes as it has, and what lies
 * behind it must never be taken for its successor. A crash during recovery leaves a log that recovers to the same
 * batches: zeroing touches nothing before n, and n stays bad (or, where the zeros happen to complete it, becomes an
 * unacknowledged batch that may as well be there). The last good batch is synced, too: the process may have been killed
 * before its sync, and what this one acts upon must not vanish with the next power cut.
 *
 * <p><b>Records.</b> Creation, hard state, entry; each with its group, the group's own growing record number and a
 * checksum, so that an entry read alone is verified.
 */
package io.flotilla.raft.log.segment;
