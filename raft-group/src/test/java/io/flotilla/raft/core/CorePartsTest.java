package io.flotilla.raft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.read.LeaseConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The small parts of a core, at their bounds. */
class CorePartsTest {
    private static CoreConfig config(int election, int heartbeat, int... limits) {
        return new CoreConfig(
                election, heartbeat, limits[0], limits[1], limits[2], limits[3], limits[4], limits[5], true);
    }

    private static void refuses(Runnable wrong) {
        assertThatThrownBy(wrong::run).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void limitsHaveLimits() {
        assertThat(config(4, 1, 1, 1, 1, 1, 1, 0).maxResidentBytes()).isZero();
        refuses(() -> config(4, 0, 1, 1, 1, 1, 1, 0));
        refuses(() -> config(3, 1, 1, 1, 1, 1, 1, 0));
        assertThat(config(7, 2, 1, 1, 1, 1, 1, 0).heartbeatTicks()).isEqualTo(2);
        refuses(() -> config(6, 2, 1, 1, 1, 1, 1, 0));
        refuses(() -> config(4, 1, 0, 1, 1, 1, 1, 0));
        refuses(() -> config(4, 1, 1, 0, 1, 1, 1, 0));
        refuses(() -> config(4, 1, 2, 1, 1, 1, 1, 0));
        refuses(() -> config(4, 1, 1, 1, 1, 0, 1, 0));
        refuses(() -> config(4, 1, 1, 1, 1, 1, 0, 0));
        refuses(() -> config(4, 1, 1, 1, 1, 1, 1, -1));
    }

    @Test
    void aLimitIsChangedAlone() {
        CoreConfig defaults = CoreConfig.defaults();
        CoreConfig changed = defaults.withMaxUncommittedBytes(77);
        assertThat(changed.maxUncommittedBytes()).isEqualTo(77);
        assertThat(changed.withMaxUncommittedBytes(defaults.maxUncommittedBytes()))
                .isEqualTo(defaults);
        LeaseConfig none = new LeaseConfig(false, 0);
        assertThat(defaults.withLeases(none).leases()).isEqualTo(none);
        assertThat(defaults.withLeases(none).withLeases(defaults.leases())).isEqualTo(defaults);
    }

    @Test
    void aTermHasOneVote() {
        NodeId one = new NodeId("n1");
        HardState first = HardState.INITIAL.advanceTo(3);
        assertThat(first).isEqualTo(new HardState(3, null));
        HardState voted = first.vote(one);
        assertThat(voted.vote(one)).isSameAs(voted);
        assertThatThrownBy(() -> voted.vote(new NodeId("n2"))).isInstanceOf(AssertionError.class);
        assertThat(voted.advanceTo(4).votedFor()).isNull();
        assertThatThrownBy(() -> voted.advanceTo(3)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> voted.advanceTo(2)).isInstanceOf(AssertionError.class);
    }

    @Test
    void whatIsDurableFollowsTheBatches() {
        DurableIndex durable = new DurableIndex(10);
        assertThat(durable.nextSequence()).isEqualTo(1);
        assertThat(durable.issue(12)).isEqualTo(1);
        assertThat(durable.issue(0)).isEqualTo(2);
        assertThat(durable.issue(15)).isEqualTo(3);
        assertThat(durable.nextSequence()).isEqualTo(4);
        assertThat(durable.isDurable(1)).isFalse();
        durable.persisted(2);
        assertThat(durable.index()).isEqualTo(12);
        assertThat(durable.isDurable(2)).isTrue();
        assertThat(durable.isDurable(3)).isFalse();
        durable.truncateFrom(14);
        assertThat(durable.index()).isEqualTo(12);
        durable.persisted(3);
        assertThat(durable.index()).as("14 and 15 were replaced").isEqualTo(13);
        durable.truncateFrom(9);
        assertThat(durable.index()).isEqualTo(8);
        durable.raiseTo(20);
        assertThat(durable.index()).isEqualTo(20);
        assertThat(durable.isDurable(4)).as("never handed out").isFalse();
        assertThatThrownBy(() -> durable.persisted(4)).isInstanceOf(AssertionError.class);
    }

    @Test
    void aFailedCheckSaysWhatItSaw() {
        assertThatThrownBy(() -> Check.that(false, "no")).hasMessage("no");
        assertThatThrownBy(() -> Check.that(false, "%s", 1L)).hasMessage("1");
        assertThatThrownBy(() -> Check.that(false, "%s %s", 1L, 2L)).hasMessage("1 2");
        assertThatThrownBy(() -> Check.that(false, "%s %s %s", 1L, 2L, 3L)).hasMessage("1 2 3");
        assertThatThrownBy(() -> Check.that(false, "%s %s", "a", 2L)).hasMessage("a 2");
        assertThatThrownBy(() -> Check.that(false, "%s %s", "a", "b")).hasMessage("a b");
        Check.that(true, "no");
        Check.that(true, "%s", 1L);
        Check.that(true, "%s %s", 1L, 2L);
        Check.that(true, "%s %s %s", 1L, 2L, 3L);
        Check.that(true, "%s %s", "a", 2L);
        Check.that(true, "%s %s", "a", "b");
    }

    @Test
    void whoLeftIsToldThreeTimesOrForABoundedTime() {
        NodeId gone = new NodeId("n1");
        RemovedPeers removedPeers = new RemovedPeers(100);
        assertThat(removedPeers.isOver(gone, true, 1_000)).as("never left").isFalse();
        removedPeers.begin(gone, 10);
        assertThat(removedPeers.contains(gone)).isTrue();
        for (int i = 0; i < 3; i++) {
            assertThat(removedPeers.isOver(gone, true, 10)).isFalse();
            assertThat(removedPeers.isOver(gone, false, 10)).isFalse();
        }
        assertThat(removedPeers.isOver(gone, true, 10))
                .as("told for the fourth time")
                .isTrue();

        removedPeers.end(gone);
        assertThat(removedPeers.contains(gone)).isFalse();
        removedPeers.begin(gone, 10);
        removedPeers.begin(gone, 90); // the next membership leaves it out, too
        assertThat(removedPeers.isOver(gone, false, 110)).isFalse();
        assertThat(removedPeers.isOver(gone, false, 111)).isTrue();
    }

    @Test
    void leaderStickinessLastsAnElectionTimeoutFromTheLastWord() {
        NodeId leader = new NodeId("n1");
        NodeId other = new NodeId("n2");
        LeaderStickiness stickiness = new LeaderStickiness(100, false, 1_000);
        assertThat(stickiness.forbids(other, 1_000)).as("nobody ever led").isFalse();
        stickiness.heard(leader, 1_000);
        assertThat(stickiness.forbids(other, 1_099)).isTrue();
        assertThat(stickiness.forbids(leader, 1_099)).isFalse();
        assertThat(stickiness.forbids(other, 1_100)).isFalse();
        stickiness.heard(leader, 990);
        assertThat(stickiness.forbids(other, 1_099)).as("never shorter").isTrue();

        LeaderStickiness restarted = new LeaderStickiness(100, true, 1_000);
        assertThat(restarted.forbids(leader, 1_099))
                .as("whom it heard is forgotten")
                .isTrue();
        assertThat(restarted.forbids(leader, 1_100)).isFalse();
    }

    @Test
    void oneReadFromDiskPerPurpose() {
        Outbox outbox = new Outbox(10);
        Loads loads = new Loads(outbox);
        NodeId one = new NodeId("n1");
        loads.request(one, 1, 5, 100);
        loads.request(one, 2, 6, 100);
        loads.request(null, 1, 5, 100);
        LoadRequest first = new LoadRequest(one, 1, 5, 100);
        assertThat(outbox.drain(List.of()).loads()).containsExactly(first, new LoadRequest(null, 1, 5, 100));
        loads.answered(first);
        loads.request(one, 2, 6, 100);
        assertThat(outbox.drain(List.of()).loads()).containsExactly(new LoadRequest(one, 2, 6, 100));
        assertThatThrownBy(() -> loads.answered(first)).isInstanceOf(AssertionError.class);
    }

    @Test
    void namesOfNodesAreShortAndPlain() {
        assertThat(new NodeId("A-z.0_9")).hasToString("A-z.0_9");
        assertThat(new NodeId("x".repeat(64)).value()).hasSize(64);
        for (String wrong : new String[] {null, "", "a b", "x".repeat(65), "n\u00f6"}) {
            refuses(() -> new NodeId(wrong));
        }
        assertThat(new NodeId("a")).isLessThan(new NodeId("b")).isEqualByComparingTo(new NodeId("a"));
    }
}
