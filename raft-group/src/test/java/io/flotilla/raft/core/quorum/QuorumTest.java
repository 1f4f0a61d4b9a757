package io.flotilla.raft.core.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import java.util.Map;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The arithmetic that decides safety, against definitions too simple to be wrong. */
class QuorumTest {
    private final SplittableRandom random = new SplittableRandom(11);

    private SortedSet<NodeId> someNodes(int atLeast) {
        SortedSet<NodeId> nodes = new TreeSet<>();
        int size = atLeast + random.nextInt(6);
        while (nodes.size() < size) {
            nodes.add(new NodeId("n" + random.nextInt(9)));
        }
        return nodes;
    }

    private Map<NodeId, Long> someValues() {
        Map<NodeId, Long> values = new TreeMap<>();
        for (int i = 0; i < 9; i++) {
            values.put(new NodeId("n" + i), random.nextLong(6));
        }
        return values;
    }

    private static boolean moreThanHalf(SortedSet<NodeId> voters, Map<NodeId, Long> values, long atLeast) {
        return 2 * voters.stream().filter(v -> values.get(v) >= atLeast).count() > voters.size();
    }

    @Test
    @DisplayName("What a quorum reached is the largest value that more than half of each half reached")
    void reachedValueAndAgreement() {
        for (int i = 0; i < 5_000; i++) {
            Membership membership = new Membership(
                    someNodes(1),
                    random.nextBoolean() ? someNodes(1) : new TreeSet<>(),
                    new TreeSet<>(),
                    new TreeSet<>());
            Map<NodeId, Long> values = someValues();
            long expected = -1;
            for (long candidate = 0; candidate < 6; candidate++) {
                if (moreThanHalf(membership.voters(), values, candidate)
                        && (!membership.isJoint() || moreThanHalf(membership.outgoing(), values, candidate))) {
                    expected = candidate;
                }
            }
            assertThat(Joint.reachedValue(membership, values::get))
                    .as("%s %s", membership, values)
                    .isEqualTo(expected);
            assertThat(Joint.agrees(membership, node -> values.get(node) >= 3)).isEqualTo(expected >= 3);
        }
    }

    @Test
    @DisplayName("Any two majorities share a voter")
    void majoritiesIntersect() {
        for (int size = 1; size <= 7; size++) {
            SortedSet<NodeId> voters = new TreeSet<>();
            for (int i = 0; i < size; i++) {
                voters.add(new NodeId("n" + i));
            }
            for (int set = 0; set < 1 << size; set++) {
                int chosen = set;
                boolean agrees = Majority.agrees(voters, node -> (chosen & bit(node)) != 0);
                boolean othersAgree = Majority.agrees(voters, node -> (chosen & bit(node)) == 0);
                assertThat(agrees && othersAgree).isFalse();
                assertThat(agrees).isEqualTo(Integer.bitCount(set) * 2 > size);
            }
        }
    }

    private static int bit(NodeId node) {
        return 1 << (node.value().charAt(1) - '0');
    }

    @Test
    @DisplayName("SL-47 a quorum commits through an entry of the leader's own term only, and nothing is uncommitted")
    void commitRule() {
        long[] terms = {0, 1, 1, 2, 4, 4};
        assertThat(CommitRule.advance(1, 3, 4, i -> terms[(int) i])).isEqualTo(1);
        assertThat(CommitRule.advance(1, 4, 4, i -> terms[(int) i])).isEqualTo(4);
        assertThat(CommitRule.advance(5, 4, 4, i -> terms[(int) i])).isEqualTo(5);
    }

    @Test
    @DisplayName("SL-02 a voter counts once, with its first answer, and strangers don't count")
    void votersCountOnce() {
        VoteTally tally = new VoteTally(Membership.of(new NodeId("a"), new NodeId("b"), new NodeId("c")));
        tally.record(new NodeId("a"), true);
        tally.record(new NodeId("a"), true);
        tally.record(new NodeId("x"), true);
        tally.record(new NodeId("b"), false);
        tally.record(new NodeId("b"), true);
        assertThat(tally.isWon()).isFalse();
        tally.record(new NodeId("c"), true);
        assertThat(tally.isWon()).isTrue();
    }
}
