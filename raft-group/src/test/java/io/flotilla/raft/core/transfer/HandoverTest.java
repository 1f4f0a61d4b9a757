package io.flotilla.raft.core.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import org.junit.jupiter.api.Test;

class HandoverTest {
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");

    @Test
    void itHasATargetFromItsBeginningToItsEnd() {
        Handover handover = new Handover();
        assertThat(handover.target()).isNull();
        assertThat(handover.isToBeTold()).isFalse();
        assertThat(handover.isOverdue(1_000, 10)).as("none is under way").isFalse();
        handover.begin(B, 100);
        assertThat(handover.target()).isEqualTo(B);
        assertThat(handover.isToBeTold()).isTrue();
        assertThat(handover.isOverdue(109, 10)).isFalse();
        assertThat(handover.isOverdue(110, 10)).isTrue();
        handover.giveUp();
        assertThat(handover.target()).isNull();
        assertThat(handover.isToBeTold()).isFalse();
    }

    @Test
    void theTargetIsToldOnceUntilItIsTimeToTellAgain() {
        Handover handover = new Handover();
        handover.begin(B, 0);
        handover.told(7);
        assertThat(handover.isToBeTold()).isFalse();
        handover.tellAgain();
        assertThat(handover.isToBeTold()).isTrue();
        handover.told(8);
        handover.giveUp();
        handover.begin(C, 50);
        assertThat(handover.isToBeTold()).as("the next one was told nothing").isTrue();
    }

    @Test
    void whoWasToldMayCampaignUntilItAnsweredALaterRound() {
        Handover handover = new Handover();
        handover.begin(B, 0);
        assertThat(handover.isPending()).isFalse();
        handover.told(7);
        assertThat(handover.isPending()).isTrue();
        handover.giveUp();
        handover.begin(C, 50);
        handover.told(9);
        handover.answered(B, 7);
        handover.answered(C, 9);
        handover.answered(new NodeId("d"), 99);
        assertThat(handover.isPending()).isTrue();
        handover.answered(B, 8);
        assertThat(handover.isPending()).as("c may still campaign").isTrue();
        handover.answered(C, 10);
        assertThat(handover.isPending()).isFalse();
    }
}
