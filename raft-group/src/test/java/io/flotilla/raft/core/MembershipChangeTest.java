package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipChanger;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Memberships that change, step by step. */
class MembershipChangeTest {
    private static NodeId node(String name) {
        return new NodeId(name);
    }

    private static ScriptedCluster led(int founders, String... nodes) {
        ScriptedCluster cluster = ScriptedCluster.with(founders, nodes);
        cluster.elect("a");
        heartbeats(cluster, "a", 1);
        return cluster;
    }

    private static void heartbeats(ScriptedCluster cluster, String leader, int count) {
        for (int i = 0; i < count * HEARTBEAT_TICKS; i++) {
            cluster.tick(leader);
        }
    }

    private static Membership at(ScriptedCluster cluster, String node) {
        return cluster.at(node).core.membership().membership();
    }

    private static ChangeResult change(ScriptedCluster cluster, String leader, MembershipChange change) {
        return cluster.at(leader).core.changeMembership(change);
    }

    private static void changed(ScriptedCluster cluster, MembershipChange change) {
        assertThat(change(cluster, "a", change)).isInstanceOf(ChangeResult.Accepted.class);
        cluster.run();
        heartbeats(cluster, "a", 2);
    }

    @Test
    @DisplayName("A learner gets everything, counts for nothing and never campaigns, until it is promoted")
    void learners() {
        ScriptedCluster cluster = led(2, "a", "b", "c");
        cluster.propose("a", "before");
        changed(cluster, MembershipChange.addLearner(node("c")));
        assertThat(cluster.commandsApplied("c")).containsExactly("before");
        assertThat(cluster.at("a").core.matches())
                .containsEntry(node("c"), cluster.at("a").state().last());
        cluster.cutOff("b");
        cluster.propose("a", "waits");
        cluster.run();
        assertThat(cluster.at("c").state().last())
                .isEqualTo(cluster.at("a").state().last());
        assertThat(cluster.at("a").state().committed())
                .isLessThan(cluster.at("a").state().last());
        for (int i = 0; i < 5 * ELECTION_TICKS; i++) {
            cluster.tick("c");
        }
        assertThat(cluster.at("c").state().role()).isEqualTo(RoleName.FOLLOWER);
        cluster.heal();
        heartbeats(cluster, "a", 3);
        changed(cluster, MembershipChange.addVoter(node("c")));
        cluster.cutOff("b");
        cluster.propose("a", "with c");
        cluster.run();
        heartbeats(cluster, "a", 2);
        assertThat(cluster.commandsApplied("c")).containsExactly("before", "waits", "with c");
    }

