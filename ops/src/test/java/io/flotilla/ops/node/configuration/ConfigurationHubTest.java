package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.disk.os.OsDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationHubTest {
    @TempDir
    private Path directory;

    private final TestTime time = new TestTime();
    private final List<Long> followed = new ArrayList<>();

    private ConfigurationHub hub() throws IOException {
        ConfigurationHub hub = new ConfigurationHub(
                file(ConfigurationHub.FILE_VERSION),
                "f",
                time.lane(new boolean[] {true}),
                new ConfigurationHub.Followers() {
                    @Override
                    public void changed(Configuration newest) {
                        followed.add(newest.getNumber());
                    }

                    @Override
                    public void recordsLearnt() {
                        followed.add(0L);
                    }

                    @Override
                    public void diskFailed(IOException cause) {
                        throw new AssertionError(cause);
                    }
                });
        hub.load();
        return hub;
    }

    private StateFile file(int version) {
        return new StateFile(new OsDisk(directory), "configuration", version);
    }

    private static Configuration configuration(long number, String address, int groups) {
        Configuration.Builder configuration = Configuration.newBuilder()
                .setNumber(number)
                .setFleetId("f")
                .setFeatureLevel(1)
                .addNodes(Node.newBuilder().setId("n1").setAddress(address));
        for (int i = 1; i <= groups; i++) {
            configuration.addGroups(Group.newBuilder().setId(i).addReplicas("n1"));
        }
        return configuration.build();
    }

    private long onDisk() throws IOException {
        return hub().number();
    }

    @Test
    void numbersOnlyGrow() throws IOException {
        ConfigurationHub hub = hub();
        hub.offer(configuration(5, "h:1", 1), List.of());
        hub.offer(configuration(4, "h:2", 1), List.of());
        hub.offer(configuration(5, "h:3", 1), List.of());
        hub.offer(configuration(6, "h:4", 1).toBuilder().setFleetId("g").build(), List.of());
        assertThat(followed).containsExactly(5L);
        assertThat(hub.newest().getNodes(0).getAddress()).isEqualTo("h:1");
    }

    @Test
    void whatSaysWhereReplicasBelongIsWrittenAtOnceAndAllElseWithinASecond() throws IOException {
        ConfigurationHub hub = hub();
        hub.offer(configuration(1, "h:1", 1), List.of());
        assertThat(onDisk()).isEqualTo(1);
        for (int number = 2; number <= 9; number++) {
            hub.offer(configuration(number, "h:" + number, 1), List.of());
        }
        assertThat(onDisk()).as("one a second").isEqualTo(1);
        hub.offer(configuration(10, "h:9", 2), List.of());
        assertThat(onDisk()).as("another group").isEqualTo(10);
        hub.offer(configuration(11, "h:11", 2), List.of());
        assertThat(onDisk()).isEqualTo(10);
        time.runFor(1_100);
        assertThat(onDisk()).isEqualTo(11);
        assertThat(followed).hasSize(11);
    }

    @Test
    void aDeltaThatFitsIsTakenAndAnOldOneIsNoMistakeAndAnyOtherIsRefused() throws IOException {
        Configuration one = configuration(1, "h:1", 1);
        Configuration two = configuration(2, "h:2", 1);
        Configuration three = configuration(3, "h:3", 1);
        ConfigurationDelta first = ConfigurationDeltas.between(one, two);
        ConfigurationDelta second = ConfigurationDeltas.between(two, three);
        ConfigurationHub hub = hub();
        assertThat(hub.offer(first)).as("nothing is known").isFalse();
        hub.offer(one, List.of());
        assertThat(hub.offer(second)).as("one is missing").isFalse();
        assertThat(hub.offer(first)).isTrue();
        assertThat(hub.offer(first)).isTrue();
        assertThat(hub.offer(second)).isTrue();
        assertThat(hub.newest()).isEqualTo(three);
        assertThat(followed).containsExactly(1L, 2L, 3L);
    }

    @Test
    void recordsOfGroupsThatHaveEndedAreForgotten() throws IOException {
        ConfigurationHub hub = hub();
        hub.offer(configuration(1, "h:1", 2), List.of(record(1, 1), record(2, 1)));
        assertThat(hub.records().find(2)).isNotNull();
        hub.offer(configuration(2, "h:1", 1), List.of());
        assertThat(hub.records().find(1)).isNotNull();
        assertThat(hub.records().find(2)).isNull();
        hub.offer(configuration(1, "h:1", 2), List.of(record(1, 1), record(2, 1)));
        assertThat(hub.records().find(2)).as("told again by an old log").isNull();
        assertThat(followed).as("records that come later are worth a look").containsExactly(1L, 2L, 0L);
    }

    private static CreationRecord record(long group, long createdIn) {
        return CreationRecord.newBuilder()
                .setGroup(group)
                .setCreatedIn(createdIn)
                .build();
    }

    @Test
    void aFileOfAnotherVersionIsRefused() throws IOException {
        file(1).write(configuration(1, "h:1", 1).toByteArray());
        assertThatThrownBy(this::hub)
                .isInstanceOf(OtherVersionException.class)
                .hasMessageContaining(directory.resolve("configuration").toString())
                .hasMessageContaining("v1")
                .hasMessageContaining("v2");
    }
}
