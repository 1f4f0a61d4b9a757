package io.flotilla.raft.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class InflightsTest {
    private record Sent(long last, int bytes) {}

    @Test
    void isAQueueOfAnyLength() {
        SplittableRandom random = new SplittableRandom(1);
        Inflights inflights = new Inflights();
        ArrayDeque<Sent> model = new ArrayDeque<>();
        long last = 0;
        int longest = 0;
        for (int i = 0; i < 5_000; i++) {
            // grows for a while, then shrinks, with its beginning anywhere in the ring
            boolean grows = i / 500 % 2 == 0;
            if (random.nextInt(10) < (grows ? 8 : 2)) {
                last += 1 + random.nextInt(5);
                int bytes = random.nextInt(1_000);
                inflights.add(last, bytes);
                model.add(new Sent(last, bytes));
            } else {
                long free = model.isEmpty() ? last : model.peek().last + random.nextInt(8) - 1;
                inflights.freeTo(free);
                model.removeIf(sent -> sent.last <= free);
            }
            longest = Math.max(longest, model.size());
            assertThat(inflights.count()).isEqualTo(model.size());
            assertThat(inflights.bytes())
                    .isEqualTo(model.stream().mapToLong(Sent::bytes).sum());
        }
        assertThat(longest).isGreaterThan(64);
    }
}
