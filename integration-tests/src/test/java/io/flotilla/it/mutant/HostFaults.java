package io.flotilla.it.mutant;

import static io.flotilla.raft.mutant.Judge.GROUP;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the host, the shared log and the disk. */
final class HostFaults {
    private static final String SOURCES = "raft-group/src/main/java/io/flotilla/raft/";

    private HostFaults() {}

    private static Patch in(String file, String find, String replace) {
        return new Patch(SOURCES + file + ".java", find, replace);
    }

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "SL-54",
                        "vote not persisted",
                        Judges.FLEET_ELECTIONS,
                        in(
                                "host/persistence/MergedWrite",
                                "hardState = batch.hardState();",
                                "hardState = new HardState(batch.hardState().term(), null);")),
                Mutant.of(
                        "SL-55",
                        "batches of one write are put together without cutting",
                        GROUP,
                        in(
                                "host/persistence/MergedWrite",
                                "while (!entries.isEmpty() && entries.get(entries.size() - 1).index() >= first) {",
                                "while (!entries.isEmpty() && entries.get(entries.size() - 1).index() > first) {")),
                Mutant.of(
                        "reads",
                        "read not waiting for apply",
                        GROUP,
                        in(
                                "host/apply/ReadQueue",
                                "while (!waiting.isEmpty() && waiting.peek().index <= applied) {",
                                "while (!waiting.isEmpty()) {"),
                        in(
                                "host/apply/HostedMachine",
                                "if (life.applied() < next.index() && !given.isEmpty()) {",
                                "if (life.applied() < 0 && !given.isEmpty()) {")),
                Mutant.of(
                        "leases",
                        "lease not looked at after the read",
                        Judge.test("raft.lessons.LeaseLessonsTest#leasesEndDuringAPause"),
                        in("host/apply/HeldLease", "return state.nanos() < until;", "return until > Lease.NONE;")),
                Mutant.of(
                        "SL-60",
                        "log cut before its machine is durable",
                        GROUP,
                        in("host/apply/MachineLife", "machine.flushSoon();", "durable = index;")),
                Mutant.of(
                        "disks",
                        "reply before the sync",
                        GROUP,
                        in("log/segment/Segments", "activeFile.file().force();", "")),
                Mutant.of(
                        "disks",
                        "failed sync tried again",
                        Judges.FLEET,
                        in(
                                "log/segment/Segments",
                                "activeFile.file().force();",
                                "try { activeFile.file().force(); } catch (IOException e) { activeFile.file().force(); }")),
                Mutant.of(
                        "disks",
                        "doubtful batch not written again",
                        GROUP,
                        in(
                                "log/segment/Recovery",
                                "if (i == tail && lastBatch > synced) {",
                                "if (i == tail && lastBatch < synced) {")),
                Mutant.of(
                        "tombstones",
                        "a replica is created though its tombstone forbids it",
                        Judge.CHANGES,
                        in("host/RaftHost", "group.joined() <= tombstone.removedAt()", "group.joined() < 0")),
                Mutant.of(
                        "disks",
                        "torn batch trusted",
                        GROUP,
                        in(
                                "log/segment/SegmentScanner",
                                "if (SegmentFormat.crc(window.array(), payload, header.payloadLength()) == expected) {",
                                "if (expected != 1) {")),
                Mutant.of(
                        "disks",
                        "recycled segment trusted",
                        GROUP,
                        in(
                                "log/segment/SegmentScanner",
                                "if (window.getLong(at + 8) != segment.number()) {",
                                "if (window.getLong(at + 8) == 0) {")),
                Mutant.of(
                        "between nodes",
                        "an incarnation used twice",
                        GROUP,
                        in("node/NodeRecords", "new NodeStart(before + 1,", "new NodeStart(Math.max(before, 1),")),
                Mutant.of(
                        "between nodes",
                        "a batch told to be durable before it is",
                        GROUP,
                        in(
                                "host/persistence/BatchTeller",
                                "this.durable = state.log.lastBatch();",
                                "this.durable = state.log.lastBatch() + 1;")),
                Mutant.of(
                        "between nodes",
                        "the checksum of a frame not looked at",
                        Judge.test("raft.transport.MessageCodecTest#everyFlippedBitIsNoticed"),
                        in(
                                "transport/FrameReader",
                                "if (MessageCodec.checksum(in.array(), at, in.remaining()) != expected) {",
                                "if (expected != expected) {")),
                Mutant.of(
                        "between nodes",
                        "an unknown flag of an entry dropped",
                        Judge.test("raft.log.segment.SegmentedLogDamageTest#anUnknownFlagOfAnEntryIsRefused"),
                        in("log/segment/Recovery", "RecordFormat.checkEntry(window, offset);", "")),
                Mutant.of(
                        "between nodes",
                        "an earlier start of a peer takes over",
                        Judge.test("raft.transport.PeersUpTest#aLateGreetingOfAnEarlierStartPutsNobodyBack"),
                        in(
                                "transport/NodeStart",
                                "int order = Long.compare(incarnation, other.incarnation);",
                                "int order = Long.compare(other.incarnation, incarnation);")),
                Mutant.of(
                        "SL-30",
                        "a snapshot that nobody sends on is waited for without end",
                        Judge.test("raft.lessons.SnapshotLessonsTest#leaderDiesDuringASnapshot"),
                        in(
                                "transfer/TransferReceiver",
                                "return !fetching.store.isWhole() && clock.nanos() - fetching.progressAt >= patience;",
                                "return clock.nanos() - fetching.progressAt < 0;")),
                Mutant.of(
                        "transfers",
                        "parts are not synced before the last one",
                        Judge.test(
                                "raft.transfer.TransferTest#aReceiverThatLosesItsPowerTenTimesGoesOnBehindItsLastDurablePart"),
                        in(
                                "transfer/TransferReceiver",
                                "if (part.isLast() || fetching.unforcedBytes >= config.syncBytes()) {",
                                "if (part.isLast()) {")),
                Mutant.of(
                        "transfers",
                        "a sender begins anew whatever the receiver holds",
                        Judge.test("raft.transfer.TransferTest#aSenderThatIsKilledTenTimesGivesTheSameContentAgain"),
                        in(
                                "transfer/TransferSender",
                                "sending.source.seek(ask.position());",
                                "sending.source.seek(new byte[0]);")),
                Mutant.of(
                        "transfers",
                        "a part on the disk is believed without its checksum",
                        Judge.test("raft.transfer.TransferTest#aDamagedPartOnTheDiskIsFetchedAgain"),
                        in(
                                "transfer/PartFile",
                                "if ((int) crc.getValue() != head.getInt(0)) {",
                                "if (head.getInt(0) == 1) {")));
    }
}
