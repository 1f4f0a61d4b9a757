package io.flotilla.raft.core.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The parts of a log against the plainest thing that does the same; and what a log refuses. */
class LogPartsTest {
    private static Entry entry(long term, long index, int bytes) {
        return new Entry(term, index, EntryKind.COMMAND, new byte[bytes]);
    }

    @Test
    void termRunsAreTheTermsOfAllEntries() {
        SplittableRandom random = new SplittableRandom(2);
        for (int run = 0; run < 200; run++) {
            EntryId base = new EntryId(random.nextInt(3), random.nextInt(5));
            TermRuns runs = new TermRuns(base, List.of());
            List<Long> terms = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                long last = base.index() + terms.size();
                int choice = random.nextInt(20);
                if (choice < 16) {
                    long before = terms.isEmpty() ? base.term() : terms.get(terms.size() - 1);
                    long term = Math.max(1, before + (random.nextInt(3) == 0 ? random.nextInt(3) : 0));
                    terms.add(term);
                    runs.append(last + 1, term);
                } else if (choice < 18 && !terms.isEmpty()) {
                    int from = random.nextInt(terms.size());
                    runs.truncateFrom(base.index() + 1 + from);
                    terms.subList(from, terms.size()).clear();
                } else if (choice < 19 && !terms.isEmpty()) {
                    int gone = 1 + random.nextInt(terms.size());
                    base = new EntryId(terms.get(gone - 1), base.index() + gone);
                    runs.startAfter(base, last);
                    terms.subList(0, gone).clear();
                }
                checkTerms(runs, base, terms);
            }
        }
    }

    private static void checkTerms(TermRuns runs, EntryId base, List<Long> terms) {
        long last = base.index() + terms.size();
        assertThat(runs.termAt(base.index())).isEqualTo(base.term());
        for (int i = 0; i < terms.size(); i++) {
            long index = base.index() + 1 + i;
            assertThat(runs.termAt(index)).isEqualTo(terms.get(i));
            assertThat(runs.firstOfRun(index)).isEqualTo(base.index() + 1 + terms.indexOf(terms.get(i)));
        }
        long highest = terms.isEmpty() ? base.term() : terms.get(terms.size() - 1);
        for (long limit = base.index(); limit <= last; limit++) {
            for (long term = base.term(); term <= highest; term++) {
                long expected = limit;
                while (expected > base.index() && terms.get((int) (expected - base.index() - 1)) > term) {
                    expected--;
                }
                assertThat(runs.lastWithTermAtMost(term, limit)).isEqualTo(expected);
            }
        }
    }

    @Test
    void residentEntriesAreAListWithoutItsBeginning() {
        SplittableRandom random = new SplittableRandom(3);
        ResidentEntries resident = new ResidentEntries(5);
        List<Entry> model = new ArrayList<>();
        long first = 5;
        int most = 0;
        for (int i = 0; i < 20_000; i++) {
            boolean grows = i / 1_000 % 2 == 0;
            int choice = random.nextInt(20);
            if (choice < (grows ? 16 : 6)) {
                Entry entry = entry(1, first + model.size(), random.nextInt(50));
                model.add(entry);
                resident.add(entry);
            } else if (choice < 18) {
                long index = first + random.nextInt(8);
                resident.dropBefore(index);
                int gone = (int) Math.min(model.size(), index - first);
                model.subList(0, gone).clear();
                first += gone;
            } else if (!model.isEmpty()) {
                long from = first + Math.max(0, model.size() - 1 - random.nextInt(4));
                resident.truncateFrom(from);
                model.subList((int) (from - first), model.size()).clear();
            }
            most = Math.max(most, model.size());
            assertThat(resident.first()).isEqualTo(first);
            assertThat(resident.next()).isEqualTo(first + model.size());
            assertThat(resident.bytes())
                    .isEqualTo(model.stream().mapToLong(Entry::bytes).sum());
            if (!model.isEmpty()) {
                int from = random.nextInt(model.size());
                int to = from + random.nextInt(model.size() - from);
                long bytes = random.nextInt(2_000);
                assertThat(resident.get(first + from)).isSameAs(model.get(from));
                assertThat(resident.slice(first + from, first + to, bytes)).isEqualTo(slice(model, from, to, bytes));
            }
        }
        assertThat(most).isGreaterThan(300);
    }

    private static List<Entry> slice(List<Entry> entries, int from, int to, long maxBytes) {
        int end = from + 1;
        while (end <= to
                && entries.subList(from, end + 1).stream()
                                .mapToLong(Entry::bytes)
                                .sum()
                        <= maxBytes) {
            end++;
        }
        return entries.subList(from, end);
    }

    @Test
    void truncatedBeforeItsBeginningItBeginsThere() {
        ResidentEntries resident = new ResidentEntries(5);
        resident.add(entry(1, 5, 1));
        resident.truncateFrom(3);
        assertThat(resident.first()).isEqualTo(3);
        assertThat(resident.next()).isEqualTo(3);
        resident.add(entry(2, 3, 1));
        assertThat(resident.get(3).term()).isEqualTo(2);
        resident.reset(9);
        assertThat(resident.first()).isEqualTo(9);
        assertThat(resident.bytes()).isZero();
    }

    /** Entries 4 to 8 after 3; committed to 7, applied to 6; 5 and before are not in memory. */
    private static RaftLog log() {
        RaftLog log = new RaftLog(new EntryId(1, 3), List.of(new TermRun(4, 1)), 5, 5);
        for (long index = 6; index <= 8; index++) {
            log.append(entry(2, index, 10));
        }
        log.commitTo(7);
        log.appliedTo(6);
        return log;
    }

    private static void refuses(Runnable wrong) {
        assertThatThrownBy(wrong::run).isInstanceOf(AssertionError.class);
    }

    @Test
    void aLogRefusesWhatCanNotBe() {
        refuses(() -> new RaftLog(new EntryId(1, 3), List.of(), 3, 2));
        refuses(() -> new RaftLog(new EntryId(1, 3), List.of(), 3, 4));
        refuses(() -> log().append(entry(2, 10, 1)));
        refuses(() -> log().append(entry(2, 8, 1)));
        refuses(() -> log().append(entry(1, 9, 1)));
        refuses(() -> log().truncateFrom(7));
        refuses(() -> log().commitTo(9));
        refuses(() -> log().appliedTo(5));
        refuses(() -> log().appliedTo(8));
        refuses(() -> log().compactTo(3));
        refuses(() -> log().compactTo(7));
        refuses(() -> log().termAt(2));
        refuses(() -> log().termAt(9));
        refuses(() -> log().slice(5, 7, 100));
        refuses(() -> log().slice(6, 9, 100));
        refuses(() -> log().installed(new EntryId(2, 6)));
        refuses(() -> log().installed(new EntryId(1, 7)));
        refuses(() -> log().resetTo(new EntryId(2, 7)));
    }

    @Test
    void aLogAllowsWhatIsJustWithin() {
        log().append(entry(2, 9, 1));
        log().truncateFrom(8);
        log().commitTo(8);
        log().appliedTo(7);
        assertThat(log().termAt(3)).isEqualTo(1);
        assertThat(log().termAt(8)).isEqualTo(2);
        assertThat(log().slice(6, 8, 1_000)).hasSize(3);
        assertThat(log().slice(6, 8, 2 * (10 + Entry.OVERHEAD_BYTES))).hasSize(2);
        RaftLog log = log();
        log.compactTo(6);
        assertThat(log.base()).isEqualTo(new EntryId(2, 6));
        assertThat(log.contains(new EntryId(2, 6))).isTrue();
        assertThat(log.contains(new EntryId(2, 8))).isTrue();
        assertThat(log.contains(new EntryId(1, 8))).isFalse();
        assertThat(log.contains(new EntryId(2, 9))).isFalse();
        assertThat(log.contains(new EntryId(1, 5))).isFalse();
        log = log();
        log.installed(new EntryId(2, 7));
        assertThat(log.applied()).isEqualTo(7);
        assertThat(log.base()).isEqualTo(new EntryId(2, 7));
        assertThat(log.unappliedBytes()).isEqualTo(10 + Entry.OVERHEAD_BYTES);
        log = log();
        log.resetTo(new EntryId(3, 8));
        assertThat(log.last()).isEqualTo(new EntryId(3, 8));
        assertThat(log.committed()).isEqualTo(8);
        assertThat(log.applied()).isEqualTo(8);
        assertThat(log.unappliedBytes()).isZero();
    }

    /** Terms 1 1 1 3 3 5 5 of entries 1 to 7. */
    private static RaftLog terms() {
        RaftLog log = new RaftLog(EntryId.ZERO, List.of(), 0, 0);
        long index = 0;
        for (long term : new long[] {1, 1, 1, 3, 3, 5, 5}) {
            log.append(entry(term, ++index, 1));
        }
        return log;
    }

    @Test
    void aRefusalSettlesOneTerm() {
        RaftLog log = terms();
        // the follower's log is too short: it ends at the index
        assertThat(log.lastPossibleMatch(8, 0, 4)).isEqualTo(4);
        assertThat(log.lastPossibleMatch(5, 0, 6)).isEqualTo(4);
        assertThat(log.lastPossibleMatch(1, 0, 0)).isZero();
        // the follower has term 4 from 5 on: nothing of that is here
        assertThat(log.lastPossibleMatch(7, 4, 5)).isEqualTo(4);
        // it has term 3 from 5 on, and 3 is here up to 5
        assertThat(log.lastPossibleMatch(7, 3, 5)).isEqualTo(5);
        // it has term 3 from 6 on: the last of term 3 here comes before that
        assertThat(log.lastPossibleMatch(7, 3, 6)).isEqualTo(5);
        // it has term 2 from 2 on
        assertThat(log.lastPossibleMatch(6, 2, 2)).isEqualTo(1);
        // term 3 from 4 on, refused at 5: not more than is before it
        assertThat(log.lastPossibleMatch(5, 3, 4)).isEqualTo(4);
        // term 1 from 1 on
        assertThat(log.lastPossibleMatch(6, 1, 1)).isEqualTo(3);
    }

    @Test
    void entriesAreEqualByContent() {
        Entry entry = new Entry(2, 7, EntryKind.COMMAND, new byte[] {1, 2});
        Entry same = new Entry(2, 7, EntryKind.COMMAND, new byte[] {1, 2});
        assertThat(entry).isEqualTo(same).hasSameHashCodeAs(same).hasToString("[7:2 COMMAND 2B]");
        assertThat(entry.hashCode()).isEqualTo(Long.hashCode(2 * 31 + 7));
        assertThat(entry)
                .isNotEqualTo(new Entry(3, 7, EntryKind.COMMAND, new byte[] {1, 2}))
                .isNotEqualTo(new Entry(2, 8, EntryKind.COMMAND, new byte[] {1, 2}))
                .isNotEqualTo(new Entry(2, 7, EntryKind.MEMBERSHIP, new byte[] {1, 2}))
                .isNotEqualTo(new Entry(2, 7, EntryKind.COMMAND, new byte[] {1, 3}));
        assertThat(entry.id()).isEqualTo(new EntryId(2, 7));
    }

    @Test
    void theNumbersOfKindsAreFormats() {
        assertThat(EntryKind.NO_OP.code()).isZero();
        assertThat(EntryKind.COMMAND.code()).isEqualTo(1);
        assertThat(EntryKind.MEMBERSHIP.code()).isEqualTo(2);
        for (EntryKind kind : EntryKind.values()) {
            assertThat(EntryKind.of(kind.code())).isEqualTo(kind);
        }
        assertThatThrownBy(() -> EntryKind.of(3)).isInstanceOf(IllegalArgumentException.class);
    }
}
