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
            assertThat(runs.backFrom(index, 1))
                    .containsExactly(new TermRun(base.index() + 1 + terms.indexOf(terms.get(i)), terms.get(i)));
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

    private static long match(long rejected, long end, TermRun... theirs) {
        return terms().lastPossibleMatch(rejected, end, List.of(theirs));
    }

    private static TermRun run(long first, long term) {
        return new TermRun(first, term);
    }

    @Test
    void aRefusalSettlesWhatItNames() {
        // the follower's log ends at the index, and it says no more
        assertThat(match(8, 4)).isEqualTo(4);
        assertThat(match(5, 6)).isEqualTo(4);
        assertThat(match(1, 0)).isZero();
        // the follower has term 4 from 5 on: nothing of that is here
        assertThat(match(7, 7, run(5, 4))).isEqualTo(4);
        // it has term 3 from 5 on, and 3 is here up to 5
        assertThat(match(7, 7, run(5, 3))).isEqualTo(5);
        // it has term 3 from 6 on: the last of term 3 here comes before that
        assertThat(match(7, 7, run(6, 3))).isEqualTo(5);
        // it has term 2 from 2 on
        assertThat(match(6, 6, run(2, 2))).isEqualTo(1);
        // term 3 from 4 on, refused at 5: not more than is before it
        assertThat(match(5, 5, run(4, 3))).isEqualTo(4);
        // term 1 from 1 on
        assertThat(match(6, 6, run(1, 1))).isEqualTo(3);
    }

    @Test
    void aRefusalSettlesAllTermsThatItNames() {
        // 1 1 1 3 4 4 4: up to 4 it is the same
        assertThat(match(7, 7, run(5, 4), run(4, 3), run(1, 1))).isEqualTo(4);
        // 1 1 2 2 4 4: up to 2
        assertThat(match(7, 6, run(5, 4), run(3, 2), run(1, 1))).isEqualTo(2);
        // 1 1 1 3 3 5, too short: its end is here, too
        assertThat(match(7, 6, run(6, 5), run(4, 3), run(1, 1))).isEqualTo(6);
        // . . 2 2 4 4, and what comes before is not told
        assertThat(match(7, 6, run(5, 4), run(3, 2))).isEqualTo(2);
        // a log that shares nothing
        assertThat(match(7, 6, run(5, 4), run(1, 2))).isZero();
    }

    @Test
    void asManyRunsAsAskedForAreTold() {
        RaftLog log = terms();
        assertThat(log.runsBackFrom(7, 16)).containsExactly(run(6, 5), run(4, 3), run(1, 1));
        assertThat(log.runsBackFrom(5, 16)).containsExactly(run(4, 3), run(1, 1));
        assertThat(log.runsBackFrom(7, 2)).containsExactly(run(6, 5), run(4, 3));
        assertThat(log.runsBackFrom(0, 2)).isEmpty();
    }

    /** However the logs differ, one refusal that names all terms leads straight to the end of what they share. */
    @Test
    void theEndOfWhatIsSharedIsFoundAtOnce() {
        SplittableRandom random = new SplittableRandom(35);
        for (int round = 0; round < 2_000; round++) {
            List<Long> shared = risingTerms(random, 1, random.nextInt(6));
            long last = shared.isEmpty() ? 1 : shared.get(shared.size() - 1);
            List<Long> mine = new ArrayList<>(shared);
            List<Long> theirs = new ArrayList<>(shared);
            // no two leaders share a term: odd ones here, even ones there
            risingTerms(random, last / 2 + 1, 1 + random.nextInt(8)).forEach(term -> mine.add(2 * term + 1));
            risingTerms(random, last / 2 + 1, random.nextInt(8)).forEach(term -> theirs.add(2 * term));
            RaftLog leader = logOf(mine, random.nextInt(shared.size() + 1));
            RaftLog follower = logOf(theirs, random.nextInt(shared.size() + 1));
            long rejected = mine.size();
            if (!follower.contains(leader.last())) {
                long end = Math.min(rejected, theirs.size());
                assertThat(leader.lastPossibleMatch(rejected, end, follower.runsBackFrom(end, 100)))
                        .as("%s and %s", mine, theirs)
                        .isEqualTo(shared.size());
            }
        }
    }

    private static List<Long> risingTerms(SplittableRandom random, long first, int count) {
        List<Long> terms = new ArrayList<>();
        long term = first;
        for (int i = 0; i < count; i++) {
            term += random.nextInt(2);
            terms.add(term);
        }
        return terms;
    }

    /** Compacted up to the base. */
    private static RaftLog logOf(List<Long> terms, int base) {
        EntryId end = base == 0 ? EntryId.ZERO : new EntryId(terms.get(base - 1), base);
        RaftLog log = new RaftLog(end, List.of(), base, base);
        for (int i = base; i < terms.size(); i++) {
            log.append(entry(terms.get(i), i + 1, 1));
        }
        return log;
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
