package io.flotilla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.proto.FoundFleet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static final int[] NODES = {1, 2, 3, 4, 5, 6, 7, 11, 30};
    private static final int[] GROUPS = {1, 2, 3, 4, 5, 7, 16, 61};
    private static final int[] SHARDS = {1, 2, 3, 16, 17, 100, 255, 256, 257, 1000};

    private static FoundFleet fleet(int nodes, int groups, int shards) {
        FoundFleet.Builder found =
                FoundFleet.newBuilder().setFleetId("f").setGroups(groups).setShards(shards);
        for (int i = 0; i < nodes; i++) {
            found.addNodes(Node.newBuilder()
                    .setId("n" + i)
                    .setAddress("h:" + (7000 + i))
                    .setFeatureLevel(1 + i % 3));
        }
        return found.build();
    }

    private static void assertWithinOne(Collection<Integer> counts) {
        assertThat(Collections.max(counts) - Collections.min(counts)).isLessThanOrEqualTo(1);
    }

    @Test
    void replicasAreSpreadEvenlyOverNodesAndNeverTwiceOnOne() {
        for (int nodes : NODES) {
            for (int groups : GROUPS) {
                Configuration made = Placement.founding(fleet(nodes, groups, groups));
                TreeMap<String, Integer> load = new TreeMap<>();
                made.getNodesList().forEach(n -> load.put(n.getId(), 0));
                long id = 1;
                for (Group group : made.getGroupsList()) {
                    assertThat(group.getId()).isEqualTo(id++);
                    assertThat(group.getCreatedIn()).isEqualTo(1);
                    assertThat(new TreeSet<>(group.getReplicasList())).hasSize(Math.min(3, nodes));
                    assertThat(group.getReplicasCount()).isEqualTo(Math.min(3, nodes));
                    assertThat(group.getReplication()).isEqualTo(Math.min(3, nodes));
                    group.getReplicasList().forEach(n -> load.merge(n, 1, Integer::sum));
                }
                assertThat(id).isEqualTo(groups + 1);
                assertWithinOne(load.values());
            }
        }
    }

    @Test
    void shardsCoverAllKeysWithoutGapOrOverlapAndAreSpreadEvenlyOverGroups() {
        for (int groups : GROUPS) {
            for (int shards : SHARDS) {
                Configuration made = Placement.founding(fleet(3, groups, shards));
                TreeMap<Long, Integer> load = new TreeMap<>();
                made.getGroupsList().forEach(g -> load.put(g.getId(), 0));
                TreeSet<Long> ids = new TreeSet<>();
                ByteString bound = ByteString.EMPTY;
                for (int i = 0; i < shards; i++) {
                    Shard shard = made.getShards(i);
                    assertThat(shard.getStart()).isEqualTo(bound);
                    assertThat(shard.getEpoch()).isEqualTo(1);
                    bound = shard.getEnd();
                    if (i < shards - 1) {
                        assertThat(bound.size()).isGreaterThanOrEqualTo(2);
                        assertThat(ByteString.unsignedLexicographicalComparator()
                                        .compare(shard.getStart(), bound))
                                .isNegative();
                    }
                    ids.add(shard.getId());
                    load.merge(shard.getGroup(), 1, Integer::sum);
                }
                assertThat(bound).as("no upper bound").isEqualTo(ByteString.EMPTY);
                assertThat(made.getShardsCount()).isEqualTo(shards);
                assertThat(ids).hasSize(shards);
                assertThat(load).hasSize(groups);
                assertWithinOne(load.values());
            }
        }
    }

    @Test
    void rangesAreEquallyWide() {
        for (int ranges : new int[] {2, 3, 16, 1000, 70_000}) {
            List<ByteString> cuts = KeyCuts.evenly(ranges);
            List<Long> widths = new ArrayList<>();
            long before = 0;
            for (ByteString cut : cuts) {
                long at = 0;
                for (int i = 0; i < 4; i++) {
                    at = at << 8 | (i < cut.size() ? cut.byteAt(i) & 0xff : 0);
                }
                widths.add(at - before);
                before = at;
            }
            widths.add((1L << 32) - before);
            long ideal = (1L << 32) / ranges;
            assertThat(widths).allMatch(w -> Math.abs(w - ideal) <= ideal / 50);
        }
    }

    @Test
    void theOrderInWhichNodesAreGivenDoesNotMatter() {
        FoundFleet found = fleet(7, 13, 40);
        Configuration made = Placement.founding(found);
        for (int seed = 0; seed < 20; seed++) {
            List<Node> shuffled = new ArrayList<>(found.getNodesList());
            Collections.shuffle(shuffled, new Random(seed));
            FoundFleet other =
                    found.toBuilder().clearNodes().addAllNodes(shuffled).build();
            assertThat(Placement.founding(other).toByteArray()).isEqualTo(made.toByteArray());
        }
    }

    @Test
    void theControllerLivesOnTheFirstFiveNodes() {
        assertThat(Placement.founding(fleet(2, 1, 1)).getControllerReplicasList())
                .containsExactly("n0", "n1");
        assertThat(Placement.founding(fleet(9, 1, 1)).getControllerReplicasList())
                .containsExactly("n0", "n1", "n2", "n3", "n4");
    }

    @Test
    void impossibleFleetsAreRefusedByName() {
        assertThatThrownBy(() -> Placement.founding(fleet(0, 1, 1))).hasMessageContaining("nodes");
        assertThatThrownBy(() -> Placement.founding(fleet(3, 0, 1))).hasMessageContaining("groups");
        assertThatThrownBy(() -> Placement.founding(fleet(3, 1, 0))).hasMessageContaining("shards");
        FoundFleet twice = fleet(2, 1, 1).toBuilder()
                .addNodes(Node.newBuilder().setId("n9").setAddress("h:7000").setFeatureLevel(1))
                .build();
        assertThatThrownBy(() -> Placement.founding(twice)).hasMessageContaining("h:7000");
    }

    @Test
    void aFleetStartsAtTheLeastLevelOfItsNodesAndNodesWithoutOneAreRefused() {
        assertThat(Placement.founding(fleet(1, 1, 1)).getFeatureLevel()).isEqualTo(1);
        FoundFleet newer = fleet(4, 1, 1).toBuilder()
                .setNodes(0, Node.newBuilder().setId("n0").setAddress("h:7000").setFeatureLevel(9))
                .setNodes(3, Node.newBuilder().setId("n3").setAddress("h:7003").setFeatureLevel(4))
                .build();
        assertThat(Placement.founding(newer).getFeatureLevel()).isEqualTo(2);
        FoundFleet none = newer.toBuilder()
                .setNodes(3, Node.newBuilder().setId("n3").setAddress("h:7003"))
                .build();
        assertThatThrownBy(() -> Placement.founding(none)).hasMessageContaining("n3");
    }

    @Test
    void theLevelOfAFleetNeverFalls() {
        Node low = Node.newBuilder().setId("a").setFeatureLevel(2).build();
        Node high = Node.newBuilder().setId("b").setFeatureLevel(5).build();
        assertThat(FeatureLevels.of(List.of(low, high), 1)).isEqualTo(2);
        assertThat(FeatureLevels.of(List.of(low, high), 3)).isEqualTo(3);
        Node gone = low.toBuilder().setDuty(NodeDuty.NODE_DUTY_REMOVED).build();
        assertThat(FeatureLevels.of(List.of(gone, high), 3)).isEqualTo(5);
        assertThat(FeatureLevels.of(List.of(gone), 3)).isEqualTo(3);
    }

    @Test
    void eachGroupHasARecordOfItsVotersAndShards() {
        Configuration made = Placement.founding(fleet(5, 7, 40));
        List<CreationRecord> records = Placement.creationRecords(made);
        assertThat(records).hasSize(7);
        List<Shard> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            CreationRecord record = records.get(i);
            assertThat(record.getGroup()).isEqualTo(i + 1);
            assertThat(record.getCreatedIn()).isEqualTo(1);
            assertThat(record.getVotersList()).isEqualTo(made.getGroups(i).getReplicasList());
            assertThat(record.getShardsList()).allMatch(shard -> shard.getGroup() == record.getGroup());
            all.addAll(record.getShardsList());
        }
        assertThat(all).containsExactlyInAnyOrderElementsOf(made.getShardsList());
        Configuration later = made.toBuilder()
                .setNumber(9)
                .addGroups(Group.newBuilder().setId(8).addReplicas("n1").setCreatedIn(9))
                .build();
        assertThat(Placement.creationRecords(later))
                .containsExactly(CreationRecord.newBuilder()
                        .setGroup(8)
                        .addVoters("n1")
                        .setCreatedIn(9)
                        .build());
    }
}
