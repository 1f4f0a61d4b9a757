package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.read.LeaseConfig;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reads under a lease, through the door of whole hosts. */
class LeaseLessonsTest {
    /** Answers and refusals in the order in which they came. */
    private final List<String> answers = new ArrayList<>();

    private int looks;

    private void read(World.Node node) {
        node.host.read(0, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                looks++;
                List<String> commands =
                        List.copyOf(machine.as(RecordingMachine.class).commands());
                return () -> answers.add(commands.toString());
            }

            @Override
            public void refused(Refusal refusal) {
                answers.add(refusal.getClass().getSimpleName());
            }
        });
    }

    @Test
    @DisplayName("Reads of an idle group ask nobody, and are answered within a millisecond")
    void leasedReadsAskNobody() {
        World world = new World(1, 3).startAll();
        World.Node leader = world.write("x");
        world.run(SECOND);
        for (int i = 0; i < 1_000; i++) {
            read(leader);
            world.run(MILLI);
            assertThat(answers).hasSize(i + 1);
            world.run(9 * MILLI);
        }
        assertThat(answers).containsOnly("[x]");
        assertThat(leader.host.stats().leasedReads()).isEqualTo(1_000);
        assertThat(looks).isEqualTo(1_000);
    }

    @Test
    @DisplayName("With leases switched off every read takes its round, and is answered")
    void switchedOff() {
        World world = new World(1, 3, 1, CoreConfig.defaults().withLeases(LeaseConfig.off())).startAll();
        World.Node leader = world.write("x");
        for (int i = 0; i < 100; i++) {
            read(leader);
            world.run(10 * MILLI);
        }
        assertThat(answers).hasSize(100).containsOnly("[x]");
        assertThat(leader.host.stats().leasedReads()).isZero();
    }

    @Test
    @DisplayName("B75 a process that was stopped answers no read from a lease that ran out meanwhile")
    void leasesEndDuringAPause() {
        for (int seed = 1; seed <= 20; seed++) {
            World world = new World(seed, 3).startAll();
            World.Node old = world.write("before");
            world.run(SECOND);
            answers.clear();
            read(old);
            world.run(10 * MILLI);
            assertThat(answers).containsExactly("[before]");
            old.runtime.pause(6 * SECOND);
            world.until(5 * SECOND, "another leader", () -> world.leaderNow() != old && world.leaderNow() != null);
            world.write("after");
            read(old);
            world.run(10 * SECOND);
            assertThat(answers).hasSize(2);
            assertThat(answers.get(1)).as("seed " + seed).isNotEqualTo("[before]");
        }
    }

    @Test
    @DisplayName("A leader that is cut off answers from its lease for less than an election timeout, then no more")
    void cutOff() {
        World world = new World(3, 3).startAll();
        World.Node old = world.write("before");
        world.run(SECOND);
        world.isolate(old);
        int answered = 0;
        for (int i = 0; i < 100; i++) {
            read(old);
            world.run(20 * MILLI);
            answered += (int) answers.stream().filter("[before]"::equals).count();
            answers.clear();
        }
        assertThat(answered).as("reads answered at 20 ms each").isBetween(25, 45);
    }
}
