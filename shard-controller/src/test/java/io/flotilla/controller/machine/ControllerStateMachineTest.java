package io.flotilla.controller.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControllerStateMachineTest {
    private final List<Configuration> heard = new ArrayList<>();
    private final List<Entry> log = new ArrayList<>();
    private final ControllerStateMachine machine = new ControllerStateMachine(heard::add);

    private Object apply(ControllerCommand command) {
        Entry entry = new Entry(1, log.size() + 1, EntryKind.COMMAND, command.toByteArray());
        log.add(entry);
        return machine.apply(List.of(entry)).get(0);
    }

    private Object found(String fleet) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId(fleet).setGroups(4).setShards(16);
        for (int i = 1; i <= 3; i++) {
            found.addNodes(Node.newBuilder().setId("n" + i).setAddress("h:" + i).setHttpAddress("w:" + i));
        }
        return apply(ControllerCommand.newBuilder().setFound(found).build());
    }

    private Object register(String fleet, String id, String address, String http) {
        Node node = Node.newBuilder()
                .setId(id)
                .setAddress(address)
                .setHttpAddress(http)
                .build();
        return apply(ControllerCommand.newBuilder()
                .setRegisterNode(RegisterNode.newBuilder().setFleetId(fleet).setNode(node))
                .build());
    }

    @Test
    void aFleetIsFoundedOnce() {
        assertThat(machine.newest()).isEmpty();
        assertThat(found("f")).isEqualTo(new ControllerResult.Done(1));
        assertThat(found("f")).isEqualTo(new ControllerResult.Done(1));
        assertThat(found("other")).isInstanceOf(ControllerResult.Refused.class);
        assertThat(heard).hasSize(1);
        assertThat(machine.newest().orElseThrow().getFleetId()).isEqualTo("f");
    }

    @Test
    void aNodeThatMovedMakesTheNextConfigurationAndOldOnesStayAsTheyWere() {
        found("f");
        assertThat(register("f", "n2", "h:2", "w:2")).isEqualTo(new ControllerResult.Done(1));
        assertThat(register("f", "n2", "h:22", "w:2")).isEqualTo(new ControllerResult.Done(2));
        assertThat(register("f", "n2", "h:22", "w:22")).isEqualTo(new ControllerResult.Done(3));
        assertThat(register("f", "n2", "h:22", "w:22")).isEqualTo(new ControllerResult.Done(3));

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
        ControllerStateMachine again = new ControllerStateMachine(replayed::add);
        assertThat(again.appliedIndex()).isZero();
        assertThat(again.apply(log)).hasSize(4).last().isNull();
        assertThat(again.appliedIndex()).isEqualTo(4);
        assertThat(again.durableIndex()).isZero();
        assertThat(replayed).isEqualTo(heard);
        assertThat(again.newest()).isEqualTo(machine.newest());
    }

    @Test
    void manyConfigurationsAreForgottenButNotTheOneThatCreatedTheGroups() {
        found("f");
        for (int i = 0; i < ControllerStateMachine.KEPT + 10; i++) {
            register("f", "n1", "h:" + (100 + i), "");
        }
        long newest = machine.newest().orElseThrow().getNumber();
        assertThat(newest).isEqualTo(ControllerStateMachine.KEPT + 11);
        assertThat(machine.query(1)).isPresent();
        assertThat(machine.query(2)).isEmpty();
        assertThat(machine.query(newest - ControllerStateMachine.KEPT)).isEmpty();
        assertThat(machine.query(newest - ControllerStateMachine.KEPT + 1)).isPresent();
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
