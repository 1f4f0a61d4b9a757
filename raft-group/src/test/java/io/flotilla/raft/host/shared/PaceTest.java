package io.flotilla.raft.host.shared;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Test;

/** When a lane lets work gather, and for how long. */
class PaceTest {
    private static final long MICRO = 1_000;
    private static final int MUCH = 1_000;

    private final World world = new World();
    private final Pace pace = new Pace(world, MUCH);
    private final List<String> turns = new ArrayList<>();
    private int bytesPerTurn = MUCH;
    private Inbox<Integer> inbox = new Inbox<>(world, world, pace::nanosOfTurns, 100, 100, this::turn);

    private void turn() {
        List<Integer> taken = new ArrayList<>();
        for (Integer item = inbox.take(); item != null; item = inbox.take()) {
            taken.add(item);
        }
        inbox.carried(0, taken.isEmpty() ? 0 : bytesPerTurn);
        turns.add(world.now / MICRO + " " + taken);
    }

    private void arrive(long atMicros, int item) {
        world.after(atMicros * MICRO - world.now, () -> inbox.put(item));
    }

    private void look(double load) {
        world.now += 250_000 * MICRO;
        world.load = load;
        pace.nanosOfLog(MUCH);
        pace.look(world.now);
    }

    private void busy() {
        look(1);
        look(1);
        look(1);
    }

    @Test
    void aBusyLaneOfABusyMachineGathers() {
        busy();
        world.now = 0;
        arrive(0, 1);
        arrive(100, 2);
        arrive(900, 3);
        arrive(1_500, 4);
        arrive(9_000, 5);
        world.run();
        assertThat(turns).containsExactly("0 [1]", "1000 [2, 3]", "2000 [4]", "3000 []", "9000 [5]", "10000 []");
    }

    @Test
    void oneWhoseTurnsAreDearerGathersForLonger() {
        inbox = new Inbox<>(world, world, pace::nanosOfLog, 100, 100, this::turn);
        busy();
        world.now = 0;
        arrive(0, 1);
        arrive(100, 2);
        arrive(1_500, 3);
        arrive(9_000, 4);
        world.run();
        assertThat(turns).containsExactly("0 [1]", "2000 [2, 3]", "4000 []", "9000 [4]", "11000 []");
    }

    @Test
    void aLaneThatCarriesLittleDoesNot() {
        busy();
        world.now = 0;
        bytesPerTurn = MUCH / 4;
        arrive(0, 1);
        arrive(100, 2);
        arrive(5_000, 3);
        world.run();
        assertThat(turns).containsExactly("0 [1]", "100 [2]", "5000 [3]");
    }

    @Test
    void turnsLieFurtherApartStepByStepUntilSomeProcessorIsLeft() {
        double[] loads = {0.84, 0.85, 0.84, 0.7, 0.9, 1, 1, 0.7, 0.69, 0.75, 0.6, 0.3, 0.3, 0.84, 1};
        long[] micros = new long[loads.length];
        for (int i = 0; i < loads.length; i++) {
            look(loads[i]);
            micros[i] = pace.nanosOfTurns(MUCH) / MICRO;
        }
        assertThat(micros).containsExactly(0, 250, 250, 250, 500, 1000, 1000, 1000, 500, 500, 250, 0, 0, 0, 250);
        assertThat(pace.nanosOfTurns(MUCH - 1)).isZero();
    }

    @Test
    void theLoadIsLookedAtNowAndThen() {
        look(1);
        world.load = 0;
        pace.look(world.now + 249_999 * MICRO);
        assertThat(pace.nanosOfTurns(MUCH)).isPositive();
        pace.look(world.now + 250_000 * MICRO);
        assertThat(pace.nanosOfTurns(MUCH)).isZero();
    }

    @Test
    void aLaneThatIsCarriedHasItsTurnsApartWithoutHelp() {
        world.carries = true;
        look(1);
        assertThat(pace.nanosOfLog(MUCH)).as("has a thread of its own").isEqualTo(2 * Pace.LEAST_NANOS);
        assertThat(pace.nanosOfTurns(MUCH)).isZero();
        look(0);
        assertThat(world.carried).containsExactly(Pace.LEAST_NANOS, 0L);
        assertThat(world.inlineRuns).containsExactly(false, true);
    }

    @Test
    void aNonBlockingLaneThatNobodyCarriesIsALaneLikeOthers() {
        look(1);
        assertThat(pace.nanosOfTurns(MUCH)).isEqualTo(Pace.LEAST_NANOS);
        assertThat(world.carried).containsExactly(Pace.LEAST_NANOS);
    }

    @Test
    void readsAloneAreNotWorthCarrying() {
        world.carries = true;
        look(1);
        world.now += 250_000 * MICRO;
        pace.nanosOfTurns(MUCH);
        pace.nanosOfLog(MUCH - 1);
        pace.look(world.now);
        assertThat(world.carried).containsExactly(Pace.LEAST_NANOS, 0L);
        assertThat(pace.nanosOfTurns(MUCH)).as("still gathers").isEqualTo(2 * Pace.LEAST_NANOS);
    }

    @Test
    void nobodyLooksWhileLittleIsCarried() {
        world.load = 1;
        pace.look(world.now);
        pace.nanosOfTurns(MUCH - 1);
        pace.look(world.now + 250_000 * MICRO);
        assertThat(world.looks).isZero();
        pace.nanosOfTurns(MUCH);
        pace.look(world.now + 500_000 * MICRO);
        assertThat(world.looks).isEqualTo(1);
        pace.look(world.now + 750_000 * MICRO);
        assertThat(world.looks).as("until it has ended").isEqualTo(2);
    }

    /** One lane, its clock, and the machine's load. */
    private static final class World implements Lane, Clock, NodeRuntime {
        private record Task(long at, long number, Runnable work) {}

        private final PriorityQueue<Task> tasks =
                new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::number));
        private long number;
        private long now;
        private double load;
        private int looks;
        private boolean carries;
        private final List<Long> carried = new ArrayList<>();
        private final List<Boolean> inlineRuns = new ArrayList<>();

        void run() {
            for (Task next = tasks.poll(); next != null; next = tasks.poll()) {
                now = Math.max(now, next.at);
                next.work.run();
            }
        }

        @Override
        public void execute(Runnable task) {
            after(0, task);
        }

        @Override
        public Cancellable after(long delayNanos, Runnable task) {
            tasks.add(new Task(now + delayNanos, number++, task));
            return () -> {};
        }

        @Override
        public boolean isCurrent() {
            return true;
        }

        @Override
        public String name() {
            return "lane";
        }

        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return now / 1_000_000;
        }

        @Override
        public Lane lane(String laneName) {
            return this;
        }

        @Override
        public Clock clock() {
            return this;
        }

        @Override
        public long randomSeed() {
            return 1;
        }

        @Override
        public void setInlineRuns(boolean allowed) {
            inlineRuns.add(allowed);
        }

        @Override
        public boolean carry(long nanosApart) {
            carried.add(nanosApart);
            return carries && nanosApart > 0;
        }

        @Override
        public double processorLoad() {
            looks++;
            return load;
        }

        @Override
        public void close() {}
    }
}
