package io.flotilla.raft.core.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RaftLogTest {
    private static final int BYTES = Entry.OVERHEAD_BYTES + 10;

    private static Entry entry(long term, long index) {
        return new Entry(term, index, EntryKind.COMMAND, new byte[10]);
    }

    private static RaftLog tenEntries() {
        RaftLog log = new RaftLog(EntryId.ZERO, List.of(), 0, 0);
        for (int i = 1; i <= 10; i++) {
            log.append(entry(1, i));
        }
        return log;
    }

    @Test
    @DisplayName("Applied entries leave memory, unless a follower lags a little; others stay")
    void appliedEntriesLeaveMemory() {
        RaftLog log = tenEntries();
        log.commitTo(8);
        log.evict(Long.MAX_VALUE, 10, 0, 1 << 20);
        assertThat(log.firstResident()).as("nothing is applied").isEqualTo(1);

        log.appliedTo(6);
        assertThat(log.unappliedBytes()).isEqualTo(4 * BYTES);
        log.evict(3, 10, 4 * BYTES, 1 << 20);
        assertThat(log.firstResident()).as("index 3 is still needed").isEqualTo(3);
        log.evict(3, 10, 2 * BYTES, 1 << 20);
        assertThat(log.firstResident()).as("the follower lags too much").isEqualTo(5);
        log.evict(Long.MAX_VALUE, 10, 2 * BYTES, 1 << 20);
        assertThat(log.firstResident()).isEqualTo(7);
        assertThat(log.unappliedBytes()).isEqualTo(4 * BYTES);
        assertThat(log.termAt(2)).as("terms stay known").isEqualTo(1);
    }

    @Test
    @DisplayName("If applying lags behind, durable entries leave memory at the bound, and are not counted twice")
    void slowApplyDoesNotFillMemory() {
        RaftLog log = tenEntries();
        log.commitTo(10);
        log.evict(Long.MAX_VALUE, 9, 0, 3 * BYTES);
        assertThat(log.firstResident()).isEqualTo(8);
        log.evict(Long.MAX_VALUE, 9, 0, 0);
        assertThat(log.firstResident()).as("what is not durable stays").isEqualTo(10);
        log.appliedTo(5);
        assertThat(log.unappliedBytes()).isEqualTo(BYTES);
        log.appliedTo(10);
        assertThat(log.unappliedBytes()).isZero();
    }

    @Test
    @DisplayName("A cut below what is in memory leaves a log that goes on from the cut")
    void cutBelowMemory() {
        RaftLog log = tenEntries();
        log.evict(Long.MAX_VALUE, 10, 0, 2 * BYTES);
        assertThat(log.firstResident()).isEqualTo(9);
        log.truncateFrom(4);
        log.append(entry(2, 4));
        assertThat(log.firstResident()).isEqualTo(4);
        assertThat(log.slice(4, 4, 1)).containsExactly(entry(2, 4));
        assertThat(log.last()).isEqualTo(new EntryId(2, 4));
    }

    @Test
    @DisplayName("A log that begins later knows the same of what it still holds")
    void beginsLater() {
        SplittableRandom random = new SplittableRandom(6);
        RaftLog whole = new RaftLog(EntryId.ZERO, List.of(), 0, 0);
        RaftLog later = new RaftLog(EntryId.ZERO, List.of(), 0, 0);
        long term = 1;
        for (int step = 0; step < 500; step++) {
            term += random.nextInt(10) / 9;
            long last = whole.lastIndex();
            int choice = random.nextInt(10);
            if (choice == 0 && last > whole.committed()) {
                long from = whole.committed() + 1 + random.nextLong(last - whole.committed());
                whole.truncateFrom(from);
                later.truncateFrom(from);
            } else if (choice < 3 && last > whole.applied()) {
                long index = whole.applied() + 1 + random.nextLong(last - whole.applied());
                for (RaftLog log : List.of(whole, later)) {
                    log.commitTo(index);
                    log.appliedTo(index);
                }
            } else if (choice == 3 && later.applied() > later.base().index()) {
                long from = later.base().index();
                later.compactTo(from + 1 + random.nextLong(later.applied() - from));
            } else {
                whole.append(entry(term, last + 1));
                later.append(entry(term, last + 1));
            }
            assertThat(later.last()).isEqualTo(whole.last());
            assertThat(later.unappliedBytes()).isEqualTo(whole.unappliedBytes());
            long base = later.base().index();
            assertThat(later.firstResident()).isEqualTo(base + 1);
            assertThat(later.slice(base + 1, later.lastIndex(), Long.MAX_VALUE))
                    .isEqualTo(whole.slice(base + 1, whole.lastIndex(), Long.MAX_VALUE));
            assertThat(later.termAt(base)).isEqualTo(whole.termAt(base));
            for (long index = base + 1; index <= later.lastIndex(); index++) {
                assertThat(later.termAt(index)).isEqualTo(whole.termAt(index));
                List<TermRun> runs = new ArrayList<>();
                for (long i = index; i > base; i--) {
                    if (i == base + 1 || whole.termAt(i - 1) != whole.termAt(i)) {
                        runs.add(new TermRun(i, whole.termAt(i)));
                    }
                }
                assertThat(later.runsBackFrom(index, 100)).isEqualTo(runs);
            }
        }
    }

    @Test
    @DisplayName("Terms and entries are those of a plain list, however the log grows and is cut")
    void behavesLikeAList() {
        RaftLog log = new RaftLog(new EntryId(1, 0), List.of(new TermRun(1, 1)), 3, 0);
        List<Long> model = new ArrayList<>(Collections.nCopies(3, 1L));
        SplittableRandom random = new SplittableRandom(5);
        for (int step = 0; step < 500; step++) {
            if (random.nextInt(4) == 0 && !model.isEmpty()) {
                int from = 1 + random.nextInt(model.size());
                log.truncateFrom(from);
                model.subList(from - 1, model.size()).clear();
            } else {
                long last = model.isEmpty() ? 1 : model.get(model.size() - 1);
                long term = last + random.nextInt(3);
                log.append(entry(term, model.size() + 1));
                model.add(term);
            }
            assertThat(LongStream.rangeClosed(1, log.lastIndex())
                            .map(log::termAt)
                            .boxed())
                    .isEqualTo(model);
            long first = log.firstResident();
            assertThat(log.slice(first, log.lastIndex(), Long.MAX_VALUE))
                    .extracting(Entry::term)
                    .isEqualTo(model.subList((int) first - 1, model.size()));
        }
    }
}
