package io.flotilla.ops.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.controller.decide.KeyCuts;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysTest {
    private static final Comparator<ByteString> ORDER = ByteString.unsignedLexicographicalComparator();

    @ParameterizedTest
    @ValueSource(ints = {3, 16, 1000})
    void keysLieEvenlyOverTheShards(int shards) {
        List<ByteString> cuts = KeyCuts.evenly(shards);
        int[] counts = new int[shards];
        Set<ByteString> keys = new HashSet<>();
        int perShard = 200;
        for (long number = 0; number < (long) shards * perShard; number++) {
            ByteString key = ByteString.copyFrom(BenchKeys.key(number));
            assertThat(key.size()).isEqualTo(BenchKeys.BYTES);
            keys.add(key);
            int shard = 0;
            for (int low = 0, high = cuts.size(); low < high; ) {
                int middle = (low + high) >>> 1;
                if (ORDER.compare(cuts.get(middle), key) <= 0) {
                    low = middle + 1;
                    shard = low;
                } else {
                    high = middle;
                }
            }
            counts[shard]++;
        }

        assertThat(keys).hasSize(shards * perShard);
        assertThat(Arrays.stream(counts).min().orElseThrow()).isGreaterThan(perShard * 6 / 10);
        assertThat(Arrays.stream(counts).max().orElseThrow()).isLessThan(perShard * 14 / 10);
    }

    @Test
    void evenChoiceTreatsAllKeysAlike() {
        int[] counts = counts(KeyChooser.Kind.uniform, 100, 100_000);

        assertThat(Arrays.stream(counts).min().orElseThrow()).isGreaterThan(800);
        assertThat(Arrays.stream(counts).max().orElseThrow()).isLessThan(1200);
    }

    /** The shares follow from the definition: 1 / r^0.99 over the sum of all of them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 1000})
    void zipfianChoiceFollowsTheRanks(int keys) {
        int draws = 200_000;
        int[] counts = counts(KeyChooser.Kind.zipfian, keys, draws);

        double sum = 0;
        for (int rank = 1; rank <= keys; rank++) {
            sum += Math.pow(rank, -0.99);
        }
        assertThat(counts[0] / (double) draws).isBetween(0.97 / sum, 1.03 / sum);
        double topTen = 0;
        int counted = 0;
        for (int rank = 1; rank <= Math.min(10, keys); rank++) {
            topTen += Math.pow(rank, -0.99) / sum;
            counted += counts[rank - 1];
        }
        assertThat(counted / (double) draws).isBetween(topTen * 0.9, topTen * 1.1);
    }

    @Test
    void aBillionKeysNeedNoLongStart() {
        KeyChooser chooser = KeyChooser.of(KeyChooser.Kind.zipfian, 1_000_000_000L);
        SplittableRandom random = new SplittableRandom(5);
        long largest = 0;
        for (int i = 0; i < 10_000; i++) {
            long chosen = chooser.next(random);
            assertThat(chosen).isBetween(0L, 999_999_999L);
            largest = Math.max(largest, chosen);
        }
        assertThat(largest).isGreaterThan(100_000_000L);
    }

    private static int[] counts(KeyChooser.Kind kind, int keys, int draws) {
        KeyChooser chooser = KeyChooser.of(kind, keys);
        SplittableRandom random = new SplittableRandom(3);
        int[] counts = new int[keys];
        for (int i = 0; i < draws; i++) {
            counts[(int) chooser.next(random)]++;
        }
        return counts;
    }

    @Test
    void workloadsHaveTheSharesOfTheirName() {
        assertThat(share(Workload.put, Workload.Step.PUT)).isEqualTo(100);
        assertThat(share(Workload.get, Workload.Step.GET)).isEqualTo(100);
        assertThat(share(Workload.a, Workload.Step.GET)).isEqualTo(50);
        assertThat(share(Workload.a, Workload.Step.PUT)).isEqualTo(50);
        assertThat(share(Workload.b, Workload.Step.GET)).isEqualTo(95);
        assertThat(share(Workload.b, Workload.Step.PUT)).isEqualTo(5);
        assertThat(share(Workload.c, Workload.Step.GET)).isEqualTo(100);
        assertThat(share(Workload.e, Workload.Step.SCAN)).isEqualTo(95);
        assertThat(share(Workload.e, Workload.Step.INSERT)).isEqualTo(5);
        assertThat(share(Workload.cas, Workload.Step.FAILED_CAS)).isEqualTo(100);
    }

    private static int share(Workload workload, Workload.Step step) {
        int share = 0;
        for (int percent = 0; percent < 100; percent++) {
            share += workload.step(percent) == step ? 1 : 0;
        }
        return share;
    }
}
