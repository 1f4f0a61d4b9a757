package io.flotilla.client.routing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Shard;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class RoutingTableTest {
    private final Configuration configuration = Configuration.newBuilder()
            .setNumber(1)
            .addShards(shard(1, "", "g", 1, 1))
            .addShards(shard(2, "g", "\u00ff", 2, 1))
            .addShards(shard(3, "\u00ff", "", 3, 1))
            .build();
    private final RoutingTable table = RoutingTable.of(configuration);

    @Test
    void keysAreUnsignedBytesAndBoundsAreHalfOpen() {
        assertThat(table.find(b("a")).id()).isEqualTo(1);
        assertThat(table.find(b("g")).id()).isEqualTo(2);
        assertThat(table.find(new byte[] {(byte) 0x80}).id()).isEqualTo(2);
        assertThat(table.find(new byte[] {(byte) 0xff}).id()).isEqualTo(3);
    }

    @Test
    void belowABoundIsTheShardBeforeIt() {
        assertThat(table.findBelow(b("")).id()).isEqualTo(3);
        assertThat(table.findBelow(b("h")).id()).isEqualTo(2);
        assertThat(table.findBelow(b("g")).id()).isEqualTo(1);
        assertThat(table.findBelow(b("a")).id()).isEqualTo(1);
    }

    @Test
    void theHigherEpochWinsAndALowerOneChangesNothing() {
        RoutingTable moved = table.corrected(List.of(shard(2, "g", "\u00ff", 9, 2)));
        assertThat(moved.find(b("h")).group()).isEqualTo(9);
        assertThat(moved.corrected(List.of(shard(2, "g", "\u00ff", 2, 1)))).isSameAs(moved);
        assertThat(table.corrected(List.of(shard(2, "g", "\u00ff", 7, 1)))).isSameAs(table);
    }

    @Test
    void halfASplitLeavesAGapUntilTheOtherHalfIsKnown() {
        RoutingTable half = table.corrected(List.of(shard(1, "", "c", 1, 2)));
        assertThat(half.find(b("a")).epoch()).isEqualTo(2);
        assertThat(half.find(b("d"))).isNull();
        assertThat(half.findBelow(b("e"))).isNull();
        RoutingTable whole = half.corrected(List.of(shard(4, "c", "g", 2, 2)));
        assertThat(whole.find(b("d")).id()).isEqualTo(4);
    }

    @Test
    void aCorrectionNewerThanTheNextConfigurationSurvivesIt() {
        RoutingTable moved = table.corrected(List.of(shard(2, "g", "\u00ff", 9, 3)));
        Configuration next = configuration.toBuilder()
                .setNumber(2)
                .setShards(0, shard(1, "", "g", 5, 2))
                .setShards(1, shard(2, "g", "\u00ff", 8, 2))
                .build();
        RoutingTable both = moved.succeededBy(next);
        assertThat(both.number()).isEqualTo(2);
        assertThat(both.find(b("a")).group()).isEqualTo(5);
        assertThat(both.find(b("h")).group()).isEqualTo(9);
    }

    /** Starts that differ only after their eighth byte, or in trailing zeros, and keys around each of them. */
    @Test
    void startsThatBeginAlikeAreToldApart() {
        List<String> starts = List.of(
                "", "\0", "\0\0", "12345678", "12345678\0", "12345678\0\0", "12345678a", "12345678a\u0080", "12345679");
        Configuration.Builder builder = Configuration.newBuilder().setNumber(1);
        for (int i = 0; i < starts.size(); i++) {
            builder.addShards(shard(i, starts.get(i), i + 1 < starts.size() ? starts.get(i + 1) : "", 1, 1));
        }
        RoutingTable alike = RoutingTable.of(builder.build());
        for (int i = 1; i < starts.size(); i++) {
            assertThat(alike.find(b(starts.get(i))).id()).as(starts.get(i)).isEqualTo(i);
            assertThat(alike.findBelow(b(starts.get(i))).id()).isEqualTo(i - 1);
        }
        assertThat(alike.find(b("1234567")).id()).isEqualTo(2);
        assertThat(alike.find(b("12345678\0a")).id()).isEqualTo(5);
        assertThat(alike.find(b("12345678a\u0090")).id()).isEqualTo(7);
        assertThat(alike.find(b("2")).id()).isEqualTo(8);
    }

    @Test
    void whatIsToldOfAMoveIsKeptThroughCorrectionsAndConfigurations() {
        Shard moving = shard(2, "g", "\u00ff", 2, 3).toBuilder()
                .setTarget(5)
                .setMoveId(17)
                .build();
        RoutingTable told = table.corrected(List.of(moving));
        assertThat(told.find(b("h")).shard()).isEqualTo(moving);
        RoutingTable later = told.succeededBy(configuration.toBuilder()
                .setNumber(2)
                .setShards(0, shard(1, "", "g", 4, 2))
                .build());
        assertThat(later.find(b("h")).shard()).isEqualTo(moving);
        assertThat(later.find(b("a")).group()).isEqualTo(4);
    }

    /** Splits, merges and moves at random, told in part by refusals, against a list that is gone through from end to end. */
    @Test
    void correctionsAndConfigurationsMakeWhatAPlainListMakes() {
        for (long seed = 1; seed <= 4; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            TreeMap<Integer, Shard> truth = new TreeMap<>();
            for (int i = 0; i < 1_500; i++) {
                truth.put(i * 8, numbered(i + 1, i * 8, i == 1_499 ? -1 : i * 8 + 8, 1, 1));
            }
            RoutingTable fast = RoutingTable.of(configuration(1, truth));
            List<Shard> plain = new ArrayList<>(truth.values());
            int nextId = 2_000;
            for (int step = 0; step < 250; step++) {
                List<Shard> changed = new ArrayList<>();
                int at = truth.floorKey(random.nextInt(12_000));
                Shard shard = truth.get(at);
                Integer right = truth.higherKey(at);
                int kind = random.nextInt(3);
                if (kind == 0 && right != null && right - at > 1) {
                    int middle = at + 1 + random.nextInt(right - at - 1);
                    changed.add(numbered(shard.getId(), at, middle, shard.getGroup(), shard.getEpoch() + 1));
                    changed.add(numbered(nextId++, middle, right, shard.getGroup(), shard.getEpoch() + 1));
                } else if (kind == 1 && right != null) {
                    Integer end = truth.higherKey(right);
                    long epoch = Math.max(shard.getEpoch(), truth.get(right).getEpoch()) + 1;
                    truth.remove(right);
                    changed.add(numbered(shard.getId(), at, end == null ? -1 : end, shard.getGroup(), epoch));
                } else {
                    changed.add(shard.toBuilder()
                            .setGroup(1 + random.nextInt(50))
                            .setEpoch(shard.getEpoch() + 1)
                            .build());
                }
                changed.forEach(each -> truth.put(number(each.getStart()), each));
                if (random.nextInt(3) == 0) {
                    changed.remove(random.nextInt(changed.size()));
                }
                fast = fast.corrected(changed);
                changed.forEach(each -> correct(plain, each));
                if (random.nextInt(40) == 0) {
                    Configuration next = configuration(step + 2, truth);
                    fast = fast.succeededBy(next);
                    plain.clear();
                    plain.addAll(next.getShardsList());
                }
                for (int probe = 0; probe < 5; probe++) {
                    ByteString key = key(random.nextInt(12_010));
                    ShardRoute found = fast.find(key.toByteArray());
                    assertThat(found == null ? null : found.shard()).isEqualTo(find(plain, key));
                }
            }
        }
    }

    /** With 100,000 shards: a new configuration, and each of 2,000 refusals. */
    @Test
    void aHundredThousandShardsAreNoMoreThanGoneThroughOnce() {
        TreeMap<Integer, Shard> all = new TreeMap<>();
        for (int i = 0; i < 100_000; i++) {
            all.put(i, numbered(i + 1, i, i == 99_999 ? -1 : i + 1, 1 + i % 10_000, 1));
        }
        Configuration first = configuration(1, all);
        RoutingTable large = RoutingTable.of(first);
        long correcting = Long.MAX_VALUE;
        long succeeding = Long.MAX_VALUE;
        for (int round = 2; round < 8; round++) {
            long start = cpuNanos();
            for (int i = 0; i < 2_000; i++) {
                int at = (i * 7_919 + round) % 100_000;
                Shard old = large.find(key(at).toByteArray()).shard();
                large = large.corrected(
                        List.of(old.toBuilder().setEpoch(old.getEpoch() + 1).build()));
            }
            correcting = Math.min(correcting, cpuNanos() - start);
            // parsed anew: no object of it is the same
            Configuration next = configuration(round, all);
            start = cpuNanos();
            large = large.succeededBy(next);
            succeeding = Math.min(succeeding, cpuNanos() - start);
            assertThat(large.number()).isEqualTo(round);
        }
        assertThat(large.find(key(2).toByteArray()).epoch()).isEqualTo(2);
        System.out.println(
                "100,000 shards: succeededBy " + succeeding / 1_000 + " us, corrected " + correcting / 2_000 + " ns");
        // each was minutes or milliseconds when it went through all shards for each of them
        assertThat(succeeding).isLessThan(1_000_000_000L);
        assertThat(correcting / 2_000).isLessThan(200_000);
    }

    /** Of this thread: other processes don't count. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static Configuration configuration(long number, TreeMap<Integer, Shard> shards) {
        return Configuration.newBuilder()
                .setNumber(number)
                .addAllShards(shards.values())
                .build();
    }

    private static void correct(List<Shard> plain, Shard candidate) {
        List<Shard> overlapping = new ArrayList<>();
        for (Shard shard : plain) {
            if (new ShardRoute(shard).overlaps(new ShardRoute(candidate))) {
                overlapping.add(shard);
            }
        }
        if (overlapping.stream().allMatch(shard -> shard.getEpoch() < candidate.getEpoch())) {
            plain.removeAll(overlapping);
            plain.add(candidate);
        }
    }

    private static Shard find(List<Shard> plain, ByteString key) {
        for (Shard shard : plain) {
            if (new ShardRoute(shard).contains(key.toByteArray())) {
                return shard;
            }
        }
        return null;
    }

    /** @param end -1 for none */
    private static Shard numbered(long id, int start, int end, long group, long epoch) {
        return Shard.newBuilder()
                .setId(id)
                .setStart(start == 0 ? ByteString.EMPTY : key(start))
                .setEnd(end < 0 ? ByteString.EMPTY : key(end))
                .setGroup(group)
                .setEpoch(epoch)
                .build();
    }

    /** In the order of the numbers; many begin with the same eight bytes. */
    private static ByteString key(int number) {
        return bytes("prefix-" + String.format("%06d", number));
    }

    private static int number(ByteString key) {
        return key.isEmpty() ? 0 : Integer.parseInt(key.toStringUtf8().substring(7));
    }

    private static Shard shard(long id, String start, String end, long group, long epoch) {
        return Shard.newBuilder()
                .setId(id)
                .setStart(bytes(start))
                .setEnd(bytes(end))
                .setGroup(group)
                .setEpoch(epoch)
                .build();
    }

    private static ByteString bytes(String latin1) {
        return ByteString.copyFrom(latin1, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static byte[] b(String latin1) {
        return bytes(latin1).toByteArray();
    }
}
