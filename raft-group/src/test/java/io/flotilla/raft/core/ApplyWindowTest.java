package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.log.TermRun;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What goes to the state machine, and when. */
class ApplyWindowTest {
    private static final int BYTES = entry(1, 1).bytes();

    private final Outbox outbox = new Outbox(0);
    private final Loads loads = new Loads(outbox);

    /** A log with so many entries of term 1 in memory, all committed. */
    private static RaftLog log(int entries) {
        RaftLog log = new RaftLog(EntryId.ZERO, List.of(), 0, 0);
        for (int i = 1; i <= entries; i++) {
            log.append(entry(1, i));
        }
        log.commitTo(entries);
        return log;
    }

    private static List<Entry> entries(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> entry(1, i)).toList();
    }

    @Test
    void onlyWhatIsCommittedAndDurableGoesAndOnce() {
        ApplyWindow window = new ApplyWindow(1_000, log(5), loads);
        assertThat(window.drain(0)).isEmpty();
        assertThat(window.drain(2)).isEqualTo(entries(1, 2));
        assertThat(window.drain(2)).isEmpty();
        assertThat(window.drain(99)).isEqualTo(entries(3, 5));
        assertThat(window.drain(99)).isEmpty();
    }

    @Test
    void noMoreGoesThanTheWindowHasRoomFor() {
        ApplyWindow window = new ApplyWindow(3 * BYTES, log(9), loads);
        assertThat(window.drain(9)).isEqualTo(entries(1, 3));
        assertThat(window.drain(9)).as("the window is full").isEmpty();
        window.applied(2);
        assertThat(window.drain(9))
                .as("answered by what was handed out together")
                .isEmpty();
        window.applied(3);
        assertThat(window.drain(9)).isEqualTo(entries(4, 6));
        window.applied(6);
        assertThat(window.drain(7)).isEqualTo(entries(7, 7));
        assertThat(window.drain(9)).as("room for two more").isEqualTo(entries(8, 9));
    }

    @Test
    void oneEntryMayPassTheWindowsBound() {
        ApplyWindow window = new ApplyWindow(BYTES + 1, log(4), loads);
        assertThat(window.drain(4)).as("one byte is left after the first").isEqualTo(entries(1, 2));
        window.applied(2);
        assertThat(window.drain(4)).isEqualTo(entries(3, 4));
    }

    @Test
    void whatLeftMemoryIsReadFromDisk() {
        RaftLog log = new RaftLog(EntryId.ZERO, List.of(new TermRun(1, 1)), 4, 0);
        log.append(entry(1, 5));
        log.commitTo(5);
        ApplyWindow window = new ApplyWindow(3 * BYTES, log, loads);
        assertThat(window.drain(5)).isEmpty();
        LoadRequest load = new LoadRequest(null, 1, 4, 3 * BYTES);
        assertThat(outbox.drain(List.of()).loads()).containsExactly(load);
        loads.answered(load);
        window.loaded(List.of());
        assertThat(window.drain(5)).as("nothing is an answer too").isEmpty();
        assertThat(outbox.drain(List.of()).loads()).containsExactly(load);
        loads.answered(load);
        window.loaded(entries(2, 3));
        window.loaded(entries(1, 2));
        window.loaded(entries(1, 2));
        assertThat(window.drain(5)).isEqualTo(entries(1, 2));
        load = new LoadRequest(null, 3, 4, BYTES);
        assertThat(outbox.drain(List.of()).loads()).containsExactly(load);
        loads.answered(load);
        window.loaded(entries(3, 3));
        assertThat(window.drain(5)).isEqualTo(entries(3, 3));
        assertThat(outbox.drain(List.of()).loads()).as("the window is full").isEmpty();
        window.applied(3);
        assertThat(window.drain(3)).as("4 is not durable").isEmpty();
        assertThat(outbox.drain(List.of()).loads()).isEmpty();
        assertThat(window.drain(4)).isEmpty();
        load = new LoadRequest(null, 4, 4, 3 * BYTES);
        assertThat(outbox.drain(List.of()).loads()).containsExactly(load);
        loads.answered(load);
        window.loaded(entries(4, 4));
        assertThat(window.drain(5)).isEqualTo(entries(4, 5));
    }

    @Test
    void nothingGoesBetweenASnapshotAndItsInstallation() {
        RaftLog log = log(9);
        ApplyWindow window = new ApplyWindow(1_000, log, loads);
        assertThat(window.drain(2)).hasSize(2);
        window.pause();
        assertThat(window.isPaused()).isTrue();
        assertThat(window.drain(9)).isEmpty();
        window.loaded(entries(3, 3));
        assertThat(window.drain(9)).isEmpty();
        window.applied(2);
        assertThatThrownBy(() -> window.installed(2)).isInstanceOf(AssertionError.class);
        window.installed(7);
        assertThat(window.isPaused()).isFalse();
        assertThat(window.drain(9)).isEqualTo(entries(8, 9));
    }
}
