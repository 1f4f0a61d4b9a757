package io.flotilla.raft.host.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.apply.ApplyQueue.Batch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waits together is taken together, within bounds, and nothing jumps over a gap. */
class ApplyQueueTest {
    private final ApplyQueue given = new ApplyQueue(1 << 20);

    private static List<Entry> entries(long first, int count, int bytes) {
        List<Entry> entries = new ArrayList<>();
        for (long index = first; index < first + count; index++) {
            entries.add(new Entry(1, index, EntryKind.COMMAND, new byte[bytes]));
        }
        return entries;
    }

    private void add(long first, int count, int bytes) {
        given.add(new Batch(entries(first, count, bytes), null));
    }

    private String take() {
        Batch batch = given.take();
        return batch == null ? "nothing" : batch.firstIndex() + ".." + batch.lastIndex();
    }

    @Test
    void aMachineThatMayTakeItsTimeGetsAThousandEntries() {
        for (int i = 0; i < 20; i++) {
            add(1 + 100 * i, 100, 10);
        }
        assertThat(take()).isEqualTo("1..1000");
        assertThat(take()).isEqualTo("1001..2000");
        assertThat(take()).isEqualTo("nothing");
    }

    @Test
    void orAMebibyte() {
        add(1, 2, 500 << 10);
        add(3, 1, 100 << 10);
        assertThat(take()).isEqualTo("1..2");
        assertThat(take()).isEqualTo("3..3");
    }

    @Test
    void whatWasGivenTogetherIsNotTakenApart() {
        add(1, 2_000, 10);
        add(2_001, 1, 10);
        assertThat(take()).isEqualTo("1..2000");
        assertThat(take()).isEqualTo("2001..2001");
    }

    @Test
    void betweenEntriesThatDoNotFollowEachOtherABatchEnds() {
        add(1, 2, 10);
        add(9, 2, 10);
        assertThat(given.beginsAtMost(0)).isFalse();
        assertThat(given.beginsAtMost(1)).isTrue();
        assertThat(take()).isEqualTo("1..2");
        assertThat(given.beginsAtMost(8)).isFalse();
        assertThat(take()).isEqualTo("9..10");
        assertThat(given.beginsAtMost(100)).isFalse();
        assertThat(given.isEmpty()).isTrue();
    }

    @Test
    void eachProposalStaysWithItsEntry() {
        ProposalCallback first = new Nobody();
        ProposalCallback second = new Nobody();
        given.add(new Batch(entries(1, 2, 1), new ProposalCallback[] {first, null}));
        given.add(new Batch(entries(3, 1, 1), null));
        given.add(new Batch(entries(4, 2, 1), new ProposalCallback[] {null, second}));
        Batch all = given.take();
        assertThat(all.callbacks()).containsExactly(first, null, null, null, second);
        assertThat(all.lastIndex()).isEqualTo(5);

        given.add(new Batch(entries(6, 1, 1), null));
        given.add(new Batch(entries(7, 1, 1), null));
        assertThat(given.take().callbacks()).isNull();
    }

    @Test
    void muchIsMoreThanSixteenEntriesOrSixteenKibibytes() {
        assertThat(given.isMuch()).isFalse();
        add(1, 15, 10);
        add(16, 1, 10);
        assertThat(given.isMuch()).isFalse();
        add(17, 1, 10);
        assertThat(given.isMuch()).isTrue();
        given.take();
        add(18, 1, (16 << 10) - Entry.OVERHEAD_BYTES);
        assertThat(given.isMuch()).isFalse();
        add(19, 1, 0);
        assertThat(given.isMuch()).isTrue();
    }

    private static final class Nobody implements ProposalCallback {
        @Override
        public void applied(long index, Object result) {
            throw new AssertionError("the queue answers nobody");
        }

        @Override
        public void refused(Refusal refusal) {
            throw new AssertionError("the queue answers nobody");
        }
    }

    @Test
    void whatNobodyWaitsForIsDeferredUntilThereIsMuchOfIt() {
        ApplyQueue queue = new ApplyQueue(1000);
        int[] planned = new int[1];
        Batch batch = new Batch(entries(1, 1, 400 - Entry.OVERHEAD_BYTES), null);
        assertThat(queue.defer(batch, () -> planned[0]++)).isFalse();
        assertThat(queue.defer(batch, () -> planned[0]++)).isFalse();
        assertThat(queue.defer(batch, () -> planned[0]++)).isTrue();
        assertThat(queue.defer(batch, () -> planned[0]++)).isFalse();
        assertThat(planned[0]).isEqualTo(1);
        queue.undefer();
        assertThat(queue.defer(batch, () -> planned[0]++)).isFalse();
        assertThat(queue.defer(batch, () -> planned[0]++)).isFalse();
        assertThat(planned[0]).isEqualTo(2);
        assertThat(queue.defer(batch, () -> planned[0]++)).isTrue();
    }
}
