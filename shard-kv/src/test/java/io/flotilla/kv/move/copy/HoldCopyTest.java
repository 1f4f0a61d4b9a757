package io.flotilla.kv.move.copy;

import static io.flotilla.kv.move.copy.CopyWorld.KEY;
import static io.flotilla.kv.move.copy.CopyWorld.MILLI;
import static io.flotilla.kv.move.copy.CopyWorld.MOVE;
import static io.flotilla.kv.move.copy.CopyWorld.OWNER;
import static io.flotilla.kv.move.copy.CopyWorld.SECOND;
import static io.flotilla.kv.move.copy.CopyWorld.SHARD;
import static io.flotilla.kv.move.copy.CopyWorld.TARGET;
import static io.flotilla.kv.move.copy.CopyWorld.key;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.Writes;
import io.flotilla.kv.move.copy.CopyWorld.Node;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardCounters;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies of a shard that moves, by replicas of the target, while the owner goes on serving it. */
class HoldCopyTest {
    private static final Shard AS_TARGETS =
            SHARD.toBuilder().setGroup(TARGET).setEpoch(SHARD.getEpoch() + 1).build();

    @TempDir
    private Path home;

    private CopyWorld world(long seed, boolean onDisk) {
        return new CopyWorld(seed, onDisk ? home : null);
    }

    /** The owner on n1 and n2, the target on n3; 60 rows, the move begun, applied everywhere. */
    private CopyWorld begun(long seed, boolean onDisk) {
        CopyWorld world = world(seed, onDisk);
        world.add("n1", OWNER);
        world.add("n2", OWNER);
        world.add("n3", TARGET);
        return begin(world);
    }

    private static CopyWorld begin(CopyWorld world) {
        world.start();
        world.fill(60);
        world.moveOut();
        world.applyOwners();
        return world;
    }

    private static void isWholeAndEqual(CopyWorld world, Node from, Node to) {
        world.until(to.id + " holds it all", () -> isUpToDate(world, from, to));
        assertThat(to.ofHold()).isEqualTo(from.ofOwner());
    }

