package io.flotilla.raft.host.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Reads are made in order once enough is applied, within the bounds of the thread that runs them, and each is counted once. */
class ReadQueueTest {
    private final List<String> told = new ArrayList<>();
    private final List<ReadCallback> again = new ArrayList<>();
    private final TestLane lane = new TestLane();
    private int done;
    private boolean leaseHolds = true;
    private final ReadQueue queue = new ReadQueue(lane, lease -> leaseHolds, again::add, count -> done += count);

    private static final class TestLane implements Lane {
        boolean mayBlock = true;

        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public boolean mayBlock() {
            return mayBlock;
        }

        @Override
        public Cancellable after(long delayNanos, Runnable task) {
            throw new AssertionError("no timer is needed");
        }

        @Override
        public boolean isCurrent() {
            return true;
        }

        @Override
        public String name() {
            return "test";
        }
    }

    private final class Read implements ReadCallback {
        private final String name;
        private final boolean isLong;

        Read(String name, boolean isLong) {
            this.name = name;
            this.isLong = isLong;
        }

        @Override
        public Runnable read(StateMachine machine) {
            return () -> told.add(name);
        }

        @Override
        public boolean isLong() {
            return isLong;
        }

        @Override
        public void refused(Refusal refusal) {
            told.add(name + " refused");
        }
    }

    private void add(long index, String name) {
        queue.add(new ReadQueue.Waiting(index, List.of(new Read(name, false)), null), 3);
    }

    @Test
    void readsWaitInOrderUntilEnoughIsApplied() {
        add(3, "first");
        assertThat(queue.isAwaited()).isFalse();
        add(5, "second");
        add(4, "third");
        assertThat(queue.isAwaited()).isTrue();
        assertThat(queue.run(null, 4)).isTrue();
        assertThat(told).containsExactly("first");
        assertThat(queue.isAwaited()).isTrue();
        assertThat(queue.run(null, 5)).isTrue();
        assertThat(told).containsExactly("first", "second", "third");
        assertThat(queue.isAwaited()).isFalse();
        assertThat(done).isEqualTo(3);
    }

    @Test
    void aReadWhoseLeaseRanOutTellsNothingAndIsAskedAgain() {
        Read read = new Read("late", false);
        queue.add(new ReadQueue.Waiting(1, List.of(read), new HeldLease(1, 10)), 3);
        leaseHolds = false;
        assertThat(queue.run(null, 3)).isTrue();
        assertThat(told).isEmpty();
        assertThat(done).isZero();
        assertThat(again).containsExactly(read);
    }

    @Test
    void aThreadThatMayNotWaitMakesSixteenReadsAndNoLongOne() {
        lane.mayBlock = false;
        IntStream.range(0, 17).forEach(i -> add(1, "read " + i));
        assertThat(queue.run(null, 3)).isFalse();
        assertThat(told).hasSize(16);
        assertThat(queue.run(null, 3)).isTrue();
        assertThat(told).hasSize(17);
        queue.add(new ReadQueue.Waiting(1, List.of(new Read("long", true)), null), 3);
        assertThat(queue.run(null, 3)).isFalse();
        assertThat(told).hasSize(17);
        lane.mayBlock = true;
        assertThat(queue.run(null, 3)).isTrue();
        assertThat(told).hasSize(18);
    }

    @Test
    void whatWaitsWhenTheMachineEndsIsRefused() {
        add(9, "never");
        add(10, "never either");
        queue.refuseAll();
        assertThat(told).containsExactly("never refused", "never either refused");
        assertThat(done).isEqualTo(2);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.isAwaited()).isFalse();
    }
}
