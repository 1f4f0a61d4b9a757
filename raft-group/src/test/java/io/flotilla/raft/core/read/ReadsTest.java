package io.flotilla.raft.core.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.ReadGrant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waits for a read, part by part. */
class ReadsTest {
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");

    @Test
    void aLeaseCountsFromTheNewestRoundThatWasAnswered() {
        Lease lease = new Lease(100);
        assertThat(lease.until()).isEqualTo(Lease.NONE);
        lease.sent(1, 1_000);
        lease.sent(2, 1_010);
        lease.sent(3, 1_020);
        assertThat(lease.until()).isEqualTo(Lease.NONE);
        lease.confirmed(2);
        assertThat(lease.until()).isEqualTo(1_110);
        lease.confirmed(2);
        lease.confirmed(1);
        assertThat(lease.until()).isEqualTo(1_110);
        lease.confirmed(3);
        assertThat(lease.until()).isEqualTo(1_120);
    }

    @Test
    void aRoundWhoseLeaseWouldBeOverIsForgotten() {
        Lease lease = new Lease(100);
        lease.sent(1, 1_000);
        lease.sent(2, 1_001);
        lease.sent(3, 1_100);
        lease.confirmed(1);
        assertThat(lease.until()).as("it would have ended just then").isEqualTo(Lease.NONE);
        lease.confirmed(2);
        assertThat(lease.until()).isEqualTo(1_101);
    }

    @Test
    void withoutALengthThereIsNoLease() {
        Lease lease = new Lease(0);
        lease.sent(1, 1_000);
        lease.confirmed(1);
        assertThat(lease.until()).isEqualTo(Lease.NONE);
    }

    @Test
    void theDriftOfClocksHasBounds() {
        assertThat(new LeaseConfig(true, 0).nanos(1_000, 0)).isEqualTo(1_000);
        assertThat(new LeaseConfig(true, 50).nanos(1_000, 499)).isEqualTo(1);
        assertThat(LeaseConfig.defaults()).isEqualTo(new LeaseConfig(true, 10));
        assertThat(LeaseConfig.off().enabled()).isFalse();
        for (int wrong : new int[] {-1, 51}) {
            assertThatThrownBy(() -> new LeaseConfig(true, wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void readsWaitForAnEntryOfTheTermThenForARoundOfTheirOwn() {
        ReadIndexQueue queue = new ReadIndexQueue();
        queue.add(1, 5);
        assertThat(queue.isOpen()).isFalse();
        assertThat(queue.wantRound()).as("nothing may be asked yet").isFalse();
        queue.open(8);
        assertThat(queue.isOpen()).isTrue();
        assertThat(queue.wantRound()).isTrue();
        queue.begin(3);
        assertThat(queue.wantRound()).as("a round is under way").isFalse();
        queue.add(2, 9);
        assertThat(queue.wantRound()).isFalse();
        queue.begin(4);
        assertThat(queue.confirm(2)).isEmpty();
        assertThat(queue.confirm(3)).containsExactly(new ReadGrant(1, 8));
        assertThat(queue.confirm(9)).as("granted once").isEmpty();
        assertThat(queue.wantRound()).isTrue();
        queue.begin(5);
        assertThat(queue.confirm(4)).isEmpty();
        assertThat(queue.confirm(6)).containsExactly(new ReadGrant(2, 9));
        queue.open(10);
        assertThat(queue.wantRound())
                .as("those that waited for the entry wait no more")
                .isFalse();
    }

    @Test
    void allThatWaitAreAbandonedTogether() {
        ReadIndexQueue early = new ReadIndexQueue();
        early.add(7, 0);
        assertThat(early.abandon()).containsExactly(7L);
        ReadIndexQueue queue = new ReadIndexQueue();
        queue.open(1);
        queue.add(1, 1);
        queue.begin(1);
        queue.add(2, 1);
        assertThat(queue.abandon()).containsExactlyInAnyOrder(1L, 2L);
    }

    @Test
    void aFollowerHasOneQuestionAtATime() {
        ForwardedReads reads = new ForwardedReads();
        assertThat(reads.mayAsk()).isFalse();
        assertThat(reads.unanswered()).isZero();
        assertThat(reads.answered(0)).isEmpty();
        reads.add(1);
        reads.add(2);
        assertThat(reads.mayAsk()).isTrue();
        reads.ask(40);
        reads.add(3);
        assertThat(reads.mayAsk()).as("one is under way").isFalse();
        assertThat(reads.unanswered()).isEqualTo(40);
        assertThat(reads.answered(39)).isEmpty();
        assertThat(reads.abandon()).containsExactly(1L, 2L, 3L);
        assertThat(reads.answered(40)).containsExactly(1L, 2L);
        assertThat(reads.answered(40)).isEmpty();
        assertThat(reads.unanswered()).isZero();
        assertThat(reads.mayAsk()).isTrue();
    }

    @Test
    void followersAreAnsweredAmongTheLeadersOwnReads() {
        RemoteReads remote = new RemoteReads();
        List<String> answers = new ArrayList<>();
        List<ReadGrant> own = List.of(new ReadGrant(5, 1));
        assertThat(remote.split(own, (node, grant) -> answers.add("nobody asked")))
                .isSameAs(own);
        long b = remote.add(B, 10);
        assertThat(b).isNegative();
        assertThat(remote.add(B, 10)).as("the same question again").isZero();
        long c = remote.add(C, 10);
        assertThat(c).isNegative().isNotEqualTo(b);
        assertThat(remote.split(List.of(), (node, grant) -> answers.add("nothing was granted")))
                .isEmpty();
        assertThat(remote.split(own, (node, grant) -> answers.add("an own one")))
                .isEqualTo(own);
        assertThat(remote.split(
                        List.of(new ReadGrant(c, 3), new ReadGrant(6, 4), new ReadGrant(b, 2)),
                        (node, grant) -> answers.add(node + " " + grant.readId() + " " + grant.index())))
                .containsExactly(new ReadGrant(6, 4));
        assertThat(answers).containsExactly("c 10 3", "b 10 2");
        assertThat(remote.add(B, 10)).as("answered, and asked anew").isNegative();
    }

    @Test
    void aNewerQuestionTakesTheOldersPlace() {
        RemoteReads remote = new RemoteReads();
        List<String> answers = new ArrayList<>();
        long old = remote.add(B, 10);
        long later = remote.add(B, 11);
        assertThat(remote.split(
                        List.of(new ReadGrant(old, 1)), (node, grant) -> answers.add(node + " " + grant.readId())))
                .isEmpty();
        assertThat(answers).isEmpty();
        assertThat(remote.split(
                        List.of(new ReadGrant(later, 2)), (node, grant) -> answers.add(node + " " + grant.readId())))
                .isEmpty();
        assertThat(answers).containsExactly("b 11");
        assertThat(RemoteReads.own(List.of(4L, later, 5L))).containsExactly(4L, 5L);
    }
}
