package io.flotilla.raft.core.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.MembershipChange.Kind;
import io.flotilla.raft.core.membership.MembershipChange.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static final Membership ABC = Membership.of(node("a"), node("b"), node("c"));

    private static NodeId node(String name) {
        return new NodeId(name);
    }

    private static TreeSet<NodeId> nodes(String names) {
        TreeSet<NodeId> nodes = new TreeSet<>();
        for (char c : names.toCharArray()) {
            nodes.add(node(String.valueOf(c)));
        }
        return nodes;
    }

    private static Membership membership(String voters, String outgoing, String learners, String next) {
        return new Membership(nodes(voters), nodes(outgoing), nodes(learners), nodes(next));
    }

    @Test
    void oneVoterMoreOrLessNeedsNoJointMembership() {
        assertThat(MembershipChanger.change(ABC, MembershipChange.addVoter(node("d"))))
                .isEqualTo(membership("abcd", "", "", ""));
        assertThat(MembershipChanger.change(ABC, MembershipChange.remove(node("a"))))
                .isEqualTo(membership("bc", "", "", ""));
        assertThat(MembershipChanger.change(ABC, MembershipChange.demote(node("a"))))
                .isEqualTo(membership("bc", "", "a", ""));
        Membership learner = MembershipChanger.change(ABC, MembershipChange.addLearner(node("d")));
        assertThat(learner).isEqualTo(membership("abc", "", "d", ""));
        assertThat(MembershipChanger.change(learner, MembershipChange.addVoter(node("d"))))
                .isEqualTo(membership("abcd", "", "", ""));
    }

    @Test
    void moreVotersAtOnceGoThroughAJointMembershipAndOutOfIt() {
        MembershipChange replace = MembershipChange.demote(node("a"))
                .and(MembershipChange.remove(node("b")))
                .and(MembershipChange.addVoter(node("d")))
                .and(MembershipChange.addLearner(node("e")));
        Membership joint = MembershipChanger.change(ABC, replace);
        assertThat(joint).isEqualTo(membership("cd", "abc", "e", "a"));
        assertThat(joint.all()).isEqualTo(nodes("abcde"));
        assertThat(MembershipChanger.leave(joint)).isEqualTo(membership("cd", "", "ae", ""));
        assertThat(MembershipChanger.change(
                        ABC, MembershipChange.addLearner(node("d")).jointly()))
                .isEqualTo(membership("abc", "abc", "d", ""));
    }

    @Test
    @DisplayName("B41, B37: a change that makes no sense is refused, whatever each node was before")
    void senselessChanges() {
        Membership current = membership("abc", "", "d", "");
        for (Step wrong : List.of(
                new Step(Kind.ADD_VOTER, node("a")),
                new Step(Kind.ADD_LEARNER, node("a")),
                new Step(Kind.ADD_LEARNER, node("d")),
                new Step(Kind.DEMOTE, node("d")),
                new Step(Kind.DEMOTE, node("x")),
                new Step(Kind.REMOVE, node("x")))) {
            assertThatThrownBy(() -> MembershipChanger.change(current, MembershipChange.of(wrong)))
                    .as(wrong.toString())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(wrong.node().value());
        }
        assertThatThrownBy(() -> MembershipChanger.change(current, MembershipChange.addLearner(node("a"))))
                .hasMessage("a is a voter: demote it to make it a learner");
        Membership one = Membership.of(node("a"));
        for (MembershipChange wrong : List.of(
                MembershipChange.of(),
                MembershipChange.remove(node("a")).and(MembershipChange.addLearner(node("a"))),
                MembershipChange.addLearner(node("d")).and(MembershipChange.addVoter(node("d"))))) {
            assertThatThrownBy(() -> MembershipChanger.change(ABC, wrong)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> MembershipChanger.change(one, MembershipChange.remove(node("a"))))
                .hasMessageContaining("at least one voter");
        assertThatThrownBy(() -> MembershipChanger.change(
                        membership("abd", "abc", "", ""), MembershipChange.addLearner(node("x"))))
                .hasMessageContaining("just changing");
        MembershipChange many = MembershipChange.of();
        for (int i = 0; i < MembershipChanger.MAX_REPLICAS; i++) {
            many = many.and(MembershipChange.addLearner(node("x" + i)));
        }
        MembershipChange tooMany = many;
        assertThatThrownBy(() -> MembershipChanger.change(one, tooMany)).hasMessageContaining("64 are allowed");
    }

    /** An independent definition of what a change may lead to at once: any two majorities share a voter. */
    @Test
    void whatAChangeLeadsToAtOnceMeetsTheMajoritiesBefore() {
        SplittableRandom random = new SplittableRandom(7);
        int joint = 0;
        for (int i = 0; i < 3_000; i++) {
            Membership current = randomMembership(random);
            Membership next;
            try {
                next = MembershipChanger.change(current, randomChange(random));
            } catch (IllegalArgumentException e) {
                continue;
            }
            joint += next.isJoint() ? 1 : 0;
            List<NodeId> all = List.copyOf(nodes("abcdefg"));
            for (int set = 0; set < 1 << all.size(); set++) {
                int chosen = set;
                boolean before = agrees(current, all, chosen);
                boolean others = agrees(next, all, ~chosen);
                assertThat(before && others).as("%s to %s", current, next).isFalse();
                if (next.isJoint()) {
                    assertThat(before
                                    && agrees(MembershipChanger.leave(next), all, ~chosen)
                                    && agrees(next, all, ~chosen))
                            .isFalse();
                }
            }
        }
        assertThat(joint).isGreaterThan(100);
    }

    private static boolean agrees(Membership membership, List<NodeId> all, int chosen) {
        return majority(membership.voters(), all, chosen)
                && (membership.outgoing().isEmpty() || majority(membership.outgoing(), all, chosen));
    }

    private static boolean majority(Iterable<NodeId> voters, List<NodeId> all, int chosen) {
        int in = 0;
        int out = 0;
        for (NodeId voter : voters) {
            if ((chosen >>> all.indexOf(voter) & 1) != 0) {
                in++;
            } else {
                out++;
            }
        }
        return in > out;
    }

    private static Membership randomMembership(SplittableRandom random) {
        TreeSet<NodeId> voters = new TreeSet<>();
        TreeSet<NodeId> learners = new TreeSet<>();
        for (NodeId node : nodes("abcdefg")) {
            int place = random.nextInt(3);
            if (place < 2) {
                (place == 0 ? voters : learners).add(node);
            }
        }
        return voters.isEmpty() ? ABC : new Membership(voters, new TreeSet<>(), learners, new TreeSet<>());
    }

    private static MembershipChange randomChange(SplittableRandom random) {
        List<NodeId> all = new ArrayList<>(nodes("abcdefg"));
        List<Step> steps = new ArrayList<>();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            Kind kind = Kind.values()[random.nextInt(4)];
            steps.add(new Step(kind, all.remove(random.nextInt(all.size()))));
        }
        return new MembershipChange(steps, random.nextInt(4) == 0);
    }

    @Test
    void theCodecSaysWhatItReadsAndRefusesAllElse() {
        SplittableRandom random = new SplittableRandom(3);
        byte[] joint = MembershipCodec.encode(membership("cd", "abc", "e", "a"));
        assertThat(MembershipCodec.decode(joint)).isEqualTo(membership("cd", "abc", "e", "a"));
        assertThat(MembershipCodec.decode(MembershipCodec.encode(Membership.NONE)))
                .isEqualTo(Membership.NONE);
        for (int length = 0; length < joint.length; length++) {
            byte[] cut = Arrays.copyOf(joint, length);
            assertThatThrownBy(() -> MembershipCodec.decode(cut)).isInstanceOf(IllegalArgumentException.class);
        }
        byte[] longer = Arrays.copyOf(joint, joint.length + 1);
        assertThatThrownBy(() -> MembershipCodec.decode(longer)).hasMessageContaining("follow");
        byte[] newer = joint.clone();
        newer[0] = 2;
        assertThatThrownBy(() -> MembershipCodec.decode(newer)).hasMessageContaining("format 2 is not 1");
        for (int i = 0; i < 20_000; i++) {
            byte[] noise = joint.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                noise[random.nextInt(noise.length)] = (byte) random.nextInt(256);
            }
            try {
                Membership read = MembershipCodec.decode(noise);
                assertThat(MembershipCodec.encode(read)).isEqualTo(noise);
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void aMembershipThatContradictsItselfCantBeMade() {
        for (String[] wrong : new String[][] {
            {"", "a", "", ""},
            {"", "", "a", ""},
            {"ab", "", "a", ""},
            {"a", "b", "b", ""},
            {"a", "", "", "b"},
            {"a", "ab", "", "a"}
        }) {
            assertThatThrownBy(() -> membership(wrong[0], wrong[1], wrong[2], wrong[3]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theHistoryFollowsItsLog() {
        MembershipHistory history = new MembershipHistory(new MembershipEntry(5, ABC), List.of());
        Membership d = membership("abcd", "", "", "");
        Membership e = membership("abcde", "", "", "");
        history.append(new MembershipEntry(7, d));
        history.append(new MembershipEntry(9, e));
        assertThat(history.latest()).isEqualTo(new MembershipEntry(9, e));
        assertThat(List.of(history.at(5), history.at(6), history.at(7), history.at(8), history.at(20)))
                .containsExactly(ABC, ABC, d, d, e);
        history.truncateFrom(9);
        assertThat(history.latest()).isEqualTo(new MembershipEntry(7, d));
        assertThat(history.previous()).isEqualTo(ABC);
        history.compactTo(8);
        assertThat(history.latest()).isEqualTo(new MembershipEntry(8, d));
        history.truncateFrom(9);
        assertThat(history.at(8)).isEqualTo(d);
        history.resetTo(new MembershipEntry(30, e));
        assertThat(history.latest()).isEqualTo(new MembershipEntry(30, e));
        assertThat(history.previous()).isNull();
    }

    @Test
    void aMembershipTellsWhoIsWhat() {
        Membership joint = membership("cd", "abc", "e", "a");
        assertThat(joint.isJoint()).isTrue();
        assertThat(ABC.isJoint()).isFalse();
        for (String voter : List.of("a", "b", "c", "d")) {
            assertThat(joint.isVoter(node(voter))).isTrue();
            assertThat(joint.contains(node(voter))).isTrue();
        }
        assertThat(joint.isVoter(node("e"))).isFalse();
        assertThat(joint.contains(node("e"))).isTrue();
        assertThat(joint.contains(node("x"))).isFalse();
        assertThat(joint).hasToString("voters [c, d] leaving [a, b, c] learners [e] learners next [a]");
        assertThat(ABC).hasToString("voters [a, b, c]");
    }

    @Test
    void aLearnerThatIsPromotedJointlyIsNoLearnerAnyMore() {
        Membership current = membership("abc", "", "de", "");
        MembershipChange change = MembershipChange.addVoter(node("d"))
                .and(MembershipChange.demote(node("a")))
                .and(MembershipChange.remove(node("e")));
        Membership joint = MembershipChanger.change(current, change);
        assertThat(joint).isEqualTo(membership("bcd", "abc", "", "a"));
        assertThat(MembershipChanger.leave(joint)).isEqualTo(membership("bcd", "", "a", ""));
        assertThat(MembershipChange.addVoter(node("d")).jointly().and(change).joint())
                .isTrue();
        assertThat(change.and(MembershipChange.addVoter(node("f")).jointly()).joint())
                .isTrue();
        assertThat(change.joint()).isFalse();
    }

    @Test
    void aGroupMayHaveAsManyReplicasAsAreAllowed() {
        MembershipChange many = MembershipChange.of();
        for (int i = 1; i < MembershipChanger.MAX_REPLICAS; i++) {
            many = many.and(MembershipChange.addLearner(node("x" + i)));
        }
        assertThat(MembershipChanger.change(Membership.of(node("a")), many).all())
                .hasSize(MembershipChanger.MAX_REPLICAS);
    }

    @Test
    void theCodecWritesTheFormatThatIsDocumented() {
        byte[] bytes = MembershipCodec.encode(membership("a", "", "b", ""));
        assertThat(bytes).containsExactly(1, 0, 1, 1, 'a', 0, 0, 0, 1, 1, 'b', 0, 0);
        Membership joint = membership("cd", "abc", "e", "a");
        assertThat(MembershipCodec.size(joint)).isEqualTo(MembershipCodec.encode(joint).length);
        for (byte[] disordered : List.of(
                new byte[] {1, 0, 2, 1, 'b', 1, 'a', 0, 0, 0, 0, 0, 0},
                new byte[] {1, 0, 2, 1, 'a', 1, 'a', 0, 0, 0, 0, 0, 0})) {
            assertThatThrownBy(() -> MembershipCodec.decode(disordered)).hasMessageContaining("does not follow");
        }
        assertThatThrownBy(() -> MembershipCodec.decode(new byte[] {1, 1, 0})).hasMessageContaining("in the middle");
        TreeSet<NodeId> many = new TreeSet<>();
        for (int i = 0; i < 300; i++) {
            many.add(node("n" + i));
        }
        Membership large = Membership.of(many);
        assertThat(MembershipCodec.decode(MembershipCodec.encode(large))).isEqualTo(large);
    }

    @Test
    void aHistoryIsInOrderAndKnowsEveryone() {
        MembershipHistory history = new MembershipHistory(
                new MembershipEntry(5, ABC), List.of(new MembershipEntry(7, membership("bd", "", "", ""))));
        assertThat(history.everyone()).isEqualTo(nodes("abcd"));
        assertThatThrownBy(() -> history.append(new MembershipEntry(7, ABC))).isInstanceOf(AssertionError.class);
        history.append(new MembershipEntry(8, ABC));
        history.compactTo(8);
        assertThat(history.latest()).isEqualTo(new MembershipEntry(8, ABC));
        assertThat(history.previous()).as("the log does not tell").isNull();
        assertThat(history.everyone()).isEqualTo(nodes("abc"));
        history.truncateFrom(1);
        assertThat(history.latest().index()).as("the base stays").isEqualTo(8);
    }
}
