package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.transport.NodeMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guarded entries from the door to the machine, and what embedders tell each other. */
@Timeout(60)
class GuardedHostTest {
    private final MemoryNetwork network = new MemoryNetwork();
    private final TestFleet fleet = new TestFleet(id -> new MemoryLogStore(), network::transport) {
        /** With so much time a leader stays, whatever else the machine does. */
        @Override
        HostConfig change(HostConfig config) {
            return new HostConfig(
                    config.self(),
                    config.core(),
                    config.workers(),
                    config.appliers(),
                    25_000_000L,
                    config.limits(),
                    config.transfers());
        }
    };
    private TestNode leader;
    private final List<TestNode> followers = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        fleet.startAll();
        fleet.create(2);
        leader = fleet.leaderOf(1);
        for (TestNode node : fleet.nodes.values()) {
            if (node != leader) {
                followers.add(node);
            }
            node.machines.opened(1).get(20, TimeUnit.SECONDS);
            node.machines.opened(2).get(20, TimeUnit.SECONDS);
        }
    }

    @AfterEach
    void stop() throws Exception {
        List<Throwable> defects = new ArrayList<>();
        fleet.nodes.values().forEach(node -> defects.addAll(node.defects));
        fleet.closeAll();
        assertThat(defects).isEmpty();
    }

    private static void holdsNothing(TestNode node) {
        node.machines.guard = entry -> false;
    }

    private static void holds(TestNode node) {
        node.machines.guard = entry -> true;
    }

    private static Object get(CompletableFuture<Object> outcome) throws Exception {
        return outcome.get(20, TimeUnit.SECONDS);
    }

    private static Refusal refusal(CompletableFuture<Object> outcome) throws Exception {
        try {
            throw new AssertionError("not refused: " + get(outcome));
        } catch (ExecutionException e) {
            return ((TestNode.RefusedException) e.getCause()).refusal;
        }
    }

    private static void reaches(TestNode node, long group, long count) throws Exception {
        node.machines.opened(group).get(20, TimeUnit.SECONDS).reaches(count).get(20, TimeUnit.SECONDS);
    }

    private static TestNode.HeldBack nextHeldBack(TestNode node) throws InterruptedException {
        TestNode.HeldBack held = node.heldBack.poll(20, TimeUnit.SECONDS);
        assertThat(held).isNotNull();
        return held;
    }

    private GroupProgress progress(CompletableFuture<GroupProgress> outcome) throws Exception {
        return outcome.get(20, TimeUnit.SECONDS);
    }

    private static ProgressCallback completing(CompletableFuture<GroupProgress> outcome) {
        return new ProgressCallback() {
            @Override
            public void progress(GroupProgress progress) {
                outcome.complete(progress);
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.completeExceptionally(new TestNode.RefusedException(refusal));
            }
        };
    }

    private GroupProgress hold(long nanos) throws Exception {
        CompletableFuture<GroupProgress> outcome = new CompletableFuture<>();
        leader.host.holdMembership(1, nanos, completing(outcome));
        return progress(outcome);
    }

    private GroupProgress progress() throws Exception {
        CompletableFuture<GroupProgress> outcome = new CompletableFuture<>();
        leader.host.progress(1, completing(outcome));
        return progress(outcome);
    }

    @Test
    void whoDoesNotHoldItLagsInThatGroupAlone() throws Exception {
        TestNode slow = followers.get(0);
        holdsNothing(slow);
        assertThat(get(leader.increment(1))).isEqualTo(1L);
        assertThat(get(leader.proposeGuarded(1, "+1"))).isEqualTo(2L);
        assertThat(get(leader.increment(1))).isEqualTo(3L);
        TestNode.HeldBack held = nextHeldBack(slow);
        assertThat(held.group()).isEqualTo(1);
        assertThat(new String(held.entry().payload(), StandardCharsets.UTF_8)).isEqualTo("+1");
        assertThat(held.from()).isEqualTo(leader.id);
        assertThat(nextHeldBack(slow)).as("told again").isEqualTo(held);
        assertThat(progress().heldBack())
                .containsOnlyKeys(slow.id)
                .containsValue(held.entry().index());
        assertThat(progress().heard()).containsExactlyElementsOf(TestFleet.IDS);
        assertThat(progress().hasAppliedOwn()).isTrue();
        assertThat(slow.host.stats().heldBack()).isGreaterThan(1);

        for (int i = 0; i < 20; i++) {
            fleet.untilDone(node -> node.increment(2));
        }
        reaches(slow, 2, 20);
        assertThat(slow.machines.opened(1).get().count()).isEqualTo(1);
        holds(slow);
        reaches(slow, 1, 3);
        assertThat(slow.host.stats().snapshotsInstalled()).isZero();
    }

    @Test
    void aLeaderProposesOnlyWhatItHolds() throws Exception {
        holdsNothing(leader);
        assertThat(refusal(leader.proposeGuarded(1, "+1")))
                .isEqualTo(new Refusal.Guarded("this node does not hold what the command names"));
        assertThat(refusal(followers.get(0).proposeGuarded(1, "+1"))).isInstanceOf(Refusal.NotLeader.class);
        assertThat(refusal(leader.proposeGuarded(9, "+1"))).isEqualTo(new Refusal.NoReplica());
        holds(leader);
        assertThat(get(leader.proposeGuarded(1, "+1"))).isEqualTo(1L);
    }

    @Test
    void oneAtATimeWaitsToBeCommitted() throws Exception {
        followers.forEach(GuardedHostTest::holdsNothing);
        CompletableFuture<Object> first = leader.proposeGuarded(1, "first");
        CompletableFuture<Object> plain = leader.increment(1);
        assertThat(refusal(leader.proposeGuarded(1, "second")))
                .isInstanceOfSatisfying(
                        Refusal.Guarded.class,
                        refused -> assertThat(refused.why()).contains("another guarded command is not committed yet"));
        for (int i = 0; i < 3; i++) {
            nextHeldBack(followers.get(0));
            nextHeldBack(followers.get(1));
        }
        assertThat(first).isNotDone();
        holds(followers.get(1));
        assertThat(get(first)).isEqualTo(1L);
        assertThat(get(plain)).isEqualTo(2L);
        assertThat(get(leader.proposeGuarded(1, "second"))).isEqualTo(3L);
        holds(followers.get(0));
        reaches(followers.get(0), 1, 3);
    }

    @Test
    void whoCannotPullGetsASnapshot() throws Exception {
        TestNode slow = followers.get(0);
        holdsNothing(slow);
        slow.canPull = () -> false;
        assertThat(get(leader.proposeGuarded(1, "+1"))).isEqualTo(1L);
        assertThat(get(leader.increment(1))).isEqualTo(2L);
        reaches(slow, 1, 2);
        assertThat(get(leader.increment(1))).isEqualTo(3L);
        reaches(slow, 1, 3);
        assertThat(slow.host.stats().snapshotsInstalled()).isPositive();
    }

    @Test
    void aListenerThatThrowsIsADefectAndNothingElse() throws Exception {
        TestNode slow = followers.get(0);
        holdsNothing(slow);
        slow.canPull = () -> {
            throw new IllegalStateException("defect");
        };
        assertThat(get(leader.proposeGuarded(1, "+1"))).isEqualTo(1L);
        assertThat(slow.defects.poll(20, TimeUnit.SECONDS)).hasMessage("defect");
        slow.canPull = () -> true;
        holds(slow);
        reaches(slow, 1, 1);
        slow.defects.clear();
    }

    /** What became of wanting another learner, in a word. */
    private String change() throws Exception {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        leader.host.changeMembership(1, MembershipChange.addLearner(new NodeId("n9")), new MembershipCallback() {
            @Override
            public void changed(MembershipEntry now) {
                outcome.complete("changed");
            }

            @Override
            public void invalid(String reason) {
                outcome.complete("invalid");
            }

            @Override
            public void refused(Refusal refusal) {
                outcome.complete(refusal.getClass().getSimpleName());
            }
        });
        return outcome.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aMembershipThatIsHeldStaysForAWhile() throws Exception {
        GroupProgress held = hold(RaftHost.MAX_MEMBERSHIP_HOLD_NANOS);
        assertThat(held.isCommitted()).isTrue();
        assertThat(held.matches()).containsOnlyKeys(TestFleet.IDS);
        assertThat(change()).isEqualTo("Busy");
        assertThat(progress().membership()).isEqualTo(held.membership());
        hold(0);
        assertThat(change()).isEqualTo("changed");
        hold(1_000_000L);
        String outcome = change();
        while (outcome.equals("Busy")) {
            outcome = change();
        }
        assertThat(outcome).as("time is up").isEqualTo("invalid");
        for (long wrong : new long[] {-1, RaftHost.MAX_MEMBERSHIP_HOLD_NANOS + 1}) {
            assertThatThrownBy(() -> hold(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void embeddersTellEachOtherWhatTheyLike() throws Exception {
        TestNode other = followers.get(0);
        leader.host.tell(other.id, "hold 7".getBytes(StandardCharsets.UTF_8));
        assertThat(other.told.poll(20, TimeUnit.SECONDS)).isEqualTo(leader.id + " hold 7");
        leader.host.tell(new NodeId("n9"), new byte[1]);
        assertThatThrownBy(() -> leader.host.tell(other.id, new byte[NodeMessage.Application.MAX_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("split it");
        leader.host.tell(other.id, "more".getBytes(StandardCharsets.UTF_8));
        assertThat(other.told.poll(20, TimeUnit.SECONDS)).isEqualTo(leader.id + " more");
    }
}
