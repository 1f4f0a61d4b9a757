package io.flotilla.raft.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;
import org.junit.jupiter.api.Test;

class ProposalExceptionTest {
    private static final NodeId B = new NodeId("b");

    private static ProposalException of(Refusal refusal) {
        return new ProposalException(7, refusal);
    }

    @Test
    void eachRefusalSaysWhatToDo() {
        assertThat(of(new Refusal.NotLeader(B))).hasMessage("group 7 is led by b: ask there");
        assertThat(of(new Refusal.NotLeader(null))).hasMessageContaining("wait for one");
        assertThat(of(new Refusal.Busy(20))).hasMessageContaining("try again in 20 ms");
        assertThat(of(new Refusal.Transferring(B, 30)))
                .hasMessage("group 7 transfers its leadership to b: try again in 30 ms");
        assertThat(of(new Refusal.NoReplica())).hasMessageContaining("no replica of group 7 runs on this node");
        assertThat(of(new Refusal.Indeterminate(B))).hasMessageContaining("it may be done or not");
    }

    @Test
    void onlyTheIndeterminateMayBeDone() {
        assertThat(of(new Refusal.Indeterminate(null)).mayBeDone()).isTrue();
        assertThat(of(new Refusal.Transferring(B, 30)).mayBeDone()).isFalse();
        assertThat(of(new Refusal.NotLeader(B)).mayBeDone()).isFalse();
    }

    @Test
    void whoeverIsKnownToLeadIsNamed() {
        assertThat(of(new Refusal.NotLeader(B)).leader()).contains("b");
        assertThat(of(new Refusal.Indeterminate(B)).leader()).contains("b");
        assertThat(of(new Refusal.NotLeader(null)).leader()).isEmpty();
        assertThat(of(new Refusal.Busy(20)).leader()).isEmpty();
    }
}
