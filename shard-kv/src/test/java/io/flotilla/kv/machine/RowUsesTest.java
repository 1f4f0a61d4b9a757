package io.flotilla.kv.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.memory.MemoryEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Rows are there for as long as somebody uses them, and then no longer. */
class RowUsesTest {
    private static final String KEYS = "abcdefgh";

    private static Piece piece(long generation, String start, String end) {
        return new Piece(generation, ByteString.copyFromUtf8(start), ByteString.copyFromUtf8(end));
    }

    private static RowRange data(long generation, String start, String end) {
        return RowRange.data(piece(generation, start, end));
    }

    private static boolean covers(RowRange range, String key) {
        return range.start().toStringUtf8().compareTo(key) <= 0
                && (range.end().isEmpty() || range.end().toStringUtf8().compareTo(key) > 0);
    }

    private static RowRange any(SplittableRandom random, long generation) {
        int start = random.nextInt(KEYS.length());
        int end = random.nextInt(start + 1, KEYS.length() + 1);
        return data(
                generation,
                start == 0 ? "" : KEYS.substring(start, start + 1),
                end == KEYS.length() ? "" : KEYS.substring(end, end + 1));
    }

    private static Set<String> rows(MemoryEngine engine) {
        Set<String> rows = new TreeSet<>();
        try (EngineCursor all = engine.ascending(new byte[0], null)) {
            while (all.next()) {
                rows.add(all.key()[8] + Layout.userKey(all.key()).toStringUtf8());
            }
        }
        return rows;
    }

    @Test
    void whatIsLeftOfARangeWithoutOthersIsWhatTheyDoNotCover() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 5_000; round++) {
            RowRange range = any(random, 1);
            List<RowRange> others = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                others.add(any(random, 1));
            }
            List<RowRange> left = range.without(others);
            for (String key : KEYS.split("")) {
                boolean expected = covers(range, key) && others.stream().noneMatch(other -> covers(other, key));
                assertThat(left.stream().filter(part -> covers(part, key)).count())
                        .as("%s of %s without %s", key, range, others)
                        .isEqualTo(expected ? 1 : 0);
            }
        }
    }

    @Test
    void aRowLivesExactlyAsLongAsItIsUsed() {
        for (int seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            MemoryEngine engine = new MemoryEngine();
            RowUses uses = new RowUses(engine);
            Set<String> expected = new TreeSet<>();
            EngineBatch filled = new EngineBatch();
            for (long generation = 1; generation <= 3; generation++) {
                for (String key : KEYS.split("")) {
                    filled.put(Layout.dataKey(generation, ByteString.copyFromUtf8(key)), new byte[8]);
                    expected.add(generation + key);
                }
            }
            engine.write(filled);
            List<RowUses.Use> live = new ArrayList<>();
            List<List<RowRange>> ranges = new ArrayList<>();
            List<RowRange> all = List.of(data(1, "", ""), data(2, "", ""), data(3, "", ""));
            live.add(uses.use(all));
            ranges.add(all);
            while (!live.isEmpty()) {
                int at = random.nextInt(live.size());
                List<RowRange> part = new ArrayList<>();
                for (RowRange range : ranges.get(at)) {
                    // no more than what this use has: a use begins only where there is one
                    RowRange less = any(random, range.number());
                    if (less.without(List.of(range)).isEmpty() && random.nextInt(4) > 0) {
                        part.add(less);
                    } else if (random.nextInt(3) > 0) {
                        part.add(range);
                    }
                }
                switch (random.nextInt(4)) {
                    case 0:
                        live.remove(at).close();
                        ranges.remove(at);
                        break;
                    case 1:
                        uses.change(live.get(at), part, new EngineBatch());
                        ranges.set(at, part);
                        break;
                    default:
                        if (live.size() < 6) {
                            live.add(uses.use(part));
                            ranges.add(part);
                        }
                }
                expected.removeIf(row -> ranges.stream()
                        .flatMap(List::stream)
                        .noneMatch(range -> row.startsWith("" + range.number()) && covers(range, row.substring(1))));
                assertThat(rows(engine)).as("seed %s", seed).isEqualTo(expected);
            }
            assertThat(rows(engine)).isEmpty();
        }
    }
}
