package io.flotilla.kv.engine.rocks;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a range in which much was deleted is worth a compaction. */
class DeletedRangesTest {
    private final List<String> compacted = new ArrayList<>();
    private final DeletedRanges ranges = new DeletedRanges((from, to) -> compacted.add(text(from) + "-" + text(to)));

    private static String text(byte[] key) {
        return new String(key, US_ASCII);
    }

    private void passed(String from, String to, long deleted) {
        ranges.passed(from.getBytes(US_ASCII), to.getBytes(US_ASCII), deleted);
    }

    @Test
    void pagesThatFollowEachOtherAddUpInEitherDirection() {
        for (int i = 0; i < 5; i++) {
            passed("b" + i, "b" + (i + 1), 4_000);
        }
        for (int i = 5; i > 0; i--) {
            passed("d" + (i - 1), "d" + i, 4_000);
        }
        assertThat(compacted).containsExactly("b0-b5", "d0-d5");
    }

    @Test
    void littleInOnePlaceIsNotWorthIt() {
        for (int i = 0; i < 1_000; i++) {
            passed("b" + i % 2 * 5, "b" + (i % 2 * 5 + 1), 4_000);
        }
        assertThat(compacted).as("they lie apart").isEmpty();
        for (int i = 0; i < 15; i++) {
            passed("c", "d", 4_000);
        }
        assertThat(compacted).as("the same again and again").containsExactly("c-d", "c-d", "c-d");
    }
}
