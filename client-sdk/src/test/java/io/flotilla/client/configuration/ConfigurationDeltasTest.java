package io.flotilla.client.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ConfigurationDeltasTest {
    private static final SplittableRandom RANDOM = new SplittableRandom(5);

    /** A fleet that changes at random: nodes, groups, shards that come, change, are split and merged, and go. */
    private static final class Fleet {
        private final SplittableRandom random;
        private final TreeMap<String, Node> nodes = new TreeMap<>();
        private final TreeMap<Long, Group> groups = new TreeMap<>();
        private final List<Shard> shards = new ArrayList<>();
        private List<String> controller = List.of("n1");
        private long next = 1;
        private long number;
        private int level = 1;

        Fleet(long seed) {
            random = new SplittableRandom(seed);
            shards.add(Shard.newBuilder().setId(next++).setGroup(1).setEpoch(1).build());
        }

        Configuration step() {
            for (int i = random.nextInt(4); i >= 0; i--) {
                change();
            }
            shards.sort(Comparator.comparing(Shard::getStart, ByteString.unsignedLexicographicalComparator()));
            return Configuration.newBuilder()
                    .setNumber(++number)
                    .setFleetId("f")
                    .addAllNodes(nodes.values())
                    .addAllGroups(groups.values())
                    .addAllShards(shards)
                    .addAllControllerReplicas(controller)
                    .setFeatureLevel(level)
                    .build();
        }

        private void change() {
            switch (random.nextInt(9)) {
                case 0 -> node("n" + next++);
                case 1, 2 -> {
                    if (!nodes.isEmpty()) {
                        node(any(new ArrayList<>(nodes.keySet())));
                    }
                }
                case 3 -> nodes.pollFirstEntry();
                case 4 ->
                    groups.put(
                            next,
                            Group.newBuilder().setId(next++).addReplicas("n1").build());
                case 5 -> groups.pollLastEntry();
                case 6 -> split(random.nextInt(shards.size()));
                case 7 -> merge();
                default -> {
                    controller = List.of("n" + random.nextInt(5), "n9");
                    level += random.nextInt(2);
                }
            }
        }

        private void node(String id) {
            nodes.put(
                    id,
                    Node.newBuilder()
                            .setId(id)
                            .setAddress("h:" + random.nextInt(9))
                            .setDuty(NodeDuty.forNumber(random.nextInt(3)))
                            .build());
        }

        private void split(int at) {
            Shard whole = shards.get(at);
            ByteString cut = whole.getStart().concat(ByteString.copyFrom(new byte[] {(byte) (1 + random.nextInt(99))}));
            if (ByteString.unsignedLexicographicalComparator().compare(cut, whole.getEnd()) < 0
                    || whole.getEnd().isEmpty()) {
                shards.set(
                        at,
                        whole.toBuilder()
                                .setEnd(cut)
                                .setEpoch(whole.getEpoch() + 1)
                                .build());
                shards.add(at + 1, whole.toBuilder().setId(next++).setStart(cut).build());
            }
        }

        private void merge() {
            if (shards.size() > 1) {
                int at = random.nextInt(shards.size() - 1);
                Shard right = shards.remove(at + 1);
                Shard left = shards.get(at);
                // now and then the right one's id stays: it begins elsewhere then
                shards.set(
                        at,
                        (random.nextBoolean()
                                        ? left
                                        : left.toBuilder().setId(right.getId()).build())
                                .toBuilder().setEnd(right.getEnd()).build());
            }
        }

        private <T> T any(List<T> of) {
            return of.get(random.nextInt(of.size()));
        }
    }

    /** As it comes from another process: nothing of it is shared. */
    private static Configuration copy(Configuration configuration) {
        try {
            return Configuration.parseFrom(configuration.toByteArray());
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aDeltaMakesTheOneConfigurationOfTheOtherForwardAndBackward() {
        for (int seed = 0; seed < 200; seed++) {
            Fleet fleet = new Fleet(seed);
            List<Configuration> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(fleet.step());
            }
            for (int i = 0; i < 40; i++) {
                int a = RANDOM.nextInt(all.size());
                int b = RANDOM.nextInt(all.size());
                if (a != b) {
                    Configuration from = RANDOM.nextBoolean() ? copy(all.get(a)) : all.get(a);
                    ConfigurationDelta delta = ConfigurationDeltas.between(from, all.get(b));
                    assertThat(ConfigurationDeltas.apply(from, delta)).isEqualTo(all.get(b));
                }
            }
        }
    }

    @Test
    void deltasThatFollowEachOtherJoinIntoOneThatDoesTheSame() {
        for (int seed = 0; seed < 200; seed++) {
            Fleet fleet = new Fleet(seed);
            List<Configuration> all = new ArrayList<>(List.of(fleet.step()));
            List<ConfigurationDelta> deltas = new ArrayList<>();
            List<ConfigurationDelta> back = new ArrayList<>();
            for (int i = 1; i < 20; i++) {
                all.add(fleet.step());
                deltas.add(ConfigurationDeltas.between(all.get(i - 1), all.get(i)));
                back.add(0, ConfigurationDeltas.between(all.get(i), all.get(i - 1)));
            }
            for (int from = 0; from < deltas.size(); from++) {
                ConfigurationDelta joined = ConfigurationDeltas.join(deltas.subList(from, deltas.size()));
                assertThat(ConfigurationDeltas.apply(all.get(from), joined)).isEqualTo(all.get(19));
                ConfigurationDelta backwards = ConfigurationDeltas.join(back.subList(0, 19 - from));
                assertThat(ConfigurationDeltas.apply(all.get(19), backwards)).isEqualTo(all.get(from));
            }
        }
    }

    @Test
    void aDeltaIsAsLargeAsWhatChangedAndListsItByIds() {
        Configuration.Builder whole =
                Configuration.newBuilder().setNumber(7).setFleetId("f").setFeatureLevel(1);
        for (int i = 0; i < 1_000; i++) {
            Shard.Builder shard =
                    Shard.newBuilder().setId(2_000 - i).setGroup(1).setEpoch(1);
            if (i > 0) {
                shard.setStart(ByteString.copyFromUtf8(String.format("%04d", i)));
            }
            if (i < 999) {
                shard.setEnd(ByteString.copyFromUtf8(String.format("%04d", i + 1)));
            }
            whole.addShards(shard);
        }
        Configuration before = whole.build();
        Configuration.Builder changed = before.toBuilder().setNumber(8);
        for (int i : List.of(3, 500, 900)) {
            changed.setShards(i, changed.getShards(i).toBuilder().setTarget(2).setMoveId(8));
        }
        ConfigurationDelta delta = ConfigurationDeltas.between(copy(before), changed.build());
        assertThat(delta.getShardsList()).extracting(Shard::getId).containsExactly(1_100L, 1_500L, 1_997L);
        assertThat(delta.getSerializedSize()).isLessThan(150);
    }

    @Test
    void aDeltaThatDoesNotFitIsRefused() {
        Fleet fleet = new Fleet(1);
        Configuration one = fleet.step();
        Configuration two = fleet.step();
        Configuration three = fleet.step();
        ConfigurationDelta delta = ConfigurationDeltas.between(two, three);
        assertThatThrownBy(() -> ConfigurationDeltas.apply(one, delta))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from 2 to 3")
                .hasMessageContaining("configuration 1");
        assertThatThrownBy(() -> ConfigurationDeltas.apply(three, delta)).isInstanceOf(IllegalArgumentException.class);
        ConfigurationDelta foreign = delta.toBuilder().setFleetId("g").build();
        assertThatThrownBy(() -> ConfigurationDeltas.apply(two, foreign)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ConfigurationDeltas.between(one, one)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ConfigurationDeltas.between(
                        one, two.toBuilder().setFleetId("g").build()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ConfigurationDeltas.join(List.of(delta, delta)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ConfigurationDeltas.join(Collections.emptyList()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDeltaThatLeavesAGapIsRefused() {
        Fleet fleet = new Fleet(1);
        Configuration one = fleet.step();
        Shard last = one.getShards(one.getShardsCount() - 1);
        ConfigurationDelta hole = ConfigurationDelta.newBuilder()
                .setFrom(1)
                .setNumber(2)
                .setFleetId("f")
                .addShards(last.toBuilder().setEnd(ByteString.copyFromUtf8("m")))
                .build();
        assertThatThrownBy(() -> ConfigurationDeltas.apply(one, hole))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shard " + last.getId());
        ConfigurationDelta overlap = ConfigurationDelta.newBuilder()
                .setFrom(1)
                .setNumber(2)
                .setFleetId("f")
                .addShards(last.toBuilder().setId(99))
                .build();
        assertThatThrownBy(() -> ConfigurationDeltas.apply(one, overlap)).isInstanceOf(IllegalArgumentException.class);
    }
}
