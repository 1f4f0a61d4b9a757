package io.flotilla.raft.host.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.Refusal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who waits for a change of membership is told once, also if things come together in one turn. */
class PendingChangeTest {
    private static final NodeId A = new NodeId("a");

    private final List<String> told = new ArrayList<>();
    private final TestReplica replica = new TestReplica(
            A, Membership.of(A), CoreConfig.defaults(), HardState.INITIAL, List.of(), 0, 1, (from, out) -> {});
    private final PendingChange pending = new PendingChange(null);

    private void submit(String name) {
        pending.submit(replica.core, MembershipChange.addLearner(new NodeId(name)), new MembershipCallback() {
            @Override
            public void changed(MembershipEntry now) {
                told.add(name + " changed " + now.membership().learners());
            }

            @Override
            public void invalid(String reason) {
                told.add(name + " " + reason);
            }

            @Override
            public void refused(Refusal refusal) {
                told.add(name + " " + refusal);
            }
        });
    }

    private void leads() {
        for (int i = 0; i < 10 * replica.config.electionTicks() && !replica.leads(); i++) {
            replica.tick();
            replica.settle();
        }
        assertThat(replica.leads()).isTrue();
    }

    @Test
    void aChangeThatEndsInTheTurnInWhichTheNextOneComesIsToldToItsCaller() {
        leads();
        submit("b");
        replica.drain();
        replica.persistNext(); // committed, and the turn goes on
        submit("c");
        assertThat(told).containsExactly("b changed [b]");
        replica.settle();
        pending.settle(replica.core, replica.state());
        assertThat(told).containsExactly("b changed [b]", "c changed [b, c]");
    }

    @Test
    void onlyOneChangeAtATimeAndTheFateOfWhatWaitsIsUnknownInTheEnd() {
        leads();
        submit("b");
        submit("c");
        assertThat(told).containsExactly("c Busy[retryAfterMillis=100]");
        pending.settle(replica.core, replica.state());
        assertThat(told).hasSize(1);
        pending.refuse(new Refusal.Indeterminate(null));
        pending.refuse(new Refusal.Indeterminate(null));
        assertThat(told).containsExactly("c Busy[retryAfterMillis=100]", "b Indeterminate[leader=null]");
    }
}
