package io.flotilla.raft.core.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import org.junit.jupiter.api.Test;

class LeadershipTransferTest {
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");

    @Test
    void itHasATargetFromItsBeginningToItsEnd() {
        LeadershipTransfer transfer = new LeadershipTransfer();
        assertThat(transfer.target()).isNull();
        assertThat(transfer.isToBeTold()).isFalse();
        assertThat(transfer.isOverdue(1_000, 10)).as("none is under way").isFalse();
        transfer.begin(B, 100);
        assertThat(transfer.target()).isEqualTo(B);
        assertThat(transfer.isToBeTold()).isTrue();
        assertThat(transfer.isOverdue(109, 10)).isFalse();
        assertThat(transfer.isOverdue(110, 10)).isTrue();
        transfer.giveUp();
        assertThat(transfer.target()).isNull();
        assertThat(transfer.isToBeTold()).isFalse();
    }

    @Test
    void theTargetIsToldOnceUntilItIsTimeToTellAgain() {
        LeadershipTransfer transfer = new LeadershipTransfer();
        transfer.begin(B, 0);
        transfer.told(7);
        assertThat(transfer.isToBeTold()).isFalse();
        transfer.tellAgain();
        assertThat(transfer.isToBeTold()).isTrue();
        transfer.told(8);
        transfer.giveUp();
        transfer.begin(C, 50);
        assertThat(transfer.isToBeTold()).as("the next one was told nothing").isTrue();
    }

    @Test
    void whoWasToldMayCampaignUntilItAnsweredALaterRound() {
        LeadershipTransfer transfer = new LeadershipTransfer();
        transfer.begin(B, 0);
        assertThat(transfer.isPending()).isFalse();
        transfer.told(7);
        assertThat(transfer.isPending()).isTrue();
        transfer.giveUp();
        transfer.begin(C, 50);
        transfer.told(9);
        transfer.answered(B, 7);
        transfer.answered(C, 9);
        transfer.answered(new NodeId("d"), 99);
        assertThat(transfer.isPending()).isTrue();
        transfer.answered(B, 8);
        assertThat(transfer.isPending()).as("c may still campaign").isTrue();
        transfer.answered(C, 10);
        assertThat(transfer.isPending()).isFalse();
    }
}
