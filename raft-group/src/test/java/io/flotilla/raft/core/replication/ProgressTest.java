package io.flotilla.raft.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a leader knows of one follower, case by case. */
class ProgressTest {
    /** Nothing is known; the leader's log ends at 10. */
    private static Progress unknown() {
        return new Progress(11, 4, 1_000);
    }

    /** It holds everything up to 10 and is sent more as that comes. */
    private static Progress replicating() {
        Progress progress = unknown();
        progress.sent(10, 0, 0);
        progress.acknowledged(10, 0);
        return progress;
    }

    @Test
    void itIsAskedOnceWhatItHolds() {
        Progress progress = unknown();
        assertThat(progress.match()).isZero();
        assertThat(progress.next()).isEqualTo(11);
        assertThat(progress.maySend(10, 100)).as("a question without entries").isTrue();
        progress.sent(10, 0, 5);
        assertThat(progress.maySend(10, 100)).isFalse();
        assertThat(progress.next()).as("nothing is taken for granted").isEqualTo(11);
        progress.checkForLoss(7, 3);
        assertThat(progress.maySend(10, 100)).isFalse();
        progress.checkForLoss(8, 3);
        assertThat(progress.maySend(10, 100)).as("the question was lost").isTrue();
    }

    @Test
    void onceItAgreesEntriesFlowWithoutAnswers() {
        Progress progress = replicating();
        assertThat(progress.match()).isEqualTo(10);
        assertThat(progress.maySend(10, 100)).as("there is nothing to send").isFalse();
        assertThat(progress.maySend(12, 100)).isTrue();
        progress.sent(12, 100, 1);
        assertThat(progress.next()).isEqualTo(13);
        progress.sent(14, 100, 1);
        assertThat(progress.next()).isEqualTo(15);
        progress.acknowledged(12, 2);
        assertThat(progress.match()).isEqualTo(12);
        assertThat(progress.next()).isEqualTo(15);
        progress.acknowledged(11, 2);
        assertThat(progress.match()).as("a late answer").isEqualTo(12);
        progress.acknowledged(20, 2);
        assertThat(progress.next())
                .as("it holds more than was sent by this leader")
                .isEqualTo(21);
    }

    @Test
    void anAgreementBelowTheQuestionAgreesToo() {
        Progress progress = unknown();
        progress.sent(10, 0, 0);
        progress.acknowledged(7, 0);
        assertThat(progress.match()).isEqualTo(7);
        assertThat(progress.next()).isEqualTo(8);
        assertThat(progress.isCurrentRejection(7)).isFalse();
        assertThat(progress.isCurrentRejection(8)).as("entries flow").isTrue();

        Progress empty = new Progress(1, 4, 1_000);
        empty.sent(0, 0, 0);
        empty.acknowledged(0, 0);
        empty.sent(3, 10, 0);
        assertThat(empty.next())
                .as("an empty log agrees to nothing, and that is enough")
                .isEqualTo(4);

        Progress late = unknown();
        late.sent(10, 0, 0);
        late.acknowledged(0, 0);
        assertThat(late.next()).as("says nothing about the question").isEqualTo(11);
    }

    @Test
    void aRefusalSettlesWhereToAskNext() {
        Progress progress = unknown();
        progress.sent(10, 0, 0);
        assertThat(progress.isCurrentRejection(10)).isTrue();
        assertThat(progress.isCurrentRejection(9)).as("of an earlier question").isFalse();
        assertThat(progress.isBehind(9, 10)).isFalse();
        assertThat(progress.isBehind(10, 10))
                .as("it refuses where the log begins")
                .isTrue();
        progress.rejected(6);
        assertThat(progress.next()).isEqualTo(7);
        assertThat(progress.maySend(10, 100)).isTrue();

        Progress flowing = replicating();
        assertThat(flowing.isCurrentRejection(10)).as("it holds that by now").isFalse();
        assertThat(flowing.isCurrentRejection(11)).isTrue();
        assertThat(flowing.isBehind(20, 11))
                .as("what was sent without an answer says nothing of that")
                .isFalse();
        flowing.rejected(3);
        assertThat(flowing.next()).as("never before what it holds").isEqualTo(11);
    }

    @Test
    void aRefusalOfWhatItHoldsIsLateAlsoWhileItIsAsked() {
        Progress progress = replicating();
        progress.rejected(10);
        assertThat(progress.next()).isEqualTo(11);
        assertThat(progress.isCurrentRejection(10)).isFalse();
    }

