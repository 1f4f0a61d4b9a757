package io.flotilla.raft.host.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Merged, batches leave the log as they would one after the other: compared with a dumb log that takes them so. */
class MergedWriteTest {
    private static final int RUNS = 20_000;

    /** A replica's batches, at random: each makes sense after those before it. */
    private static final class Batches {
        private final SplittableRandom random;
        private final DumbLog log;
        private long term = 1;
        private long sequence;

        Batches(SplittableRandom random, DumbLog log) {
            this.random = random;
            this.log = log;
            this.term = log.hardState.term() + 1;
        }

        PersistBatch next() {
            if (random.nextInt(3) == 0) {
                term++;
            }
            HardState hardState =
                    random.nextBoolean() ? new HardState(term, new NodeId("n" + random.nextInt(3))) : null;
            EntryId base = null;
            boolean reset = false;
            int kind = random.nextInt(8);
            if (kind == 0 && !log.entries.isEmpty()) {
                base = log.entries.get(random.nextInt(log.entries.size())).id();
            } else if (kind == 1) {
                // a snapshot that ends beyond the log, or where the log has another entry
                EntryId end = new EntryId(1 + random.nextLong(term), log.base.index() + 1 + random.nextInt(8));
                reset = !log.holds(end);
                base = reset ? end : null;
            }
            Membership membership = base != null && random.nextBoolean() ? membership() : null;
            SnapshotBase snapshot = random.nextInt(6) == 0
                    ? new SnapshotBase(new EntryId(term, 1 + random.nextInt(9)), Membership.of(new NodeId("n9")))
                    : null;
            long begin = base == null ? log.base.index() : base.index();
            long end = reset ? begin : Math.max(begin, log.last());
            List<Entry> entries = new ArrayList<>();
            if (random.nextInt(3) > 0) {
                long first = begin + 1 + random.nextLong(end - begin + 1);
                int count = 1 + random.nextInt(4);
                if (first <= end) {
                    term++; // one term never has two entries of one index
                }
                for (long index = first; index < first + count; index++) {
                    entries.add(new Entry(term, index, EntryKind.COMMAND, new byte[] {(byte) random.nextInt()}));
                }
            }
            PersistBatch batch = new PersistBatch(
                    ++sequence, hardState, base, membership, reset, snapshot, List.copyOf(entries), List.of());
            log.write(batch);
            return batch;
        }

        private Membership membership() {
            return Membership.of(new NodeId("n" + random.nextInt(9)));
        }
    }

    @Test
    void mergedIsTheSameAsOneAfterTheOther() {
        int resets = 0;
        int surplus = 0;
        int cuts = 0;
        for (int seed = 0; seed < RUNS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            DumbLog expected = new DumbLog();
            Batches batches = new Batches(random, expected);
            for (int i = random.nextInt(5); i > 0; i--) {
                batches.next();
            }
            DumbLog before = expected.copy();
            DumbLog found = before.copy();
            MergedWrite merged = new MergedWrite(7);
            List<PersistBatch> taken = new ArrayList<>();
            boolean reset = false;
            for (int i = 1 + random.nextInt(5); i > 0; i--) {
                long last = expected.last();
                PersistBatch batch = batches.next();
                taken.add(batch);
                merged.add(batch);
                reset |= batch.reset();
                cuts += !batch.entries().isEmpty() && batch.entries().get(0).index() <= last ? 1 : 0;
            }
            found.write(merged.toWrite());
            if (reset) {
                resets++;
                // the one difference: the store held the new base, and goes on with what followed it there
                if (expected.entries.isEmpty() && !found.entries.isEmpty()) {
                    surplus++;
                    assertThat(before.holds(expected.base)).isTrue();
                    assertThat(before.entries).endsWith(found.entries.toArray(new Entry[0]));
                    found.entries.clear();
                }
            }
            assertThat(found).as("seed %s, %s then %s", seed, before, taken).hasToString(expected.toString());
            assertThat(found.entries).as("seed %s", seed).isEqualTo(expected.entries);
        }
        // each of these is tried: seeds that never cut or reset show nothing
        assertThat(cuts).isGreaterThan(RUNS / 2);
        assertThat(resets).isGreaterThan(RUNS / 10);
        assertThat(surplus).isPositive();
    }

    @Test
    void givenBatchesStayAsTheyWere() {
        Entry first = new Entry(1, 1, EntryKind.COMMAND, new byte[1]);
        Entry second = new Entry(2, 1, EntryKind.COMMAND, new byte[2]);
        List<Entry> given = new ArrayList<>(List.of(first));
        MergedWrite merged = new MergedWrite(7);
        merged.add(new PersistBatch(1, null, null, null, false, null, given, List.of()));
        merged.add(new PersistBatch(2, null, null, null, false, null, List.of(second), List.of()));
        assertThat(merged.toWrite().entries()).containsExactly(second);
        assertThat(given).containsExactly(first);
    }

    @Test
    void aTombstoneStandsAlone() {
        Tombstone tombstone = new Tombstone(7, 20, 3, new EntryId(3, 19), false);
        MergedWrite merged = new MergedWrite(7);
        merged.add(new PersistBatch(
                1, new HardState(3, null), null, null, false, null, List.of(Entry.noOp(3, 19)), List.of()));
        merged.bury(tombstone);
        DumbLog expected = new DumbLog();
        expected.tombstone = tombstone;
        DumbLog found = new DumbLog();
        found.write(merged.toWrite());
        assertThat(found).hasToString(expected.toString());
        merged.bury(tombstone.whenDropped());
        assertThat(merged.toWrite().tombstone()).isEqualTo(tombstone.whenDropped());
    }

    @Test
    void aCreationGoesWithWhatFollowsIt() {
        GroupDescriptor group = new GroupDescriptor(7, Membership.of(new NodeId("n1")), new byte[0]);
        MergedWrite merged = new MergedWrite(7);
        merged.create(group);
        merged.add(new PersistBatch(1, new HardState(1, null), null, null, false, null, List.of(), List.of()));
        assertThat(merged.toWrite().groupId()).isEqualTo(7);
        assertThat(merged.toWrite().creation()).isEqualTo(group);
        assertThat(merged.toWrite().hardState()).isEqualTo(new HardState(1, null));
    }
}
