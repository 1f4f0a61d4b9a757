package io.flotilla.controller.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReport.Outcome;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.MemoryDisk;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.LetGroupLeave;
import io.flotilla.controller.proto.MakeGroup;
import io.flotilla.controller.proto.SetTargets;
import io.flotilla.controller.proto.SettleMoves;
import io.flotilla.controller.proto.Target;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Groups that come and go, and shards that move, as the controller's log says it. */
class MovesTest {
    private static final int NODES = 5;

    private final List<Configuration> heard = new ArrayList<>();
    private final List<Entry> log = new ArrayList<>();
    private final TreeMap<Long, CreationRecord> records = new TreeMap<>();

    private final Disk disk = new MemoryDisk();
    private ControllerStateMachine machine;

    MovesTest() {
        machine = open("first");
        found(2);
    }

    private ControllerStateMachine open(String name) {
        return ControllerStateMachine.open(
                new StateFile(disk, name, ControllerStateMachine.FILE_VERSION), (configuration, created) -> {
                    heard.add(configuration);
                    created.forEach(record -> records.put(record.getGroup(), record));
                });
    }

    /** Three groups with three shards each. */
    private void found(int level) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId("f").setGroups(3).setShards(9);
        for (int i = 1; i <= NODES; i++) {
            found.addNodes(Node.newBuilder().setId("n" + i).setAddress("h:" + i).setFeatureLevel(level));
        }
        apply(ControllerCommand.newBuilder().setFound(found));
    }

    private ControllerResult apply(ControllerCommand.Builder command) {
        if (!command.hasFound() && command.getFleetId().isEmpty()) {
            command.setFleetId("f");
        }
        Entry entry =
                new Entry(1, log.size() + 1, EntryKind.COMMAND, command.build().toByteArray());
        log.add(entry);
        return (ControllerResult) machine.apply(List.of(entry)).get(0);
    }

    private Configuration newest() {
        return machine.newest().orElseThrow();
    }

    private Shard shard(long id) {
        return newest().getShardsList().stream()
                .filter(shard -> shard.getId() == id)
                .findFirst()
                .orElseThrow();
    }

    private TreeSet<Long> groups() {
        TreeSet<Long> ids = new TreeSet<>();
        newest().getGroupsList().forEach(group -> ids.add(group.getId()));
        return ids;
    }

    private ControllerResult move(long shard, long to) {
        return apply(ControllerCommand.newBuilder()
                .setMoveShard(MoveShard.newBuilder().setShard(shard).setTo(to)));
    }

    private ControllerResult cancel(long shard) {
        return apply(ControllerCommand.newBuilder()
                .setCancelShard(CancelShard.newBuilder().setShard(shard)));
    }

    private ControllerResult join(String... replicas) {
        return apply(ControllerCommand.newBuilder()
                .setMakeGroup(MakeGroup.newBuilder().addAllReplicas(List.of(replicas))));
    }

    private ControllerResult leave(long group, long... shardThenTarget) {
        LetGroupLeave.Builder leave = LetGroupLeave.newBuilder().setGroup(group);
        for (int i = 0; i < shardThenTarget.length; i += 2) {
            leave.addTargets(target(shardThenTarget[i], shardThenTarget[i + 1]));
        }
        return apply(ControllerCommand.newBuilder().setLetGroupLeave(leave));
    }

    private static Target target(long shard, long to) {
        return Target.newBuilder().setShard(shard).setTo(to).build();
    }

    private ControllerResult tell(Outcome outcome, long shard, long move, long group) {
        return tell(List.of(report(outcome, shard, move, group)));
    }

    private ControllerResult tell(List<MoveReport> reports) {
        return apply(ControllerCommand.newBuilder()
                .setSettleMoves(SettleMoves.newBuilder().addAllReports(reports)));
    }

    private static MoveReport report(Outcome outcome, long shard, long move, long group) {
        return MoveReport.newBuilder()
                .setOutcome(outcome)
                .setShard(shard)
                .setMoveId(move)
                .setGroup(group)
                .build();
    }

    private static void assertDone(ControllerResult result, long number) {
        assertThat(result).isEqualTo(new ControllerResult.Done(number, true));
    }

    private static void assertNothingNew(ControllerResult result, long number) {
        assertThat(result).isEqualTo(new ControllerResult.Done(number, false));
    }

    /** One line that names what it is about; nothing changed. */
    private void assertRefused(ControllerResult result, String... words) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        ControllerResult.Refused.class,
                        refused -> assertThat(refused.reason())
                                .contains(words)
                                .doesNotContain("\n")
                                .as("what to do")
                                .containsAnyOf(":", ";"));
    }

    @Test
    void aShardMovesAndItsMoveIsNumberedByTheConfigurationThatSetsTheTarget() {
        assertDone(move(1, 2), 2);
        assertThat(shard(1).getGroup()).isEqualTo(1);
        assertThat(shard(1).getTarget()).isEqualTo(2);
        assertThat(shard(1).getMoveId()).isEqualTo(2);
        assertThat(shard(1).getEpoch()).isEqualTo(1);

        assertNothingNew(tell(Outcome.ADOPTED, 1, 1, 2), 2);
        assertNothingNew(tell(Outcome.ADOPTED, 1, 2, 3), 2);
        assertNothingNew(tell(Outcome.CANCELLED, 1, 2, 2), 2);
        assertNothingNew(tell(Outcome.ADOPTED, 77, 2, 2), 2);
        assertDone(tell(Outcome.ADOPTED, 1, 2, 2), 3);
        assertThat(shard(1))
                .isEqualTo(heard.get(0).getShards(0).toBuilder()
                        .setGroup(2)
                        .setEpoch(2)
                        .build());
        assertNothingNew(tell(Outcome.ADOPTED, 1, 2, 2), 3);
        assertThat(machine.awaitedDrops(group -> group == 1, 10)).containsExactly(report(Outcome.DROPPED, 1, 2, 1));
        assertNothingNew(tell(Outcome.DROPPED, 1, 2, 2), 3);
        assertThat(machine.awaitedDrops(group -> true, 10)).hasSize(1);
        assertNothingNew(tell(Outcome.DROPPED, 1, 2, 1), 3);
        assertThat(machine.awaitedDrops(group -> true, 10)).isEmpty();
    }

    @Test
    void aMoveThatIsCancelledEndsWithoutChangeOfOwnerOrRollsForward() {
        move(1, 2);
        assertDone(cancel(1), 3);
        assertThat(shard(1).getCancelled()).isTrue();
        assertThat(shard(1).getMoveId()).isEqualTo(2);
        assertNothingNew(cancel(1), 3);
        assertRefused(move(1, 3), "shard 1", "group 2", "move 2", "cancelled", "try again");
        assertDone(tell(Outcome.CANCELLED, 1, 2, 1), 4);
        assertThat(shard(1)).isEqualTo(heard.get(0).getShards(0));
        assertThat(machine.awaitedDrops(group -> true, 10)).isEmpty();

        move(1, 2);
        cancel(1);
        assertDone(tell(Outcome.ADOPTED, 1, 5, 2), 7);
        assertThat(shard(1).getGroup()).isEqualTo(2);
        assertThat(shard(1).getCancelled()).isFalse();
        assertThat(shard(1).getTarget()).isZero();

        move(1, 3);
        assertDone(tell(Outcome.CANCELLED, 1, 8, 2), 9);
        assertThat(shard(1).getGroup())
                .as("the owner's log may cancel by itself")
                .isEqualTo(2);
        assertThat(shard(1).getTarget()).isZero();
    }

    @Test
    void manyMovesShareOneConfiguration() {
        apply(ControllerCommand.newBuilder()
                .setSetTargets(SetTargets.newBuilder()
                        .addTargets(target(1, 2))
                        .addTargets(target(2, 3))
                        .addTargets(target(3, 1))));
        assertThat(newest().getShardsList().subList(0, 3)).allMatch(shard -> shard.getMoveId() == 2);
        assertDone(
                tell(List.of(
                        report(Outcome.ADOPTED, 1, 2, 2),
                        report(Outcome.CANCELLED, 2, 2, 2),
                        report(Outcome.ADOPTED, 3, 2, 1),
                        report(Outcome.ADOPTED, 3, 2, 1))),
                3);
        assertThat(List.of(shard(1).getGroup(), shard(2).getGroup(), shard(3).getGroup()))
                .containsExactly(2L, 2L, 1L);
        assertThat(shard(3).getEpoch()).isEqualTo(2);
    }

    @Test
    void badWishesAreRefusedInOneLineAndChangeNothing() {
        move(1, 2);
        assertRefused(move(99, 2), "no shard 99", "shards lists");
        assertRefused(move(2, 99), "no group 99", "groups lists");
        assertRefused(move(2, 0), "group 0", "controller");
        assertRefused(move(2, 2), "shard 2", "group 2 already");
        assertRefused(move(1, 3), "shard 1 is moving to group 2 already", "move 2", "cancel");
        assertRefused(move(1, 2), "shard 1 is moving to group 2 already");
        assertRefused(move(1, 1), "shard 1 is moving");
        assertRefused(cancel(2), "shard 2 stays in group 2", "no move to cancel");
        assertRefused(cancel(99), "no shard 99");
        assertRefused(join("n1", "n9"), "no node 'n9'", "n1, n2, n3, n4, n5");
        assertRefused(join("n1", "n2", "n1"), "n1", "twice");
        assertRefused(join(), "1 to 9 replicas");
        assertRefused(leave(99), "no group 99");
        assertThat(newest().getNumber()).isEqualTo(2);
        assertThat(heard).hasSize(2);

        leave(1, 4, 2, 7, 3);
        assertRefused(leave(1), "group 1 is leaving already");
        assertRefused(move(2, 1), "group 1 is leaving and takes no shards");
        leave(2, 2, 3, 5, 3, 8, 3);
        assertRefused(leave(3), "group 3 is the last one that takes shards");
        assertThat(apply(ControllerCommand.newBuilder()
                        .setFleetId("g")
                        .setMoveShard(MoveShard.newBuilder().setShard(3).setTo(1))))
                .isEqualTo(new ControllerResult.Refused("this is fleet f, not fleet 'g'"));
        assertThat(newest().getNumber()).isEqualTo(4);
    }

    @Test
    void aFleetWithAnOlderNodeRefusesAllOfItInWords() {
        log.clear();
        machine = open("old");
        found(1);
        for (ControllerResult result :
                List.of(move(1, 2), cancel(1), join("n1"), leave(1), tell(Outcome.ADOPTED, 1, 2, 2))) {
            assertRefused(result, "level 1", "level 2", "n1, n2, n3, n4, n5", "newer release");
        }
        assertThat(newest().getNumber()).isEqualTo(1);
    }

    @Test
    void idsAreNeverGivenAgain() {
        assertDone(join("n5", "n1"), 2);
        Group made = newest().getGroups(3);
        assertThat(made)
                .isEqualTo(Group.newBuilder()
                        .setId(4)
                        .addReplicas("n5")
                        .addReplicas("n1")
                        .setCreatedIn(2)
                        .setReplication(2)
                        .build());
        assertThat(records.get(4L))
                .isEqualTo(CreationRecord.newBuilder()
                        .setGroup(4)
                        .addVoters("n5")
                        .addVoters("n1")
                        .setCreatedIn(2)
                        .build());
        assertRefused(join("n9"), "n9");
        assertDone(leave(4), 3);
        assertThat(groups()).as("it had nothing").containsExactly(1L, 2L, 3L);
        assertDone(join("n2"), 4);
        assertThat(groups()).containsExactly(1L, 2L, 3L, 5L);
        machine.flushSoon();
        machine = open("first");
        assertDone(leave(5), 5);
        assertDone(join("n2"), 6);
        assertThat(groups()).containsExactly(1L, 2L, 3L, 6L);
    }

    @Test
    void aGroupThatLeavesStaysUntilItHasNothingAndAllIsDropped() {
        move(2, 1);
        assertDone(leave(1, 1, 2, 4, 3, 7, 2), 3);
        assertThat(newest().getGroups(0).getState()).isEqualTo(GroupState.GROUP_STATE_LEAVING);
        assertThat(shard(2).getCancelled()).as("a move to it").isTrue();
        assertThat(List.of(shard(1), shard(4), shard(7)))
                .allMatch(shard -> shard.getMoveId() == 3 && shard.getTarget() > 1);
        tell(Outcome.ADOPTED, 1, 3, 2);
        tell(Outcome.ADOPTED, 4, 3, 3);
        tell(Outcome.DROPPED, 1, 3, 1);
        tell(Outcome.ADOPTED, 7, 3, 2);
        assertThat(groups()).as("a target, and owes drops").contains(1L);
        // past its freeze a move rolls forward
        tell(Outcome.ADOPTED, 2, 2, 1);
        assertThat(shard(2).getGroup()).isEqualTo(1);
        tell(List.of(report(Outcome.DROPPED, 4, 3, 1), report(Outcome.DROPPED, 7, 3, 1)));
        assertThat(groups()).as("has a shard").contains(1L);
        long move = newest().getNumber() + 1;
        assertDone(move(2, 3), move);
        tell(Outcome.ADOPTED, 2, move, 3);
        assertThat(groups()).as("owes a drop").contains(1L);
        tell(Outcome.DROPPED, 2, 2, 2);
        assertThat(groups()).as("another group's drop").contains(1L);
        assertDone(tell(Outcome.DROPPED, 2, move, 1), move + 2);
        assertThat(groups()).containsExactly(2L, 3L);
        assertThat(newest().getShardsList()).allMatch(shard -> shard.getGroup() > 1 && shard.getTarget() == 0);
        assertNothingNew(tell(Outcome.DROPPED, 2, move, 1), move + 2);
        heard.clear();
        records.clear();
        machine.flushSoon();
        open("first");
        assertThat(records.keySet()).as("records go with their groups").containsExactly(2L, 3L);
    }

    @Test
    void whatComesBackIsNotOwedAnyMore() {
        move(1, 2);
        tell(Outcome.ADOPTED, 1, 2, 2);
        move(1, 1);
        tell(Outcome.ADOPTED, 1, 4, 1);
        assertThat(machine.awaitedDrops(group -> true, 10)).containsExactly(report(Outcome.DROPPED, 1, 4, 2));
        assertThat(shard(1).getEpoch()).isEqualTo(3);
    }

    @Test
    void aPlanIsRefusedIfWhatItWasMadeFromHasChangedAndMayComeAgain() {
        move(1, 2);
        assertThat(plan("p", 1, target(2, 3))).isEqualTo(new ControllerResult.Outdated());
        assertThat(shard(2).getTarget()).isZero();
        tell(Outcome.ADOPTED, 1, 2, 2);
        assertThat(plan("p", 2, target(2, 3)))
                .as("what is done was counted as done")
                .isEqualTo(new ControllerResult.Done(4, true));
        assertThat(plan("p", 1, target(5, 3))).as("a late copy").isEqualTo(new ControllerResult.Done(4, true));
        assertThat(shard(5).getTarget()).isZero();
        assertThat(plan("q", 4)).as("nothing to do").isEqualTo(new ControllerResult.Done(4, false));
        assertThat(plan("q", 4, target(5, 3))).as("a late copy").isEqualTo(new ControllerResult.Done(4, false));
        for (int change = 0; change < 4; change++) {
            long before = newest().getNumber();
            switch (change) {
                case 0 -> cancel(2);
                case 1 -> tell(Outcome.CANCELLED, 2, 4, 2);
                case 2 -> join("n1");
                default -> leave(4);
            }
            assertThat(newest().getNumber()).isEqualTo(before + 1);
            assertThat(plan("late" + change, before, target(5, 3))).isEqualTo(new ControllerResult.Outdated());
        }
        assertRefused(plan("bad", newest().getNumber(), target(5, 4)), "group 4 takes no shards");
    }

    private ControllerResult plan(String id, long computedFrom, Target... targets) {
        return apply(ControllerCommand.newBuilder()
                .setRequestId(ByteString.copyFromUtf8(id))
                .setComputedFrom(computedFrom)
                .setSetTargets(SetTargets.newBuilder().addAllTargets(List.of(targets))));
    }

    /** At random, and then from the file, from the log, and from a snapshot: the same each time; deltas carry all of it. */
    @Test
    void eachReplicaHasTheSameStateHoweverItCameToIt() {
        for (long seed = 0; seed < 30; seed++) {
            log.clear();
            heard.clear();
            machine = open("seed" + seed);
            found(2);
            SplittableRandom random = new SplittableRandom(seed);
            int fileAt = 50 + random.nextInt(100);
            for (int step = 0; step < 250; step++) {
                step(random);
                assertSound();
                if (step == fileAt) {
                    machine.flushSoon();
                }
            }
            for (int i = 1; i < heard.size(); i++) {
                Configuration from = heard.get(i - 1);
                Configuration to = heard.get(i);
                assertThat(ConfigurationDeltas.apply(from, ConfigurationDeltas.between(from, to)))
                        .isEqualTo(to);
                assertThat(machine.query(from.getNumber())).contains(from);
            }
            ControllerStateMachine restarted = open("seed" + seed);
            restarted.apply(log.subList((int) restarted.appliedIndex(), log.size()));
            ControllerStateMachine replayed = open("replayed" + seed);
            replayed.apply(log);
            ControllerStateMachine received = open("received" + seed);
            try (SnapshotSource source = machine.snapshot();
                    SnapshotSink sink = received.receiveSnapshot()) {
                for (SnapshotSource.Chunk part = source.next(1_000); part != null; part = source.next(1_000)) {
                    sink.accept(part.bytes());
                }
                sink.finish();
                received.install(sink, new EntryId(1, log.size()));
            }
            for (ControllerStateMachine other : List.of(restarted, replayed, received)) {
                assertThat(content(other)).as("seed %s", seed).isEqualTo(content(machine));
            }
        }
    }

    private static byte[] content(ControllerStateMachine machine) {
        try (SnapshotSource source = machine.snapshot()) {
            return source.next(64 << 20).bytes();
        }
    }

    private void step(SplittableRandom random) {
        Configuration now = newest();
        Shard shard = now.getShards(random.nextInt(now.getShardsCount()));
        Group group = now.getGroups(random.nextInt(now.getGroupsCount()));
        List<MoveReport> drops = machine.awaitedDrops(any -> true, 100);
        switch (random.nextInt(8)) {
            case 0, 1 -> move(shard.getId(), group.getId());
            case 2 -> cancel(shard.getId());
            case 3 -> tell(Outcome.ADOPTED, shard.getId(), shard.getMoveId(), shard.getTarget());
            case 4 -> tell(Outcome.CANCELLED, shard.getId(), shard.getMoveId(), shard.getGroup());
            case 5 -> {
                if (!drops.isEmpty()) {
                    tell(List.of(drops.get(random.nextInt(drops.size()))));
                }
            }
            case 6 -> join("n" + (1 + random.nextInt(NODES)));
            default -> leave(group.getId());
        }
    }

    private void assertSound() {
        Configuration now = newest();
        TreeMap<Long, Group> groups = new TreeMap<>();
        now.getGroupsList().forEach(group -> groups.put(group.getId(), group));
        TreeSet<Long> needed = new TreeSet<>();
        for (Shard shard : now.getShardsList()) {
            assertThat(groups).containsKey(shard.getGroup());
            assertThat(shard.getMoveId() > 0).isEqualTo(shard.getTarget() > 0);
            needed.add(shard.getGroup());
            if (shard.getTarget() > 0) {
                assertThat(groups).containsKey(shard.getTarget());
                assertThat(shard.getTarget()).isNotEqualTo(shard.getGroup());
                assertThat(shard.getMoveId()).isLessThanOrEqualTo(now.getNumber());
                needed.add(shard.getTarget());
                assertThat(groups.get(shard.getTarget()).getState() == GroupState.GROUP_STATE_LEAVING
                                && !shard.getCancelled())
                        .isFalse();
            } else {
                assertThat(shard.getCancelled()).isFalse();
            }
        }
        machine.awaitedDrops(any -> true, 1_000).forEach(drop -> needed.add(drop.getGroup()));
        assertThat(now.getGroupsList())
                .allMatch(group -> group.getState() == GroupState.GROUP_STATE_ACTIVE || needed.contains(group.getId()));
        assertThat(now.getGroupsList()).anyMatch(group -> group.getState() == GroupState.GROUP_STATE_ACTIVE);
    }
}