    @Test
    void whatGoesUnansweredIsSentAgainFromWhatItHolds() {
        Progress progress = replicating();
        progress.sent(15, 100, 20);
        progress.checkForLoss(22, 3);
        assertThat(progress.next()).isEqualTo(16);
        progress.acknowledged(12, 22);
        progress.sent(17, 100, 22);
        progress.checkForLoss(24, 3);
        assertThat(progress.next()).as("an answer came meanwhile").isEqualTo(18);
        progress.acknowledged(12, 24);
        progress.checkForLoss(25, 3);
        assertThat(progress.next()).as("the same answer again is none").isEqualTo(13);
        assertThat(progress.maySend(17, 100)).isTrue();
    }

    @Test
    void whoWaitsForASnapshotIsSentNothing() {
        Progress progress = unknown();
        assertThat(progress.awaitsSnapshot()).isFalse();
        progress.awaitSnapshot(0);
        assertThat(progress.awaitsSnapshot()).isTrue();
        assertThat(progress.maySend(100, 1)).isFalse();
        assertThat(progress.isCurrentRejection(10)).isFalse();
        assertThat(progress.isBehind(100, 10)).isFalse();
        progress.checkForLoss(1_000, 3);
        assertThat(progress.awaitsSnapshot()).isTrue();
        progress.acknowledged(15, 0);
        assertThat(progress.match()).isEqualTo(15);
        assertThat(progress.awaitsSnapshot()).isTrue();
        progress.probeFrom(12);
        assertThat(progress.next()).as("never before what it holds").isEqualTo(16);
        assertThat(progress.awaitsSnapshot()).isFalse();
        progress.probeFrom(30);
        assertThat(progress.next()).isEqualTo(30);
    }

    @Test
    void whoHoldsAnEntryBackIsAskedAgainAtAPace() {
        Progress progress = replicating();
        progress.sent(20, 100, 5);
        progress.heldBack(15, 3, 7);
        assertThat(progress.isHeldBack()).isTrue();
        assertThat(progress.next()).isEqualTo(15);
        assertThat(progress.maySend(20, 1)).isFalse();
        progress.checkForLoss(7, 3);
        assertThat(progress.maySend(20, 1)).isFalse();
        progress.checkForLoss(8, 3);
        assertThat(progress.maySend(20, 1)).isTrue();
        progress.sent(15, 10, 8);
        assertThat(progress.next()).isEqualTo(15);
        progress.heldBack(15, 3, 8);
        progress.acknowledged(14, 8);
        assertThat(progress.maySend(20, 1)).isFalse();
        progress.checkForLoss(10, 3);
        assertThat(progress.maySend(20, 1)).isFalse();
        assertThat(progress.isCurrentRejection(14)).isFalse();
        assertThat(progress.isCurrentRejection(17))
                .as("of what was sent behind it")
                .isFalse();
        progress.checkForLoss(11, 3);
        assertThat(progress.maySend(20, 1)).isTrue();
        progress.acknowledged(15, 11);
        assertThat(progress.isHeldBack()).isFalse();
        assertThat(progress.next()).isEqualTo(16);
        assertThat(progress.maySend(20, 1)).isTrue();
    }

    @Test
    void aSnapshotIsNeededUntilEnoughIsHeld() {
        Progress progress = replicating();
        assertThat(progress.needsNoSnapshot(0)).as("it awaits none").isFalse();
        progress.awaitSnapshot(12);
        assertThat(progress.needsNoSnapshot(5)).isFalse();
        progress.acknowledged(11, 0);
        assertThat(progress.needsNoSnapshot(5)).isFalse();
        progress.acknowledged(12, 0);
        assertThat(progress.needsNoSnapshot(13)).isFalse();
        assertThat(progress.needsNoSnapshot(12)).isTrue();
    }

    @Test
    void itIsHeardAndAnswersRounds() {
        Progress progress = unknown();
        progress.heard(100);
        assertThat(progress.heardWithin(109, 10)).isTrue();
        assertThat(progress.heardWithin(110, 10)).isFalse();
        progress.answeredRound(5);
        progress.answeredRound(3);
        assertThat(progress.answeredRound()).isEqualTo(5);
    }
}
