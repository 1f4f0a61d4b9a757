package io.flotilla.controller.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Label;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.UnknownCommandException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllerStateMachineTest {
    private final List<Configuration> heard = new ArrayList<>();
    private final List<Entry> log = new ArrayList<>();
    /** Told last. */
    private final List<CreationRecord> records = new ArrayList<>();

    @TempDir
    private Path directory;

    private ControllerStateMachine machine;

    @BeforeEach
    void open() {
        machine = open("first", heard);
    }

    private StateFile file(String name) {
        return new StateFile(new OsDisk(directory), name, ControllerStateMachine.FILE_VERSION);
    }

    private ControllerStateMachine open(String name, List<Configuration> told) {
        return ControllerStateMachine.open(file(name), (configuration, created) -> {
            told.add(configuration);
            records.clear();
            records.addAll(created);
        });
    }

    private Object apply(ControllerCommand command) {
        Entry entry = new Entry(1, log.size() + 1, EntryKind.COMMAND, command.toByteArray());
        log.add(entry);
        return machine.apply(List.of(entry)).get(0);
    }

    private Object found(String fleet) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId(fleet).setGroups(4).setShards(16);
        for (int i = 1; i <= 3; i++) {
            found.addNodes(Node.newBuilder()
                    .setId("n" + i)
                    .setAddress("h:" + i)
                    .setHttpAddress("w:" + i)
                    .setFeatureLevel(1));
        }
        return apply(ControllerCommand.newBuilder().setFound(found).build());
    }

    private static ControllerResult made(long number) {
        return new ControllerResult.Done(number, true);
    }

    private Object register(String fleet, String id, String address, String http) {
        return register(fleet, node(id, address, http, 1));
    }

    private static Node node(String id, String address, String http, int level) {
        return Node.newBuilder()
                .setId(id)
                .setAddress(address)
                .setHttpAddress(http)
                .setFeatureLevel(level)
                .build();
    }

    private Object register(String fleet, Node node) {
        return apply(ControllerCommand.newBuilder()
                .setRegisterNode(RegisterNode.newBuilder().setFleetId(fleet).setNode(node))
                .build());
    }

    @Test
    void aFleetIsFoundedOnce() {
        assertThat(machine.newest()).isEmpty();
        assertThat(found("f")).isEqualTo(made(1));
        assertThat(found("f")).isEqualTo(new ControllerResult.Done(1, false));
        assertThat(found("other")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(heard).hasSize(1);
        assertThat(machine.newest().orElseThrow().getFleetId()).isEqualTo("f");
    }

    @Test
    void aDroppedMachineLeavesNothingToBeginWith() {
        found("f");
        machine.flushSoon();
        machine.close();
        assertThat(open("first", new ArrayList<>()).appliedIndex()).isEqualTo(1);
        ControllerStateMachine.drop(file("first"));
        assertThat(directory).isEmptyDirectory();
        ControllerStateMachine.drop(file("first"));
        ControllerStateMachine again = open("first", new ArrayList<>());
        assertThat(again.appliedIndex()).isZero();
        assertThat(again.newest()).isEmpty();
    }

    @Test
    void aNodeThatMovedMakesTheNextConfigurationAndOldOnesStayAsTheyWere() {
        found("f");
        assertThat(register("f", "n2", "h:2", "w:2")).isEqualTo(new ControllerResult.Done(1, false));
        assertThat(register("f", "n2", "h:22", "w:2")).isEqualTo(made(2));
        assertThat(register("f", "n2", "h:22", "w:22")).isEqualTo(made(3));
        assertThat(register("f", "n2", "h:22", "w:22")).isEqualTo(new ControllerResult.Done(3, false));

        assertThat(heard).extracting(Configuration::getNumber).containsExactly(1L, 2L, 3L);
        assertThat(machine.query(1).orElseThrow().getNodes(1).getAddress()).isEqualTo("h:2");
        assertThat(machine.query(2).orElseThrow().getNodes(1).getAddress()).isEqualTo("h:22");
        assertThat(machine.query(3).orElseThrow().getNodes(1).getHttpAddress()).isEqualTo("w:22");
        assertThat(machine.query(3).orElseThrow().getShardsList())
                .isEqualTo(machine.query(1).orElseThrow().getShardsList());
        assertThat(machine.query(4)).isEmpty();
    }

    @Test
    void strangersAreRefused() {
        assertThat(register("f", "n1", "h:9", "")).isInstanceOf(ControllerResult.Refused.class);
        found("f");
        assertThat(register("f", "n9", "h:9", "")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(register("g", "n1", "h:9", "")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(register("f", "n1", "", "")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(machine.newest().orElseThrow().getNumber()).isEqualTo(1);
    }

    @Test
    void replayGivesTheSameConfigurationsAndTellsThemAgain() {
        found("f");
        register("f", "n1", "h:9", "");
        register("f", "n7", "h:9", "");
        log.add(Entry.noOp(2, log.size() + 1));

        List<Configuration> replayed = new ArrayList<>();
        ControllerStateMachine again = open("second", replayed);
        assertThat(again.appliedIndex()).isZero();
        assertThat(again.apply(log)).hasSize(4).last().isNull();
        assertThat(again.appliedIndex()).isEqualTo(4);
        assertThat(again.durableIndex()).isZero();
        assertThat(replayed).isEqualTo(heard);
        assertThat(again.newest()).isEqualTo(machine.newest());
    }

    @Test
    void theLastThousandConfigurationsAreKept() {
        found("f");
        Configuration first = machine.newest().orElseThrow();
        for (int i = 0; i < Configurations.KEPT + 10; i++) {
            register("f", "n1", "h:" + (100 + i), "");
        }
        long newest = machine.newest().orElseThrow().getNumber();
        assertThat(newest).isEqualTo(Configurations.KEPT + 11);
        assertThat(machine.query(0)).isEmpty();
        assertThat(machine.query(1)).isEmpty();
        assertThat(machine.query(newest - Configurations.KEPT)).isEmpty();
        assertThat(machine.query(newest + 1)).isEmpty();
        for (long number = newest - Configurations.KEPT + 1; number <= newest; number++) {
            Configuration expected = first.toBuilder()
                    .setNumber(number)
                    .setNodes(0, node("n1", "h:" + (100 + number - 2), "", 1))
                    .build();
            assertThat(machine.query(number)).contains(expected);
        }
    }

    @Test
    void largeDeltasAreForgottenEarlier() {
        found("f");
        String long1 = "h".repeat(100_000);
        for (int i = 0; i < 400; i++) {
            register("f", "n1", long1 + i, "");
        }
        long newest = machine.newest().orElseThrow().getNumber();
        assertThat(newest).isEqualTo(401);
        assertThat(machine.query(newest)).isPresent();
        assertThat(machine.query(newest - 150)).isPresent();
        assertThat(machine.query(newest - 170)).isEmpty();
    }

    @Test
    void theFleetsLevelIsTheLeastAndNodesBelowItAreRefused() {
        found("f");
        assertThat(register("f", node("n1", "h:1", "w:1", 0))).isInstanceOf(ControllerResult.Refused.class);
        assertThat(register("f", node("n1", "h:1", "w:1", 3))).isEqualTo(made(2));
        assertThat(register("f", node("n2", "h:2", "w:2", 2))).isEqualTo(made(3));
        assertThat(machine.newest().orElseThrow().getFeatureLevel()).isEqualTo(1);
        assertThat(register("f", node("n3", "h:3", "w:3", 2))).isEqualTo(made(4));
        assertThat(machine.newest().orElseThrow().getFeatureLevel()).isEqualTo(2);
        assertThat(machine.query(3).orElseThrow().getFeatureLevel()).isEqualTo(1);
        assertThat(register("f", node("n1", "h:1", "w:1", 1)))
                .isInstanceOfSatisfying(
                        ControllerResult.Refused.class,
                        refused -> assertThat(refused.reason())
                                .contains("n1", "level 1", "level 2")
                                .doesNotContain("\n"));
        assertThat(register("f", node("n1", "h:1", "w:1", 2))).isEqualTo(made(5));
        assertThat(machine.newest().orElseThrow().getFeatureLevel()).isEqualTo(2);
    }

    @Test
    void labelsComeWithTheNodeAndItsDutyDoesNot() {
        found("f");
        Node labelled = node("n1", "h:1", "w:1", 1).toBuilder()
                .addLabels(Label.newBuilder().setKey("rack").setValue("r1"))
                .addLabels(Label.newBuilder().setKey("zone").setValue("z1"))
                .build();
        assertThat(register(
                        "f",
                        labelled.toBuilder()
                                .setDuty(NodeDuty.NODE_DUTY_DRAINING)
                                .build()))
                .isEqualTo(made(2));
        assertThat(machine.newest().orElseThrow().getNodes(0)).isEqualTo(labelled);
        Node twice = labelled.toBuilder()
                .addLabels(Label.newBuilder().setKey("zone").setValue("z2"))
                .build();
        assertThat(register("f", twice)).isInstanceOf(ControllerResult.Refused.class);
    }

    @Test
    void aRepeatedRequestAnswersWhatTheFirstDidAndDoesNothing() {
        found("f");
        assertThat(request("r1", "h:9")).isEqualTo(made(2));
        assertThat(request("r2", "h:10")).isEqualTo(made(3));
        assertThat(request("r1", "h:9")).as("late").isEqualTo(made(2));
        assertThat(request("r3", "")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(request("r3", "h:11")).as("refused once").isInstanceOf(ControllerResult.Refused.class);
        assertThat(request("x".repeat(65), "h:11")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(machine.newest().orElseThrow().getNodes(0).getAddress()).isEqualTo("h:10");

        machine.flushSoon();
        machine = open("first", new ArrayList<>());
        assertThat(request("r1", "h:9")).as("after a start").isEqualTo(made(2));
        for (int i = 0; i < AnsweredRequests.KEPT - 3; i++) {
            request("filler" + i, "h:10");
        }
        assertThat(request("r1", "h:9")).as("still kept").isEqualTo(made(2));
        request("one more", "h:10");
        assertThat(request("r1", "h:9")).as("forgotten").isEqualTo(made(4));
    }

    private Object request(String id, String address) {
        return apply(ControllerCommand.newBuilder()
                .setRequestId(ByteString.copyFromUtf8(id))
                .setRegisterNode(RegisterNode.newBuilder().setFleetId("f").setNode(node("n1", address, "w:1", 1)))
                .build());
    }

    @Test
    void whatThisVersionDoesNotKnowStopsTheMachineWithItsNumber() {
        found("f");
        byte[] kind = UnknownFieldSet.newBuilder()
                .addField(
                        9,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.EMPTY)
                                .build())
                .build()
                .toByteArray();
        assertStops(kind, "field 9 of ControllerCommand");
        UnknownFieldSet field = UnknownFieldSet.newBuilder()
                .addField(33, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        Node strange =
                node("n1", "h:9", "", 1).toBuilder().setUnknownFields(field).build();
        assertStops(
                ControllerCommand.newBuilder()
                        .setRegisterNode(
                                RegisterNode.newBuilder().setFleetId("f").setNode(strange))
                        .build()
                        .toByteArray(),
                "field 33 of Node");
        assertStops(new byte[0], "no kind");
        assertThat(machine.newest().orElseThrow().getNumber()).isEqualTo(1);
        assertThat(machine.appliedIndex()).isEqualTo(1);
    }

    private void assertStops(byte[] command, String named) {
        assertThatThrownBy(() -> machine.apply(List.of(new Entry(1, 2, EntryKind.COMMAND, command))))
                .isInstanceOf(UnknownCommandException.class)
                .hasMessageContaining("entry 2")
                .hasMessageContaining(named);
    }

    @Test
    void aFileOfAnotherVersionIsRefused() throws IOException {
        new StateFile(new OsDisk(directory), "first", 1).write(new byte[] {1});
        assertThatThrownBy(() -> open("first", heard))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(directory.resolve("first").toString())
                .hasMessageContaining("v1")
                .hasMessageContaining("v3")
                .hasMessageContaining("empty directory")
                .hasCauseInstanceOf(OtherVersionException.class);
    }

    @Test
    void aStartGoesOnFromTheFile() {
        found("f");
        register("f", "n1", "h:9", "");
        assertThat(machine.durableIndex()).isZero();
        machine.flushSoon();
        assertThat(machine.durableIndex()).isEqualTo(2);
        register("f", "n1", "h:10", "");
        register("f", "n2", "h:11", "");
        assertThat(machine.durableIndex()).isEqualTo(2);

        List<Configuration> told = new ArrayList<>();
        ControllerStateMachine again = open("first", told);
        assertThat(again.appliedIndex()).isEqualTo(2);
        assertThat(again.durableIndex()).isEqualTo(2);
        assertThat(again.installed()).isEqualTo(EntryId.ZERO);
        assertThat(told).as("the newest").extracting(Configuration::getNumber).containsExactly(2L);
        assertThat(records)
                .as("of all groups")
                .extracting(CreationRecord::getGroup)
                .containsExactly(1L, 2L, 3L, 4L);
        again.apply(log.subList(2, log.size()));
        assertThat(again.newest()).isEqualTo(machine.newest());
        assertThat(again.query(3)).isEqualTo(machine.query(3));
        assertThat(told).isEqualTo(heard.subList(1, heard.size()));
    }

    @Test
    void aSnapshotBringsAnotherReplicaToTheSameStateDurably() {
        found("f");
        for (int i = 0; i < Configurations.KEPT + 5; i++) {
            register("f", "n1", "h:" + (100 + i), "");
        }
        EntryId last = new EntryId(3, log.size());
        List<Configuration> told = new ArrayList<>();
        ControllerStateMachine other = open("second", told);
        other.apply(log.subList(0, 3));
        told.clear();
        try (SnapshotSource source = machine.snapshot();
                SnapshotSink sink = other.receiveSnapshot()) {
            register("f", "n1", "later", "");
            assertThat(source.index()).isEqualTo(last.index());
            for (SnapshotSource.Chunk part = source.next(1_000); part != null; part = source.next(1_000)) {
                assertThat(part.bytes().length).isBetween(1, 1_000);
                sink.accept(part.bytes());
            }
            sink.finish();
            other.install(sink, last);
        }
        assertThat(told).extracting(Configuration::getNumber).containsExactly(Configurations.KEPT + 6L);
        assertThat(records).hasSize(4);
        ControllerStateMachine restarted = open("second", new ArrayList<>());
        for (ControllerStateMachine each : List.of(other, restarted)) {
            assertThat(each.appliedIndex()).isEqualTo(last.index());
            assertThat(each.durableIndex()).isEqualTo(last.index());
            assertThat(each.installed()).isEqualTo(last);
            each.apply(log.subList((int) last.index(), log.size()));
            for (long number = 0; number <= Configurations.KEPT + 8; number++) {
                assertThat(each.query(number)).as("%s", number).isEqualTo(machine.query(number));
            }
        }
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        found("f");
        machine.flushSoon();
        Path path = directory.resolve("first");
        byte[] good = Files.readAllBytes(path);
        for (int i = 0; i < good.length; i += 7) {
            byte[] bad = good.clone();
            bad[i] ^= 4;
            Files.write(path, bad);
            assertThatThrownBy(() -> open("first", heard))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(path.toString());
        }
        file("first").write(new byte[] {1, 2, 3});
        assertThatThrownBy(() -> open("first", heard))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(path.toString());
    }

    @Test
    void damagedSnapshotsAreRefused() {
        found("f");
        byte[] snapshot;
        try (SnapshotSource source = machine.snapshot()) {
            snapshot = source.next(1 << 20).bytes();
        }
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 500; round++) {
            byte[] bad = Arrays.copyOf(snapshot, round % 3 == 0 ? random.nextInt(snapshot.length) : snapshot.length);
            if (bad.length == snapshot.length) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try (SnapshotSink sink = machine.receiveSnapshot()) {
                sink.accept(bad);
                assertThatThrownBy(sink::finish).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void aGapInTheLogOrAnUnreadableCommandStopsTheMachine() {
        assertThatThrownBy(() -> machine.apply(List.of(Entry.noOp(1, 2)))).isInstanceOf(AssertionError.class);
        byte[] junk = {(byte) 0xff, (byte) 0xff, 1};
        assertThatThrownBy(() -> machine.apply(List.of(new Entry(1, 1, EntryKind.COMMAND, junk))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("index 1");
    }
}