    private static boolean isUpToDate(CopyWorld world, Node from, Node to) {
        HoldReport last = to.last();
        return last.getWhole() && last.getChangeNumber() == from.ownersChange();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theCopyIsWhatTheOwnerHasSessionsToo(boolean onDisk) {
        try (CopyWorld world = begun(1, onDisk)) {
            Node n3 = world.node("n3");
            n3.want("n1", "n2");
            isWholeAndEqual(world, world.node("n1"), n3);
            assertThat(n3.ofHold().keySet()).hasSize(65).contains("session 1", "session 5", key(0), key(59));
            assertThat(n3.counters.remoteBytes.sum()).isGreaterThan(5_000);
            assertThat(n3.counters.localBytes.sum()).isZero();
            assertThat(n3.counters.copied.sum()).isEqualTo(1);
            assertThat(n3.last().getCopiedBytes()).isGreaterThan(5_000);
            assertThat(n3.pullers.reports()).containsExactly(n3.last());
        }
    }

    /** Writes all the time, replicas of the owner at their own pace, a network that loses, doubles and reorders. */
    private void copiesUnderWrites(long seed, boolean onDisk) {
        try (CopyWorld world = begun(seed, onDisk)) {
            SplittableRandom random = new SplittableRandom(seed);
            world.network.setQuality(new SimNetwork.Quality(0.05, 0.05, 0.1, 50 * MILLI, 100_000, 3 * MILLI));
            Node n3 = world.node("n3");
            n3.want("n1", "n2");
            long toldBefore = 0;
            for (int i = 0; i < 150; i++) {
                for (int w = random.nextInt(4); w > 0; w--) {
                    world.someWrite(80);
                }
                world.node(random.nextBoolean() ? "n1" : "n2").apply(OWNER, world.ownersLog.size() - random.nextInt(3));
                world.run(random.nextLong(10 * MILLI));
                if (random.nextInt(40) == 0) {
                    toldBefore = crash(world, n3, random.nextBoolean(), toldBefore);
                    n3.want("n1", "n2");
                } else if (random.nextInt(40) == 0) {
                    restart(world.node(random.nextBoolean() ? "n1" : "n2"), random.nextBoolean());
                }
            }
            world.network.setQuality(SimNetwork.Quality.healthy());
            world.applyOwners();
            isWholeAndEqual(world, world.node("n1"), n3);
            assertThat(world.node("n2").ofOwner()).isEqualTo(world.node("n1").ofOwner());
        }
    }

    /** @return the change number told last, if it was of a whole hold: a crash leaves at least that */
    private static long crash(CopyWorld world, Node node, boolean powerCut, long toldBefore) {
        long told = toldBefore;
        for (HoldReport report : node.told) {
            told = report.getWhole() ? Math.max(told, report.getChangeNumber()) : told;
        }
        restart(node, powerCut);
        if (told > 0) {
            assertThat(node.held()).isGreaterThanOrEqualTo(told);
        }
        return told;
    }

    private static void restart(Node node, boolean powerCut) {
        node.crash(powerCut);
        node.start();
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30})
    void aCopyUnderWritesAndCrashesIsWhatTheOwnerHas(long seed) {
        copiesUnderWrites(seed, false);
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33})
    void aCopyUnderWritesAndCrashesIsWhatTheOwnerHasOnDisk(long seed) {
        copiesUnderWrites(seed, true);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withinOneNodeNothingCrossesTheNetwork(boolean onDisk) {
        try (CopyWorld world = world(2, onDisk)) {
            world.add("n1", OWNER, TARGET);
            world.add("n2", OWNER);
            begin(world);
            Node n1 = world.node("n1");
            n1.want("n1", "n2");
            world.run(20 * MILLI);
            world.someWrite(60);
            world.someWrite(60);
            world.applyOwners();
            isWholeAndEqual(world, n1, n1);
            assertThat(n1.counters.localBytes.sum()).isGreaterThan(5_000);
            assertThat(n1.counters.localRoundBytes.sum()).isPositive();
            assertThat(n1.counters.remoteBytes.sum()).isZero();
            assertThat(n1.counters.remoteRoundBytes.sum()).isZero();
            assertThat(n1.repliesIn).isZero();
        }
    }

    @Test
    void whatLiesInOneEngineIsApart() {
        liesApart(false);
    }

    @Test
    void whatLiesInOneEngineIsApartOnDisk() {
        liesApart(true);
    }

    /** The owner's rows and sessions and the hold of them lie in one engine. */
    private void liesApart(boolean onDisk) {
        try (CopyWorld world = world(3, onDisk)) {
            world.add("n1", OWNER, TARGET);
            begin(world);
            Node n1 = world.node("n1");
            n1.want("n1");
            isWholeAndEqual(world, n1, n1);
            Map<String, ByteString> before = n1.ofHold();
            n1.pullers.want(new TreeMap<>());
            world.run(SECOND);
            world.write(1, Writes.put(key(3), "later"));
            world.write(9, Writes.delete(key(4)));
            world.applyOwners();
            world.run(SECOND);
            // what the owner has is read from the engine, too
            restart(n1, false);
            assertThat(n1.ofOwner())
                    .isNotEqualTo(before)
                    .doesNotContainKey(key(4))
                    .containsKey("session 9");
            assertThat(n1.ofHold()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCopyGoesOnBehindItsLastKeyAtAReplicaThatLagsWhenTheSourceDies(boolean onDisk) {
        try (CopyWorld world = world(4, onDisk)) {
            world.add("n1", OWNER);
            world.add("n2", OWNER);
            world.add("n3", TARGET);
            begin(world);
            Node n3 = world.node("n3");
            Node n1 = world.node("n1");
            // n2 has applied MoveOut and nothing since
            world.write(1, Writes.delete(key(2)));
            world.write(1, Writes.delete(key(55)));
            world.write(2, Writes.put(key(70), "new"));
            n1.apply(OWNER, world.ownersLog.size());
            n3.want("n1");
            world.until("a part of it is here", () -> n3.last().getCopiedBytes() > 0 || copied(n3) > 2_000);
            n1.crash(false);
            n3.want("n1", "n2");
            world.until("it is whole", () -> n3.last().getWhole());
            long all = n3.counters.remoteBytes.sum();
            assertThat(n3.held()).isLessThanOrEqualTo(world.node("n2").ownersChange());
            // hardly anything came twice
            assertThat(all).isLessThan(7_500);
            n1.start();
            n1.apply(OWNER, world.ownersLog.size());
            isWholeAndEqual(world, n1, n3);
            assertThat(n3.ofHold()).doesNotContainKeys(key(2), key(55)).containsKey(key(70));
        }
    }

    private static long copied(Node node) {
        return node.counters.remoteBytes.sum();
    }

    /** A source with nothing new is left for one that has. */
    @Test
    void aSourceThatLagsBehindTheOthersIsLeft() {
        try (CopyWorld world = begun(21, false)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            n3.want("n2");
            isWholeAndEqual(world, world.node("n2"), n3);
            world.write(1, Writes.put(key(1), "newer"));
            n1.apply(OWNER, world.ownersLog.size());
            n3.want("n1", "n2");
            isWholeAndEqual(world, n1, n3);
        }
    }

    @Test
    void theRoundsGoOnAtAnotherReplicaWhenTheSourceDies() {
        try (CopyWorld world = begun(21, false)) {
            Node n1 = world.node("n1");
            Node n2 = world.node("n2");
            Node n3 = world.node("n3");
            n3.want("n2");
            isWholeAndEqual(world, n2, n3);
            n2.crash(false);
            n3.want("n1", "n2");
            world.write(1, Writes.put(key(1), "newer"));
            n1.apply(OWNER, world.ownersLog.size());
            isWholeAndEqual(world, n1, n3);
        }
    }

    /** What an entry names is looked for at once, and at all replicas of the owner. */
    @Test
    void whoIsHeldBackLooksForMoreThanItsSourceHas() {
        try (CopyWorld world = begun(22, false)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            n3.want("n2");
            isWholeAndEqual(world, world.node("n2"), n3);
            world.run(SECOND);
            world.write(1, Writes.put(key(1), "newer"));
            n1.apply(OWNER, world.ownersLog.size());
            n3.want("n1", "n2");
            world.run(MILLI);
            n3.pullers.heldBack(KEY, AS_TARGETS, n1.ownersChange(), n1.id);
            world.run(200 * MILLI);
            assertThat(n3.last().getChangeNumber()).isEqualTo(n1.ownersChange());
        }
    }

    /** What n2 would tell would take the hold back. */
    @Test
    void aSourceBelowTheHoldIsNotAsked() {
        try (CopyWorld world = begun(5, false)) {
            Node n1 = world.node("n1");
            Node n2 = world.node("n2");
            Node n3 = world.node("n3");
            world.write(1, Writes.put(key(1), "newer"));
            world.write(1, Writes.delete(key(2)));
            n1.apply(OWNER, world.ownersLog.size());
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
            long held = n3.held();
            Map<String, ByteString> content = n3.ofHold();
            n1.crash(false);
            n3.want("n1", "n2");
            world.run(5 * SECOND);
            assertThat(n3.held()).isEqualTo(held);
            assertThat(n3.ofHold()).isEqualTo(content);
            assertThat(n3.last().getProblem()).contains("no replica of group 3 answers that has all changes");
            world.write(1, Writes.put(key(2), "again"));
            n2.apply(OWNER, world.ownersLog.size());
            isWholeAndEqual(world, n2, n3);
            assertThat(n3.last().getProblem()).isEmpty();
        }
    }

    /** Target on n3, which reaches the owner, and n4, which does not. */
    private CopyWorld cutOff(long seed, boolean onDisk) {
        CopyWorld world = world(seed, onDisk);
        world.add("n1", OWNER);
        world.add("n3", TARGET);
        world.add("n4", TARGET);
        begin(world);
        world.network.cut("n4", "n1");
        world.network.cut("n1", "n4");
        world.node("n3").want("n1");
        isWholeAndEqual(world, world.node("n1"), world.node("n3"));
        return world;
    }

    private static void heldBack(CopyWorld world, Node node, Node from, long needed) {
        // as the host tells it: again and again
        world.until(node.id + " holds enough", () -> {
            node.pullers.heldBack(KEY, AS_TARGETS, needed, from.id);
            world.run(50 * MILLI);
            return node.last().getWhole() && node.last().getChangeNumber() >= needed;
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoCantReachTheOwnerPullsTheHoldOfThePeerThatSentTheEntry(boolean onDisk) {
        try (CopyWorld world = cutOff(6, onDisk)) {
            Node n3 = world.node("n3");
            Node n4 = world.node("n4");
            n4.want("n1");
            world.run(2 * SECOND);
            assertThat(n4.last().getWhole()).isFalse();
            assertThat(n4.last().getProblem()).contains("no replica of group 3 answers that has begun");
            long needed = n3.held();
            heldBack(world, n4, n3, needed);
            assertThat(n4.held()).isEqualTo(needed);
            assertThat(n4.ofHold()).isEqualTo(n3.ofHold());
            assertThat(n4.pullers.isOutOfReach(KEY)).isFalse();
        }
    }

    @Test
    void aPullFromAPeerThatBreaksBeginsAnewAndDeletedRowsStayDeleted() {
        pullsAnew(41, false, false);
        pullsAnew(42, true, false);
    }

    @Test
    void aPullFromAPeerThatBreaksBeginsAnewAndDeletedRowsStayDeletedOnDisk() {
        pullsAnew(43, false, true);
        pullsAnew(44, true, true);
    }

    /** What was copied of a peer's hold is not gone on with: rows deleted since would stay. */
    private void pullsAnew(long seed, boolean restarts, boolean onDisk) {
        try (CopyWorld world = cutOff(seed, onDisk)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            Node n4 = world.node("n4");
            n4.pullers.heldBack(KEY, AS_TARGETS, n3.held(), n3.id);
            world.until("a part of it is here", () -> copied(n4) > 3_000);
            world.network.cut("n3", "n4");
            for (int i = 0; i < 60; i += 2) {
                world.write(1, Writes.delete(key(i)));
            }
            n1.apply(OWNER, world.ownersLog.size());
            restart(n3, false);
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
            world.network.heal("n3", "n4");
            if (restarts) {
                restart(n4, true);
            }
            heldBack(world, n4, n3, n3.held());
            assertThat(n4.ofHold()).isEqualTo(n3.ofHold()).hasSize(30 + 5);
        }
    }

    /** The hold that there was, and was told, stays until the pulled one takes its place. */
    @Test
    void aHoldThatIsTooOldStaysUntilAPeersIsHere() {
        try (CopyWorld world = cutOff(7, false)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            Node n4 = world.node("n4");
            heldBack(world, n4, n3, n3.held());
            long told = n4.last().getChangeNumber();
            world.write(1, Writes.put(key(1), "newer"));
            world.write(1, Writes.delete(key(2)));
            n1.apply(OWNER, world.ownersLog.size());
            isWholeAndEqual(world, n1, n3);
            long bytes = copied(n4);
            n4.pullers.heldBack(KEY, AS_TARGETS, n3.held(), n3.id);
            world.until("a part of it is here", () -> copied(n4) > bytes + 3_000);
            restart(n4, true);
            assertThat(n4.held()).isEqualTo(told);
            heldBack(world, n4, n3, n3.held());
            assertThat(n4.ofHold()).isEqualTo(n3.ofHold());
        }
    }

    @Test
    void whoFindsNeitherOwnerNorHoldSaysSo() {
        try (CopyWorld world = cutOff(8, false)) {
            Node n3 = world.node("n3");
            Node n4 = world.node("n4");
            n4.want("n1");
            adopt(world, n3);
            world.until("it is known that nobody gives", () -> {
                n4.pullers.heldBack(KEY, AS_TARGETS, 1, n3.id);
                world.run(50 * MILLI);
                return n4.pullers.isOutOfReach(KEY);
            });
            // the group's fence comes with a snapshot
            List<byte[]> parts = n3.now(TARGET, HoldCopyTest::snapshot);
            n4.now(TARGET, machine -> {
                try (SnapshotSink sink = machine.receiveSnapshot()) {
                    parts.forEach(sink::accept);
                    sink.finish();
                    machine.install(sink, new EntryId(1, world.targetsLog.size()));
                }
                return parts;
            });
            world.until("it is over", () -> n4.pullers.reports().isEmpty());
            assertThat(n4.pullers.isOutOfReach(KEY)).isFalse();
        }
    }

    private static List<byte[]> snapshot(KvStateMachine machine) {
        List<byte[]> parts = new ArrayList<>();
        try (SnapshotSource source = machine.snapshot()) {
            for (var part = source.next(1_000); part != null; part = source.next(1_000)) {
                parts.add(part.bytes());
            }
        }
        return parts;
    }

    /** @return what the group adds up to right after it */
    private static long adopt(CopyWorld world, Node node) {
        long held = node.held();
        world.target(KvCommand.newBuilder()
                .setAdopt(AdoptCommand.newBuilder()
                        .setShard(AS_TARGETS)
                        .setMove(MOVE)
                        .setHoldChangeNumber(held)
                        .setCounters(ShardCounters.newBuilder()
                                .setChangeNumber(held)
                                .setLastVersion(1_000)
                                .setLogTimeMillis(Writes.NOW)))
                .build());
        return node.now(TARGET, machine -> {
            machine.apply(List.copyOf(world.targetsLog.subList((int) machine.appliedIndex(), world.targetsLog.size())));
            return machine.checksum();
        });
    }

    @Test
    void aRoundThatComesAfterAdoptIsNotWritten() {
        for (int millis = 0; millis < 60; millis += 4) {
            adoptsAmongRounds(millis, false);
        }
    }

    @Test
    void aRoundThatComesAfterAdoptIsNotWrittenOnDisk() {
        for (int millis = 20; millis < 60; millis += 20) {
            adoptsAmongRounds(millis, true);
        }
    }

    /** What was asked for before is on its way while the group adopts. */
    private void adoptsAmongRounds(int millis, boolean onDisk) {
        try (CopyWorld world = begun(9, onDisk)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
            world.answerNanos = 20 * MILLI;
            for (int i = 0; i < millis; i++) {
                world.write(1, Writes.put(key(1), "late " + i));
                n1.apply(OWNER, world.ownersLog.size());
                world.run(MILLI);
            }
            long sum = adopt(world, n3);
            for (int i = 0; i < 20; i++) {
                world.write(1, Writes.put(key(1), "later " + i));
                n1.apply(OWNER, world.ownersLog.size());
                world.run(MILLI);
            }
            world.run(2 * SECOND);
            long after = n3.now(TARGET, machine -> machine.checksum());
            assertThat(after).isEqualTo(sum);
            assertThat(n3.last().getWhole()).isFalse();
            assertThat(n3.last().getFence()).isEqualTo(MOVE);
            assertThat(n3.pullers.reports()).isEmpty();
        }
    }

    @Test
    void aCrashAtAnyPointLeavesWhatWasToldAndTheCopyGoesOn() {
        for (int millis = 1; millis < 60; millis++) {
            crashAfter(millis, false);
        }
    }

    @Test
    void aCrashAtAnyPointLeavesWhatWasToldAndTheCopyGoesOnOnDisk() {
        for (int millis = 1; millis < 60; millis += 9) {
            crashAfter(millis, true);
        }
    }

    private void crashAfter(int millis, boolean onDisk) {
        try (CopyWorld world = begun(100 + millis, onDisk)) {
            Node n3 = world.node("n3");
            n3.want("n1", "n2");
            for (int i = 0; i < millis; i++) {
                world.run(MILLI);
                world.someWrite(60);
                world.applyOwners();
            }
            crash(world, n3, true, 0);
            n3.want("n1", "n2");
            isWholeAndEqual(world, world.node("n1"), n3);
        }
    }

    /** The first part is of a replica that lags, the rest of one that does not: what changed between the two is not missed. */
    @Test
    void roundsBeginAtMoveOutWhateverViewsTheRowsAreOf() {
        try (CopyWorld world = begun(19, false)) {
            Node n1 = world.node("n1");
            Node n2 = world.node("n2");
            Node n3 = world.node("n3");
            world.write(1, Writes.put(key(0), "newer"));
            world.write(1, Writes.delete(key(1)));
            world.goodbye(3);
            n1.apply(OWNER, world.ownersLog.size());
            n3.want("n2");
            world.until("a part of it is here", () -> copied(n3) > 3_000);
            n2.crash(false);
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
            assertThat(n3.ofHold()).doesNotContainKeys(key(1), "session 3");
        }
    }

    @Test
    void aRestartGoesOnBehindTheLastKeyThatTheEngineHas() {
        try (CopyWorld world = begun(10, false)) {
            Node n3 = world.node("n3");
            n3.want("n1");
            world.until("most of it is here", () -> copied(n3) > 5_000);
            long before = copied(n3);
            n3.crash(false);
            n3.start();
            n3.want("n1");
            isWholeAndEqual(world, world.node("n1"), n3);
            // a file and a window, at most, came twice
            assertThat(before + copied(n3)).isLessThan(9_500);
        }
    }

    @Test
    void copiesTakeTurnsInTheOrderOfMovesAndGiveTheirPlaceBackBeforeTheRounds() {
        try (CopyWorld world = world(13, false)) {
            world.add("n1", OWNER);
            world.add("n3", TARGET);
            begin(world);
            world.moveOut(Writes.high().getId(), MOVE + 1);
            world.applyOwners();
            HoldKey second = new HoldKey(TARGET, Writes.high().getId(), MOVE + 1);
            Node n3 = world.node("n3");
            TreeMap<HoldKey, OwnerReplicas> wanted = new TreeMap<>();
            OwnerReplicas owner = new OwnerReplicas(OWNER, List.of(world.node("n1").id));
            wanted.put(second, owner);
            wanted.put(KEY, owner);
            n3.pullers.want(wanted);
            world.until(
                    "both are whole",
                    () -> n3.pullers.reports().size() == 2
                            && n3.pullers.reports().stream().allMatch(HoldReport::getWhole));
            // the first one's rows were all here before the second one's began
            long wholeAt = -1;
            for (int i = 0; i < n3.told.size(); i++) {
                HoldReport report = n3.told.get(i);
                if (report.getShard() == SHARD.getId() && report.getWhole() && wholeAt < 0) {
                    wholeAt = i;
                }
            }
            assertThat(n3.told.subList(0, (int) wholeAt))
                    .noneMatch(report -> report.getShard() == second.shard() && report.getWhole());
        }
    }

    /** More than the source gives at a time: who hears busy asks again. */
    @Test
    void whoFindsNoPlaceAtTheSourceComesLater() {
        try (CopyWorld world = world(23, false)) {
            world.add("n1", OWNER);
            for (int i = 2; i <= 6; i++) {
                world.add("n" + i, TARGET);
            }
            begin(world);
            for (int i = 2; i <= 6; i++) {
                world.node("n" + i).want("n1");
            }
            for (int i = 2; i <= 6; i++) {
                isWholeAndEqual(world, world.node("n1"), world.node("n" + i));
            }
        }
    }

    @Test
    void copiesWithinTheNodeKeepTheirRate() {
        try (CopyWorld world = world(24, false)) {
            world.limits = CopyWorld.limits(1).withLocalBytesPerSecond(5_000);
            world.add("n1", OWNER, TARGET);
            begin(world);
            Node n1 = world.node("n1");
            long begin = world.scheduler.now();
            n1.want("n1");
            isWholeAndEqual(world, n1, n1);
            assertThat(world.scheduler.now() - begin).isBetween(SECOND, 3 * SECOND);
        }
    }

    @Test
    void aDiskThatWouldGoBelowItsReserveEndsTheCopyAndGetsItsRoomBack() {
        try (CopyWorld world = begun(14, false)) {
            Node n3 = world.node("n3");
            n3.freeBytes = (1L << 20) + 9_000;
            n3.want("n1", "n2");
            world.until("some of it is here", () -> copied(n3) > 2_000);
            n3.freeBytes = (1L << 20) - 1;
            world.until("it is given up", () -> n3.last().getGivenUp());
            assertThat(n3.last().getProblem())
                    .isEqualTo(
                            "the disk lacks 1 bytes for the copy, its reserve kept: make room on this node, or move the"
                                    + " shard elsewhere");
            assertThat(n3.last().getWhole()).isFalse();
            world.run(SECOND);
            assertThat(n3.counters.givenUp.sum()).isEqualTo(1);
            boolean isGone = n3.now(TARGET, machine -> machine.moves().dropHold(SHARD.getId(), MOVE));
            assertThat(isGone).isTrue();
            n3.freeBytes = 1L << 40;
            isWholeAndEqual(world, world.node("n1"), n3);
            assertThat(n3.last().getGivenUp()).isFalse();
        }
    }

    @Test
    void aShardThatDoesNotFitIsNotBegun() {
        try (CopyWorld world = begun(15, false)) {
            Node n3 = world.node("n3");
            n3.freeBytes = (1L << 20) + 4_000;
            n3.want("n1", "n2");
            world.until("it is given up", () -> n3.last().getGivenUp());
            assertThat(copied(n3)).isZero();
            assertThat(n3.last().getProblem()).startsWith("the disk lacks ");
        }
    }

    /** A part of another attempt, or of another view, that comes late is not taken for the next one. */
    @Test
    void partsThatComeLateOrTwiceDoNoHarm() {
        try (CopyWorld world = begun(16, false)) {
            SplittableRandom random = new SplittableRandom(16);
            world.network.setCarrier(new SimNetwork.Carrier() {
                @Override
                public long carry(NodeId from, NodeId to, GroupMessage message) {
                    return MILLI;
                }

                @Override
                public long carry(NodeId from, NodeId to, BulkMessage message) {
                    return random.nextInt(8) == 0 ? -1 : random.nextLong(40 * MILLI);
                }
            });
            Node n3 = world.node("n3");
            n3.want("n1", "n2");
            for (int i = 0; i < 100 && !n3.last().getWhole(); i++) {
                world.someWrite(80);
                world.applyOwners();
                world.run(20 * MILLI);
                if (i % 25 == 10) {
                    restart(world.node("n1"), false);
                }
            }
            isWholeAndEqual(world, world.node("n1"), n3);
        }
    }

    @Test
    void whatTheConfigurationShowsNoMoreIsCopiedNoFurtherAndTheHoldStays() {
        try (CopyWorld world = begun(17, false)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
            long held = n3.held();
            n3.pullers.want(new TreeMap<>());
            world.write(1, Writes.put(key(1), "newer"));
            n1.apply(OWNER, world.ownersLog.size());
            world.run(5 * SECOND);
            assertThat(n3.held()).isEqualTo(held);
            assertThat(n3.pullers.reports()).isEmpty();
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
        }
    }

    /** The last round runs while the owner is frozen. */
    @Test
    void aFrozenOwnerStillGives() {
        try (CopyWorld world = begun(18, false)) {
            Node n1 = world.node("n1");
            Node n3 = world.node("n3");
            for (int i = 0; i < 20; i++) {
                world.someWrite(60);
            }
            world.freeze();
            world.applyOwners();
            n3.want("n1");
            isWholeAndEqual(world, n1, n3);
        }
    }
}
