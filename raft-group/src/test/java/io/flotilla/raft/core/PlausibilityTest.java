package io.flotilla.raft.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.HeldBack;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlausibilityTest {
    private static final long TERM = 7;
    private static final long LAST = 100;

    private static String of(Message message) {
        return Plausibility.objection(message, TERM, LAST);
    }

    private static AppendRequest append(long term, EntryId previous, long commit, long... terms) {
        Entry[] entries = new Entry[terms.length];
        for (int i = 0; i < terms.length; i++) {
            entries[i] = new Entry(terms[i], previous.index() + i + 1, EntryKind.COMMAND, new byte[0]);
        }
        return new AppendRequest(term, previous, commit, List.of(entries));
    }

    @Test
    void noKindOfMessageMakesTheTermLeap() {
        EntryId last = new EntryId(3, 90);
        for (long term : new long[] {TERM + Plausibility.TERM_LEAP + 1, 2_500_000_000_000_000_000L, Long.MAX_VALUE}) {
            for (Message message : new Message[] {
                new PreVoteRequest(term, last),
                new PreVoteReply(term, false),
                new VoteRequest(term, last),
                new VoteReply(term, true),
                append(term, last, 0),
                new AppendReply(term, 5),
                new Message.AppendReject(term, 5, 5, List.of()),
                new Heartbeat(term, 0, 1),
                new HeartbeatReply(term, 1),
                new TimeoutNow(term, 1),
                new ReadIndexRequest(term, 1),
                new ReadIndexReply(term, 1, 1),
                new HeldBack(term, 5, true)
            }) {
                assertThat(of(message)).as("%s", message).contains("term " + term, "term " + TERM);
            }
        }
        assertThat(of(new VoteRequest(TERM + Plausibility.TERM_LEAP, last))).isNull();
        assertThat(of(new VoteRequest(1, EntryId.ZERO))).as("an old one").isNull();
        assertThat(Plausibility.objection(new Heartbeat(Plausibility.FIRST_TERM_LEAP, 0, 1), 0, 0))
                .as("a replica that knows nothing yet")
                .isNull();
        assertThat(Plausibility.objection(new Heartbeat(Plausibility.FIRST_TERM_LEAP + 1, 0, 1), 0, 0))
                .isNotNull();
    }

    @Test
    void noIndexLeaps() {
        long far = LAST + Plausibility.INDEX_LEAP + 1;
        assertThat(of(new Heartbeat(TERM, far, 1))).contains("index " + far, "ends at " + LAST);
        assertThat(of(append(TERM, new EntryId(3, 90), far))).contains("index " + far);
        assertThat(of(append(TERM, new EntryId(3, far), 90))).contains("index " + far);
        assertThat(of(new VoteRequest(TERM, new EntryId(3, far)))).contains("index " + far);
        assertThat(of(new PreVoteRequest(TERM + 1, new EntryId(3, far)))).contains("index " + far);
        assertThat(of(new ReadIndexReply(TERM, 1, far))).contains("index " + far);
        assertThat(of(new Heartbeat(TERM, far - 1, 1))).isNull();
    }

    @Test
    void nobodyAcknowledgesMoreThanALeaderHas() {
        assertThat(of(new AppendReply(TERM, LAST + 1))).contains("acknowledges index 101");
        assertThat(of(new AppendReply(TERM, LAST))).isNull();
        assertThat(of(new HeldBack(TERM, LAST + 2, true))).contains("acknowledges index 101");
        assertThat(of(new HeldBack(TERM, LAST + 1, true))).isNull();
        assertThat(of(new AppendReply(TERM - 1, 5_000)))
                .as("to an earlier leader")
                .isNull();
    }

    @Test
    void termsOnlyGrowAlongALog() {
        assertThat(of(append(TERM, new EntryId(7, 90), 90, 7, 7))).isNull();
        assertThat(of(append(TERM, new EntryId(8, 90), 90))).contains("of term 8");
        assertThat(of(append(TERM, new EntryId(7, 90), 90, 6))).contains("term 6 after one of term 7");
        assertThat(of(append(TERM, new EntryId(3, 90), 90, 9))).contains("of term 9");
        assertThat(of(new VoteRequest(TERM + 1, new EntryId(TERM + 1, 90)))).contains("ends in term 8");
        assertThat(of(new VoteRequest(TERM + 1, new EntryId(TERM, 90)))).isNull();
    }

    @Test
    void aSnapshotDoesNotLeapEither() {
        assertThat(Plausibility.ofSnapshot(TERM + 1, new EntryId(TERM, 5_000), TERM, LAST))
                .isNull();
        assertThat(Plausibility.ofSnapshot(1L << 50, new EntryId(TERM, 5_000), TERM, LAST))
                .contains("term " + (1L << 50));
        assertThat(Plausibility.ofSnapshot(TERM, new EntryId(TERM + 1, 5_000), TERM, LAST))
                .contains("ends in term 8");
        assertThat(Plausibility.ofSnapshot(TERM, new EntryId(TERM, 1L << 50), TERM, LAST))
                .contains("index " + (1L << 50));
    }
}
