package io.flotilla.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.GroupStatus;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LostMajoritiesTest {
    private static final NodeId SELF = new NodeId("n1");
    private static final NodeId OTHER = new NodeId("n2");
    private static final long SECOND = 1_000_000_000L;

    private final TreeMap<Long, GroupStatus> replicas = new TreeMap<>();
    private int asked;
    private final LostMajorities lost = new LostMajorities(SELF, group -> {
        asked++;
        return replicas.get(group);
    });

    private void replica(long group, NodeId leader, List<NodeId> members, String failure) {
        replicas.put(
                group,
                new GroupStatus(
                        group,
                        new MembershipEntry(1, Membership.of(members)),
                        true,
                        new SoftState(1, RoleName.FOLLOWER, leader, 1, 1),
                        1,
                        1,
                        failure));
    }

    private void leaderIs(long group, NodeId leader, long now) {
        replica(group, leader, List.of(SELF, OTHER), null);
        lost.leaderIs(group, leader, now);
    }

    @Test
    void notReadyWhileAGroupHasKnownNoLeaderForTenSeconds() {
        leaderIs(1, null, 0);
        leaderIs(2, null, 5 * SECOND);
        leaderIs(3, OTHER, 5 * SECOND);
        assertThat(lost.reason(10 * SECOND - 1)).isEmpty();
        assertThat(lost.reason(10 * SECOND))
                .startsWith("1 group had no majority")
                .endsWith("one of them is group 1");
        assertThat(lost.reason(15 * SECOND)).startsWith("2 groups");
        leaderIs(1, OTHER, 16 * SECOND);
        assertThat(lost.reason(16 * SECOND)).startsWith("1 group ").endsWith("group 2");
        assertThat(lost.count(16 * SECOND)).isEqualTo(1);
        leaderIs(2, SELF, 17 * SECOND);
        assertThat(lost.reason(99 * SECOND)).isEmpty();
        assertThat(lost.count(99 * SECOND)).isZero();
    }

    @Test
    void candidaciesOneAfterAnotherAreOneLongTimeWithoutALeader() {
        for (int second = 0; second <= 10; second++) {
            leaderIs(1, null, second * SECOND);
        }
        assertThat(lost.reason(10 * SECOND)).isNotEmpty();
        for (int second = 11; second < 40; second++) {
            leaderIs(1, second % 5 == 0 ? OTHER : null, second * SECOND);
            leaderIs(1, second % 5 == 0 ? OTHER : null, second * SECOND);
        }
        assertThat(lost.reason(44 * SECOND)).isEmpty();
    }

    @Test
    void notReadyWhileAReplicaIsHalted() {
        replica(7, null, List.of(SELF, OTHER), "a command of a newer version");
        lost.halted(7);
        assertThat(lost.reason(0)).contains("1 group", "halted", "group 7");
        replicas.remove(7L);
        assertThat(lost.reason(0)).isEmpty();
    }

    @Test
    void replicasThatAreGoneOrNotCountedOnDontMatter() {
        replica(1, null, List.of(OTHER), null);
        lost.leaderIs(1, null, 0);
        lost.leaderIs(2, null, 0);
        leaderIs(3, null, 0);
        assertThat(lost.reason(10 * SECOND)).endsWith("group 3");
        replicas.remove(3L);
        assertThat(lost.reason(10 * SECOND)).isEmpty();
        leaderIs(4, OTHER, 0);
        lost.leaderIs(4, null, 1); // told late
        assertThat(lost.reason(20 * SECOND)).isEmpty();
    }

    @Test
    void aQuestionCostsTheSameHoweverManyGroupsThereAre() {
        for (long group = 0; group < 10_000; group++) {
            leaderIs(group, null, 0);
        }
        assertThat(lost.reason(10 * SECOND)).startsWith("10000 groups");
        asked = 0;
        for (int i = 0; i < 100; i++) {
            assertThat(lost.reason(11 * SECOND)).isNotEmpty();
        }
        assertThat(asked).isEqualTo(100);
    }
}
