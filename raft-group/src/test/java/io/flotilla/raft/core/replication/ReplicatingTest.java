package io.flotilla.raft.core.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ReplicatingTest {
    @Test
    void theWindowHasItsBoundsExactly() {
        Replicating messages = new Replicating(2, 1_000);
        messages.sent(1, 10, 0);
        assertThat(messages.hasRoomFor(10)).isTrue();
        messages.sent(2, 10, 0);
        assertThat(messages.hasRoomFor(10)).as("two of two are on their way").isFalse();
        messages.acknowledged(1, 0);
        assertThat(messages.hasRoomFor(10)).isTrue();

        Replicating bytes = new Replicating(10, 1_000);
        assertThat(bytes.hasRoomFor(5_000)).as("one alone may be larger").isTrue();
        bytes.sent(1, 600, 0);
        assertThat(bytes.hasRoomFor(400)).isTrue();
        assertThat(bytes.hasRoomFor(401)).isFalse();
    }

    @Test
    void itStallsWhenNothingIsAnsweredSinceTheFirstMessageOrTheLastAnswer() {
        Replicating flow = new Replicating(10, 1_000);
        assertThat(flow.isStalled(100, 5)).as("nothing is on its way").isFalse();
        flow.sent(1, 10, 100);
        flow.sent(2, 10, 103);
        assertThat(flow.isStalled(104, 5)).isFalse();
        assertThat(flow.isStalled(105, 5)).as("the first one counts").isTrue();
        flow.acknowledged(1, 104);
        assertThat(flow.isStalled(108, 5)).isFalse();
        assertThat(flow.isStalled(109, 5)).isTrue();
    }

    @Test
    void aProbeIsOverdueAfterItsTime() {
        Probing probing = new Probing();
        assertThat(probing.isOverdue(1_000, 5)).isFalse();
        probing.sent(7, 10, 100);
        assertThat(probing.hasRoomFor(1)).isFalse();
        assertThat(probing.isOverdue(104, 5)).isFalse();
        assertThat(probing.isOverdue(105, 5)).isTrue();
        probing.answered();
        assertThat(probing.hasRoomFor(1)).isTrue();
        assertThat(probing.isOverdue(1_000, 5)).isFalse();
    }

    @Test
    void whoWaitsForASnapshotIsSentNothing() {
        assertThat(new Snapshotting(0).hasRoomFor(0)).isFalse();
        assertThatThrownBy(() -> new Snapshotting(0).sent(5, 1, 1)).isInstanceOf(AssertionError.class);
    }
}
