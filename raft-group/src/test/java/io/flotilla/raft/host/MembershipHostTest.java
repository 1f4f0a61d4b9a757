package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.log.GroupDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memberships through the door of three hosts on threads: who is told what, and when. */
@Timeout(60)
class MembershipHostTest {
    private static final NodeId N4 = new NodeId("n4");

    private final MemoryNetwork network = new MemoryNetwork();
    private final Map<NodeId, MemoryLogStore> logs = new ConcurrentHashMap<>();
    private final TestFleet fleet =
            new TestFleet(id -> logs.computeIfAbsent(id, i -> new MemoryLogStore()), network::transport);
    /** What the callbacks of a test threw on purpose. */
    private final List<Throwable> expected = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        fleet.startAll();
        fleet.create(1);
        fleet.untilDone(node -> node.increment(1));
    }

    @AfterEach
    void stop() throws Exception {
        List<Throwable> defects = new ArrayList<>();
        List<String> halted = new ArrayList<>();
        for (TestNode node : fleet.nodes.values()) {
            defects.addAll(node.defects);
            node.host.status().stream()
                    .map(GroupStatus::failure)
                    .filter(failure -> failure != null && !failure.contains("dropped"))
                    .forEach(halted::add);
        }
        network.cut = MemoryNetwork.NOTHING_CUT;
        fleet.closeAll();
        defects.removeAll(expected);
        assertThat(defects).isEmpty();
        assertThat(halted).as("replicas halted by themselves").isEmpty();
    }

    private static CompletableFuture<Object> change(TestNode node, MembershipChange change) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        node.host.changeMembership(1, change, new MembershipCallback() {
            @Override
            public void changed(MembershipEntry now) {
                outcome.complete(now);
            }

            @Override
            public void invalid(String reason) {
                outcome.complete(reason);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new TestNode.RefusedException(refusal));
            }
        });
        return outcome;
    }

    private static CompletableFuture<Object> progress(TestNode node) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        node.host.progress(1, new ProgressCallback() {
            @Override
            public void progress(GroupProgress progress) {
                outcome.complete(progress);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new TestNode.RefusedException(refusal));
            }
        });
        return outcome;
    }

    private static CompletableFuture<Object> retire(TestNode node, long removedAt) {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        node.host.retire(1, removedAt, new RetireCallback() {
            @Override
            public void retired() {
                outcome.complete("retired");
            }

            @Override
            public void isMember(long index) {
                outcome.complete(index);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new TestNode.RefusedException(refusal));
            }
        });
        return outcome;
    }

    private MembershipEntry changed(MembershipChange change) throws Exception {
        return (MembershipEntry) fleet.untilDone(node -> change(node, change));
    }

    private TestNode join(MembershipEntry by) {
        TestNode node = fleet.start(N4);
        GroupDescriptor group = new GroupDescriptor(
                1, TestFleet.group(1).membership(), TestFleet.group(1).genesis(), by.index());
        assertThat(node.host.createGroup(group)).isTrue();
        return node;
    }

    private TestNode follower() throws Exception {
        TestNode leader = fleet.leaderOf(1);
        for (TestNode node : fleet.nodes.values()) {
            if (node != leader && !node.id.equals(N4)) {
                return node;
            }
        }
        throw new AssertionError("nobody follows");
    }

    /** Asks the leader until its answer is as wanted. */
    private GroupProgress progressUntil(Function<GroupProgress, Boolean> wanted) throws Exception {
        return (GroupProgress) fleet.untilDone(node -> progress(node).thenApply(answer -> {
            if (!wanted.apply((GroupProgress) answer)) {
                throw new IllegalStateException("not yet: " + answer);
            }
            return answer;
        }));
    }

    @Test
    void aLearnerIsAddedCatchesUpAndVotes() throws Exception {
        MembershipEntry learning = changed(MembershipChange.addLearner(N4));
        assertThat(learning.membership().learners()).containsExactly(N4);
        TestNode joined = join(learning);
        long count = (Long) fleet.untilDone(node -> node.increment(1));
        joined.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count).get(20, TimeUnit.SECONDS);
        GroupProgress progress =
                progressUntil(now -> now.matches().getOrDefault(N4, 0L) >= learning.index() && now.isCommitted());
        assertThat(progress.membership()).isEqualTo(learning);
        assertThat(progress.matches()).containsOnlyKeys(new NodeId("n1"), new NodeId("n2"), new NodeId("n3"), N4);
        MembershipEntry voting = changed(MembershipChange.addVoter(N4));
        assertThat(voting.index()).isGreaterThan(learning.index());
        assertThat(voting.membership().voters()).hasSize(4).contains(N4);
    }

    @Test
    void severalVotersAreReplacedAtOnceAndTheCallerHearsOfTheEndOfTheJointMembership() throws Exception {
        TestNode gone = follower();
        changed(MembershipChange.addLearner(N4));
        MembershipEntry learning = progressUntil(GroupProgress::isCommitted).membership();
        join(learning);
        progressUntil(now -> now.matches().getOrDefault(N4, 0L) >= learning.index());
        MembershipEntry after = changed(MembershipChange.remove(gone.id).and(MembershipChange.addVoter(N4)));
        assertThat(after.membership().isJoint()).isFalse();
        assertThat(after.membership().voters()).hasSize(3).contains(N4).doesNotContain(gone.id);
        assertThat(retire(fleet.leaderOf(1), after.index() - 1).get(20, TimeUnit.SECONDS))
                .as("a member by the newest membership")
                .isEqualTo(after.index());
        assertThat(retire(gone, after.index()).get(20, TimeUnit.SECONDS)).isEqualTo("retired");
        assertThat(gone.host.createGroup(TestFleet.group(1)))
                .as("the dropped replica comes back")
                .isFalse();
        assertThat(gone.machines.dropped).containsExactly(1L);
        assertThat(retire(gone, after.index()).get(20, TimeUnit.SECONDS))
                .as("once more")
                .isEqualTo("retired");
    }

    @Test
    void whoCanNotSaysWhy() throws Exception {
        TestNode leader = fleet.leaderOf(1);
        TestNode follower = follower();
        follower.machines.open.get(1L).reaches(1).get(20, TimeUnit.SECONDS);
        RaftHostTest.assertRefused(change(follower, MembershipChange.addLearner(N4)), new Refusal.NotLeader(leader.id));
        assertThat(change(leader, MembershipChange.remove(N4)).get(20, TimeUnit.SECONDS))
                .isEqualTo("n4 has no replica");
        assertThat(((GroupProgress) progress(follower).get(20, TimeUnit.SECONDS)).matches())
                .as("as told by who does not lead")
                .isEmpty();
        TestNode stranger = fleet.start(N4);
        RaftHostTest.assertRefused(change(stranger, MembershipChange.addLearner(N4)), new Refusal.NoReplica());
        RaftHostTest.assertRefused(progress(stranger), new Refusal.NoReplica());
    }

    @Test
    void aChangeUnderWayKeepsOthersOutAndItsFateIsUnknownOnceItsLeaderIsAlone() throws Exception {
        TestNode leader = fleet.leaderOf(1);
        network.cut = (from, to, message) -> message instanceof Message.AppendRequest;
        CompletableFuture<Object> first = change(leader, MembershipChange.addLearner(N4));
        RaftHostTest.assertRefused(change(leader, MembershipChange.remove(leader.id)), new Refusal.Busy(100));
        assertThat(first).isNotDone();
        network.cut = (from, to, message) -> from.equals(leader.id) || to.equals(leader.id);
        RaftHostTest.assertRefused(first, new Refusal.Indeterminate(null));
        fleet.nodes.remove(leader.id);
        fleet.untilDone(node -> node.increment(1));
        fleet.nodes.put(leader.id, leader);
        network.cut = MemoryNetwork.NOTHING_CUT;
        assertThat(progressUntil(GroupProgress::isCommitted).membership().membership())
                .as("nobody else had it")
                .isEqualTo(Membership.of(TestFleet.IDS));
    }

    @Test
    void callersThatThrowAreReportedAndDisturbNobody() throws Exception {
        TestNode leader = fleet.leaderOf(1);
        IllegalStateException defect = new IllegalStateException("a caller's defect");
        expected.add(defect);
        MembershipCallback throwing = new MembershipCallback() {
            @Override
            public void changed(MembershipEntry now) {
                throw defect;
            }

            @Override
            public void invalid(String reason) {
                throw defect;
            }

            @Override
            public void refused(Refusal refusal) {
                throw defect;
            }
        };
        ProgressCallback throwingProgress = new ProgressCallback() {
            @Override
            public void progress(GroupProgress progress) {
                throw defect;
            }

            @Override
            public void refused(Refusal refusal) {
                throw defect;
            }
        };
        RetireCallback throwingRetire = new RetireCallback() {
            @Override
            public void retired() {
                throw defect;
            }

            @Override
            public void isMember(long index) {
                throw defect;
            }

            @Override
            public void refused(Refusal refusal) {
                throw defect;
            }
        };
        TestNode follower = follower();
        leader.host.changeMembership(1, MembershipChange.remove(N4), throwing);
        assertReported(leader, defect, "invalid");
        follower.host.changeMembership(1, MembershipChange.addLearner(N4), throwing);
        assertReported(follower, defect, "refused");
        leader.host.progress(1, throwingProgress);
        assertReported(leader, defect, "progress");
        leader.host.changeMembership(1, MembershipChange.addLearner(N4), throwing);
        assertReported(leader, defect, "changed");
        network.cut = (from, to, message) -> to.equals(follower.id); // it is told by its owner alone
        MembershipEntry now = (MembershipEntry)
                change(leader, MembershipChange.remove(follower.id)).get(20, TimeUnit.SECONDS);
        follower.host.retire(1, now.index(), throwingRetire);
        assertReported(follower, defect, "retired");
        assertThat((Long) leader.increment(1).get(20, TimeUnit.SECONDS)).isGreaterThan(1);
        TestNode other = fleet.nodes.values().stream()
                .filter(node -> node != leader && node != follower)
                .findFirst()
                .orElseThrow();
        MembershipEntry later = (MembershipEntry)
                change(leader, MembershipChange.demote(other.id)).get(20, TimeUnit.SECONDS);
        leader.host.retire(1, later.index() - 1, throwingRetire);
        assertReported(leader, defect, "isMember");
        assertThat((Long) leader.increment(1).get(20, TimeUnit.SECONDS)).isGreaterThan(2);
    }

    private static void assertReported(TestNode node, Throwable defect, String when) throws Exception {
        assertThat(node.defects.poll(20, TimeUnit.SECONDS)).as(when).isSameAs(defect);
        assertThat(node.host.status(1) == null ? null : node.host.status(1).failure())
                .as(when)
                .satisfiesAnyOf(
                        failure -> assertThat(failure).isNull(),
                        failure -> assertThat(failure).contains("dropped"));
    }
}
