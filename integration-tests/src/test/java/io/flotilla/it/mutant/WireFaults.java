package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of what waits for a peer, and of the lanes' threads. */
final class WireFaults {
    private WireFaults() {}

    private static Mutant in(String lesson, String name, String test, String file, String find, String replace) {
        return Mutant.of(
                lesson,
                name,
                Judge.test("raft." + test),
                new Patch("raft-group/src/main/java/io/flotilla/raft/" + file + ".java", find, replace));
    }

    static List<Mutant> ofTheTransport() {
        String queue = "transport/grpc/PeerQueue";
        return List.of(
                in(
                        "transport",
                        "the room of what left is not given back",
                        "transport.grpc.PeerQueueTest#theRoomIsGivenBackHoweverAMessageLeaves",
                        queue,
                        "bytes.addAndGet(-current.bytes);",
                        ""),
                in(
                        "transport",
                        "what a node says keeps its groups waiting",
                        "transport.grpc.PeerQueueTest#whatNodesTellEachOtherGoesFirstButDoesNotKeepGroupsWaiting",
                        queue,
                        "if (!ofNode.isEmpty() && !(wasOfNode && advance())) {",
                        "if (!ofNode.isEmpty()) {"),
                in(
                        "transport",
                        "small messages count for nothing",
                        "transport.grpc.PeerQueueTest#manySmallMessagesCountForWhatTheyTakeInMemory",
                        queue,
                        "size += one + MESSAGE_OVERHEAD;",
                        "size += one;"),
                in(
                        "transport",
                        "a frame is a message too large",
                        "transport.grpc.PeerQueueTest#messagesLeaveInOrderInFramesOfBoundedSizeAndALargeOneAlone",
                        queue,
                        "if (!messages.isEmpty() && size + one > MessageCodec.FRAME_BYTES) {",
                        "if (!messages.isEmpty() && size > MessageCodec.FRAME_BYTES) {"),
                in(
                        "transport",
                        "rounds are not apart",
                        "transport.grpc.PacedRoundsTest#aRoundBeginsAnIntervalAfterTheLast",
                        "transport/grpc/PacedRounds",
                        "if (wait > 0 && wait <= apart) {",
                        "if (wait > apart) {"));
    }

    static List<Mutant> ofThreads() {
        return List.of(
                in(
                        "threads",
                        "a cancelled task runs",
                        "runtime.threads.ThreadRuntimeTest#aCancelledTaskDoesNotRun",
                        "runtime/inline/QueuedLane",
                        "if (over.compareAndSet(false, true)) {\n                task = null;",
                        "if (over.get()) {\n                task = null;"),
                in(
                        "threads",
                        "delayed tasks run in the order in which they were given",
                        "runtime.threads.ThreadRuntimeTest#delayedTasksRunInTheOrderOfTheirTimesAndNotEarly",
                        "runtime/inline/QueuedLane",
                        "int byTime = Long.signum(due - other.due);",
                        "int byTime = 0;"),
                in(
                        "threads",
                        "one that stops runs what was given to it",
                        "runtime.threads.ThreadRuntimeTest#closeLetsTheRunningTaskFinishAndDropsTheRest",
                        "runtime/threads/ThreadLane",
                        "            clear();\n        } catch (Throwable thrown) {",
                        "            for (Runnable task = nextTask(); task != null; task = nextTask()) {\n"
                                + "                run(task);\n            }\n        } catch (Throwable thrown) {"));
    }

    static List<Mutant> ofSlowDisks() {
        return List.of(
                in(
                        "slow disks",
                        "a leader with a slow disk leads on",
                        "lessons.SlowDisksTest#aLeaderWithASlowDiskHandsOver",
                        "core/Leader",
                        "letAnotherLead(others.quicker()::contains)",
                        "letAnotherLead(node -> false)"),
                in(
                        "slow disks",
                        "where all disks are slow leaderships go to and fro",
                        "lessons.SlowDisksTest#allSlowDisksMoveNothing",
                        "host/shared/SyncTimes",
                        "other.getValue().nanos <= own / FACTOR",
                        "other.getValue().nanos <= own * FACTOR"),
                in(
                        "slow disks",
                        "a process that was stopped has a slow disk",
                        "host.shared.SyncTimesTest#timeInWhichTheProcessDidNotRunIsNotCounted",
                        "host/shared/SyncTimes",
                        "ran - ranWhenItBegan + 2 * tickNanos",
                        "Long.MAX_VALUE"),
                in(
                        "slow disks",
                        "a write that goes on slowly is taken for one that hangs",
                        "host.DiskWatchTest#aSlowCallThatGoesOnDoesNotHang",
                        "host/shared/DiskWatch",
                        "now != seen || step != steps",
                        "now != seen"),
                in(
                        "slow disks",
                        "a stalled leader hands over to a disk that is no remedy",
                        "core.TransferTest#leadersWithAStalledDiskStayAmongSlowOnes",
                        "core/Leader",
                        "letAnotherLead(node -> !others.slow().contains(node))",
                        "letAnotherLead(node -> true)"));
    }
}
