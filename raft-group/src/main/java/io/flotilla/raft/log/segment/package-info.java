/**
 * The shared log of a node as a row of segment files.
 *
 * <p><b>Files.</b> Segments are numbered from 1 and written in that order. A segment is prepared under a temporary name
 * (all its space, header, sync), renamed, and its name synced; then the manifest says that it is there; only then it
 * takes batches. So a segment that the manifest names is whole and present, whenever the power went; one that it does
 * not name yet holds nothing. The manifest is replaced as a whole. It names the first and the last segment, so a missing
 * one is noticed wherever it was. It is there before the first segment is.
 *
 * <p><b>Batches.</b> Each write is one batch: numbered by one sequence over all segments, never spanning two, and bound
 * to store and segment. Its header has a checksum of its own, so that it can be trusted when the payload can't, and
 * says which batch was the last one known synced when it was written.
 *
 * <p><b>Recovery</b> reads batches in order up to the first one that is missing or bad, say n. If any intact header
 * after it, or the manifest, says that n was synced, n was acknowledged and the log is damaged: the node must not start.
 * Otherwise n is what a crash left of an unacknowledged write, and is cut: the rest of the log is zeroed and synced
 * before the first append. The cut must be durable first, because the next batch n overwrites only as many bytes as it
 * has, and what lies behind it must never be taken for its successor. A crash during recovery leaves a log that recovers
 * to the same batches: zeroing touches nothing before n, and n stays bad (or, where the zeros happen to complete it,
 * becomes an unacknowledged batch that may as well be there). The last good batch, the only one that nothing tells to
 * have been synced, is written once more and synced: the process may have been killed before its sync, or the sync may
 * have failed and left pages in memory that the system takes for written; and what this process acts upon must not
 * vanish with the next power cut.
 *
 * <p><b>Records.</b> State (which creates a group), hard state, base, entry; each with its group, the group's own growing
 * record number and a checksum, so that an entry read alone is verified. A state is all that the log keeps of a group
 * besides entries.
 *
 * <p><b>Budget.</b> A segment goes when no group needs anything in it: neither its newest state nor an entry behind its
 * base. Segments go from the front only, at the time the log goes on to a new one, when the manifest is written anyway.
 * Over the budget, groups with entries in the oldest segments are asked to move their base; states there are written
 * once more together with later batches, and so are whole groups that could not move their base in time. A copy is the
 * newest record of its group like any other, in one batch with everything it stands for; it never outranks a record
 * that is really newer, since it has a smaller number. Once old segments are gone the log may begin in the middle of a
 * group: {@code GroupReplay} then waits for the state, and for the base that says that what is missing in front is not
 * needed. If that never comes, the log is damaged.
 *
 * <p><b>Recycling.</b> The file of a dropped segment becomes the spare, and the spare the next segment: overwriting
 * costs less than growing. It is full of old intact batches then, but they are bound to another segment, and a number is
 * never given out again, so none is taken for a successor or for a witness. Readers may still hold places in a dropped
 * segment; after each read they ask whether it was dropped meanwhile, and if so forget what they read.
 */
package io.flotilla.raft.log.segment;