    @Test
    @DisplayName("B33 a leader changes nothing before an entry of its own term is committed")
    void currentTermRule() {
        for (MembershipChange[] pair : new MembershipChange[][] {
            {MembershipChange.addVoter(node("e")), MembershipChange.remove(node("d"))},
            {MembershipChange.addVoter(node("e")), MembershipChange.addVoter(node("f"))},
            {MembershipChange.remove(node("c")), MembershipChange.remove(node("d"))}
        }) {
            ScriptedCluster cluster = led(4, "a", "b", "c", "d", "e", "f");
            cluster.drop(e -> e.isFrom("a") || e.isTo("a"));
            assertThat(change(cluster, "a", pair[0])).isInstanceOf(ChangeResult.Accepted.class);
            cluster.at("a").settle();
            cluster.drop(e -> e.isFrom("a") || e.isTo("a") || e.is(AppendRequest.class));
            cluster.elect("b");
            assertThat(change(cluster, "b", pair[1])).isInstanceOf(ChangeResult.NotYet.class);
            cluster.drop(e -> e.isFrom("a") || e.isTo("a"));
            heartbeats(cluster, "b", 3);
            assertThat(change(cluster, "b", pair[1])).isInstanceOf(ChangeResult.Accepted.class);
            cluster.run();
            cluster.heal();
            long committed = cluster.at("b").state().committed();
            cluster.at("a").restart(cluster.at("a").answeredApply, 5);
            for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
                cluster.tick("a");
            }
            assertThat(cluster.at("a").leads()).isFalse();
            heartbeats(cluster, "b", 3);
            assertThat(cluster.at("a").state().committed()).isGreaterThanOrEqualTo(committed);
            assertThat(at(cluster, "a")).isEqualTo(at(cluster, "b"));
        }
    }

    @Test
    @DisplayName("One change at a time; whoever does not lead says who does; nonsense is refused")
    void oneAtATime() {
        ScriptedCluster cluster = led(3, "a", "b", "c", "d");
        cluster.cutOff("b", "c");
        assertThat(change(cluster, "a", MembershipChange.addLearner(node("d"))))
                .isInstanceOf(ChangeResult.Accepted.class);
        assertThat(change(cluster, "a", MembershipChange.remove(node("c")))).isInstanceOf(ChangeResult.NotYet.class);
        cluster.run();
        assertThat(change(cluster, "a", MembershipChange.remove(node("c")))).isInstanceOf(ChangeResult.NotYet.class);
        cluster.heal();
        heartbeats(cluster, "a", 3);
        assertThat(change(cluster, "a", MembershipChange.addLearner(node("d"))))
                .isEqualTo(new ChangeResult.Invalid("d is a learner already"));
        assertThat(change(cluster, "b", MembershipChange.remove(node("d"))))
                .isEqualTo(new ChangeResult.NotLeader(cluster.at("b").state().term(), node("a")));
        assertThat(change(cluster, "a", MembershipChange.remove(node("d")))).isInstanceOf(ChangeResult.Accepted.class);
    }

    @Test
    @DisplayName(
            "B42 a joint membership needs both majorities for entries, reads and the leader's seat, and is left by itself")
    void jointMembership() {
        MembershipChange replace = MembershipChange.remove(node("b"))
                .and(MembershipChange.remove(node("c")))
                .and(MembershipChange.addVoter(node("d")))
                .and(MembershipChange.addVoter(node("e")));
        for (List<String> away : List.of(List.of("b", "c"), List.of("d", "e"))) {
            ScriptedCluster cluster = led(3, "a", "b", "c", "d", "e");
            changed(cluster, MembershipChange.addLearner(node("d")).and(MembershipChange.addLearner(node("e"))));
            cluster.cutOff(away.toArray(new String[0]));
            long before = cluster.at("a").state().committed();
            assertThat(change(cluster, "a", replace)).isInstanceOf(ChangeResult.Accepted.class);
            cluster.run();
            assertThat(at(cluster, "a").isJoint()).isTrue();
            assertThat(cluster.at("a").state().committed())
                    .as("without " + away)
                    .isEqualTo(before);
            cluster.at("a").core.readIndex(77);
            cluster.run();
            assertThat(cluster.at("a").grants).isEmpty();
            heartbeats(cluster, "a", ELECTION_TICKS);
            assertThat(cluster.at("a").leads()).as("without " + away).isFalse();
        }
        ScriptedCluster cluster = led(3, "a", "b", "c", "d", "e");
        changed(cluster, replace);
        Membership after = Membership.of(node("a"), node("d"), node("e"));
        assertThat(at(cluster, "a")).isEqualTo(after);
        assertThat(at(cluster, "d")).isEqualTo(after);
        cluster.at("a").core.readIndex(78);
        cluster.run();
        assertThat(cluster.at("a").grants).hasSize(1);
        assertThat(cluster.at("b").core.removedAt())
                .as("told that it is left out")
                .isPositive();
        cluster.cutOff("b", "c");
        heartbeats(cluster, "a", ELECTION_TICKS);
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName("A joint membership is not left before it is applied, and the next leader leaves it too")
    void theNextLeaderLeavesTheJointMembership() {
        ScriptedCluster cluster = led(3, "a", "b", "c", "d");
        changed(cluster, MembershipChange.addLearner(node("d")));
        TestReplica a = cluster.at("a");
        MembershipChange swap = MembershipChange.remove(node("c")).and(MembershipChange.addVoter(node("d")));
        change(cluster, "a", swap);
        a.drain();
        cluster.drop(e -> e.isFrom("a")
                && e.message() instanceof AppendRequest r
                && r.entries().isEmpty());
        cluster.run();
        assertThat(at(cluster, "b").isJoint() || !at(cluster, "b").contains(node("c")))
                .isTrue();
        cluster.cutOff("a");
        cluster.elect("b");
        heartbeats(cluster, "b", 3);
        assertThat(at(cluster, "b")).isEqualTo(Membership.of(node("a"), node("b"), node("d")));
        assertThat(cluster.at("b").core.isMembershipCommitted()).isTrue();
    }

    @Test
    @DisplayName("A membership that is cut off with its entry counts no more")
    void rollback() {
        ScriptedCluster cluster = led(3, "a", "b", "c", "d");
        Membership before = at(cluster, "a");
        cluster.cutOff("a", "d");
        change(cluster, "a", MembershipChange.addVoter(node("d")));
        cluster.at("a").settle();
        assertThat(at(cluster, "a").voters()).hasSize(4);
        cluster.elect("b");
        heartbeats(cluster, "b", 2);
        cluster.heal();
        heartbeats(cluster, "b", 3);
        assertThat(at(cluster, "a")).isEqualTo(before);
        assertThat(cluster.terms("a")).isEqualTo(cluster.terms("b"));
    }

    @Test
    @DisplayName("A leader that is left out leads until that is committed, steps down and never campaigns again")
    void theLeaderLeaves() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("b", "c");
        change(cluster, "a", MembershipChange.remove(node("a")));
        cluster.run();
        assertThat(cluster.at("a").leads()).isTrue();
        cluster.heal();
        heartbeats(cluster, "a", 3);
        TestReplica a = cluster.at("a");
        assertThat(a.leads()).isFalse();
        assertThat(a.state().committed()).isEqualTo(a.state().last());
        assertThat(a.core.removedAt()).isEqualTo(a.state().last());
        for (int i = 0; i < 5 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(a.state().role()).isEqualTo(RoleName.FOLLOWER);
        cluster.elect("b");
        assertThat(at(cluster, "b")).isEqualTo(Membership.of(node("b"), node("c")));
        cluster.propose("b", "without a");
        heartbeats(cluster, "b", 2);
        assertThat(cluster.commandsApplied("c")).containsExactly("without a");
    }

    @Test
    @DisplayName("A leader that becomes a learner steps down and stays a learner")
    void theLeaderIsDemoted() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        change(cluster, "a", MembershipChange.demote(node("a")).jointly());
        cluster.run();
        heartbeats(cluster, "a", 3);
        assertThat(cluster.at("a").leads()).isFalse();
        assertThat(at(cluster, "b").learners()).containsExactly(node("a"));
        cluster.elect("b");
        cluster.propose("b", "x");
        heartbeats(cluster, "b", 2);
        assertThat(cluster.commandsApplied("a")).containsExactly("x");
        assertThat(cluster.at("a").core.removedAt()).isZero();
    }

    @Test
    @DisplayName("Who is left out and does not know it disturbs nobody")
    void whoIsLeftOutDisturbsNobody() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("c");
        assertThat(change(cluster, "a", MembershipChange.remove(node("c")))).isInstanceOf(ChangeResult.Accepted.class);
        heartbeats(cluster, "a", 3);
        cluster.heal();
        cluster.hold(e -> e.isFrom("a") && e.isTo("c"));
        long term = cluster.at("a").state().term();
        for (int i = 0; i < 20 * ELECTION_TICKS; i++) {
            cluster.tick();
        }
        assertThat(cluster.at("c").state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
        assertThat(cluster.at("a").leads()).isTrue();
        assertThat(cluster.at("a").state().term()).isEqualTo(term);
        int notices = cluster.held.size();
        heartbeats(cluster, "a", 50);
        assertThat(cluster.held).as("the leader gives up telling it").hasSize(notices);
    }

    @Test
    @DisplayName("B35 whoever may be needed can lead: the last voter that leaves, and the learner just promoted")
    void whoIsNeededCanLead() {
        ScriptedCluster leaving = led(2, "a", "b");
        leaving.cutOff("b");
        change(leaving, "a", MembershipChange.remove(node("a")));
        leaving.at("a").settle();
        leaving.at("a").restart(leaving.at("a").answeredApply, 3);
        leaving.heal();
        leaving.campaign("b");
        leaving.run();
        assertThat(leaving.at("b").leads()).as("without the entry that a has").isFalse();
        for (int i = 0; i < 4 * ELECTION_TICKS && at(leaving, "b").contains(node("a")); i++) {
            leaving.tick("a");
        }
        assertThat(at(leaving, "b")).isEqualTo(Membership.of(node("b")));
        leaving.elect("b");

        ScriptedCluster promoted = led(2, "a", "b", "c");
        changed(promoted, MembershipChange.addLearner(node("c")));
        promoted.cutOff("b");
        change(promoted, "a", MembershipChange.addVoter(node("c")));
        promoted.run();
        promoted.cutOff("a");
        promoted.elect("c");
        heartbeats(promoted, "c", 3);
        assertThat(at(promoted, "b").voters()).hasSize(3);
        assertThat(promoted.at("b").state().committed())
                .isEqualTo(promoted.at("c").state().last());
    }

    @Test
    @DisplayName("A restart finds the newest membership in the log, a snapshot brings its own")
    void restartsAndSnapshots() {
        ScriptedCluster cluster = led(2, "a", "b", "c");
        changed(cluster, MembershipChange.addLearner(node("c")));
        for (String name : List.of("a", "b", "c")) {
            TestReplica replica = cluster.at(name);
            replica.restart(replica.answeredApply, 9);
            assertThat(replica.core.membership().membership().learners()).containsExactly(node("c"));
            replica.compact();
            replica.settle();
            assertThat(replica.disk.entries).isEmpty();
            replica.restart(replica.answeredApply, 9);
            assertThat(replica.core.membership().membership().learners()).containsExactly(node("c"));
        }
        TestReplica.Snapshot snapshot = cluster.at("a").snapshot();
        assertThat(snapshot.membership().learners()).containsExactly(node("c"));
        ScriptedCluster other = ScriptedCluster.with(2, "a", "b", "c");
        TestReplica c = other.at("c");
        assertThat(c.core.wantsSnapshot(snapshot.last().term(), snapshot.last()))
                .isTrue();
        assertThat(c.install(snapshot)).isTrue();
        c.restart(c.machineDurable, 4);
        assertThat(c.core.membership().membership())
                .as("a crash before the log knew of the snapshot")
                .isEqualTo(snapshot.membership());
        c.settle();
        c.restart(c.machineDurable, 4);
        assertThat(c.core.membership().membership()).isEqualTo(snapshot.membership());
    }

    @Test
    @DisplayName("A replica made anew elects nobody before its log is as good as the one that was dropped")
    void theFloor() {
        ScriptedCluster cluster = ScriptedCluster.with(2, "a", "b", "c");
        TestReplica c = cluster.at("c");
        c.floor = new EntryId(2, 2);
        c.restart(0, 3);
        cluster.inject("a", "c", new PreVoteRequest(3, new EntryId(2, 9)));
        cluster.inject("a", "c", new VoteRequest(3, new EntryId(2, 9)));
        assertThat(cluster.sent)
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new PreVoteReply(0, false), new VoteReply(3, false));
        cluster.inject(
                "a",
                "c",
                new AppendRequest(
                        4, EntryId.ZERO, 0, List.of(ScriptedCluster.entry(2, 1), ScriptedCluster.entry(2, 2))));
        cluster.inject("b", "c", new VoteRequest(5, new EntryId(4, 9)));
        assertThat(c.core.last()).isEqualTo(new EntryId(2, 2));
        for (int i = 0; i < ELECTION_TICKS; i++) {
            c.tick();
        }
        cluster.inject("b", "c", new VoteRequest(5, new EntryId(4, 9)));
        assertThat(cluster.sent.get(cluster.sent.size() - 1).message()).isEqualTo(new VoteReply(5, true));
    }

    @Test
    @DisplayName("A log that ends before the dropped one's end in the same term is not as good")
    void aShorterLogOfTheFloorsTerm() {
        for (long end : new long[] {1, 2}) {
            ScriptedCluster cluster = ScriptedCluster.with(2, "a", "b", "c");
            TestReplica c = cluster.at("c");
            c.floor = new EntryId(2, 2);
            c.restart(0, 3);
            cluster.inject("a", "c", new PreVoteRequest(3, new EntryId(2, 9)));
            for (long index = 1; index <= end; index++) {
                EntryId previous = index == 1 ? EntryId.ZERO : new EntryId(2, index - 1);
                cluster.inject("a", "c", new AppendRequest(4, previous, 0, List.of(ScriptedCluster.entry(2, index))));
            }
            c.at(c.nanos + ELECTION_TICKS * TestReplica.TICK_NANOS);
            cluster.inject("b", "c", new VoteRequest(5, new EntryId(4, 9)));
            assertThat(cluster.sent.get(cluster.sent.size() - 1).message()).isEqualTo(new VoteReply(5, end == 2));
        }
    }

    @Test
    @DisplayName("Who was left out by a membership that is cut off may campaign again")
    void whoWasLeftOutInVain() {
        ScriptedCluster cluster = ScriptedCluster.with(3, "a", "b", "c");
        TestReplica b = cluster.at("b");
        Membership without = Membership.of(node("a"), node("c"));
        cluster.inject(
                "a", "b", new AppendRequest(1, EntryId.ZERO, 0, List.of(Entry.noOp(1, 1), membership(2, without))));
        assertThat(at(cluster, "b")).isEqualTo(without);
        cluster.inject("c", "b", new AppendRequest(2, new EntryId(1, 1), 1, List.of(Entry.noOp(2, 2))));
        assertThat(at(cluster, "b").voters()).hasSize(3);
        cluster.campaign("b");
        assertThat(b.state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
    }

    @Test
    @DisplayName("Who joined knows of its removal only from memberships after the one that it joined by")
    void removalIsJudgedFromTheJoining() {
        ScriptedCluster cluster = ScriptedCluster.with(2, "a", "b", "c");
        TestReplica c = cluster.at("c");
        c.joined = 3;
        c.restart(0, 3);
        Membership ab = Membership.of(node("a"), node("b"));
        Membership others = MembershipChanger.change(ab, MembershipChange.addLearner(node("d")));
        Membership mine = MembershipChanger.change(others, MembershipChange.addLearner(node("c")));
        List<Entry> entries =
                List.of(Entry.noOp(1, 1), membership(2, others), membership(3, mine), membership(4, others));
        for (int i = 0; i < entries.size(); i++) {
            EntryId previous = i == 0 ? EntryId.ZERO : entries.get(i - 1).id();
            cluster.inject("a", "c", new AppendRequest(1, previous, i + 1, List.of(entries.get(i))));
            assertThat(c.applied).hasSize(i + 1);
            assertThat(c.core.removedAt()).as("after entry " + (i + 1)).isEqualTo(i == 3 ? 4 : 0);
        }
    }

    private static Entry membership(long index, Membership membership) {
        return new Entry(1, index, EntryKind.MEMBERSHIP, MembershipCodec.encode(membership));
    }
}
