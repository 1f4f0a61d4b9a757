package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ApplyLessonsTest {
    @Test
    @DisplayName("SL-49 commits that come while the machine is busy are applied in order, without a gap")
    void commitsDoNotOvertakeEachOther() {
        World world = new World(1, 3).startAll();
        World.Node leader = world.leader();
        world.nodes.forEach(node -> node.applyNanos = 7 * MILLI);
        List<World.Outcome> outcomes = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            expected.add("c" + i);
            outcomes.add(leader.propose("c" + i));
            world.run(MILLI);
        }
        world.until(
                30 * SECOND,
                "all applied",
                () -> world.nodes.stream().allMatch(node -> node.commands().size() == 500));
        assertThat(world.nodes).allSatisfy(node -> assertThat(node.commands()).isEqualTo(expected));
        assertThat(outcomes).allMatch(outcome -> outcome.answers == 1 && outcome.refusal == null);
    }

    @Test
    @DisplayName("SL-50 what is called back may call the host again")
    void callbacksMayCallTheHost() {
        World world = new World(2, 3).startAll();
        World.Node leader = world.leader();
        List<String> seen = new ArrayList<>();
        leader.propose("outer", new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                seen.add("applied, at " + leader.host.status(0).state().role());
                leader.host.read(0, new ReadCallback() {
                    @Override
                    public Runnable read(StateMachine machine) {
                        List<String> commands =
                                machine.as(RecordingMachine.class).commands();
                        return () -> {
                            seen.add("read of " + commands);
                            leader.proposeOneByOne(1, count -> seen.add("inner"));
                        };
                    }

                    @Override
                    public void refused(Refusal refusal) {
                        seen.add("read refused " + refusal);
                    }
                });
            }

            @Override
            public void refused(Refusal refusal) {
                seen.add("refused " + refusal);
            }
        });
        world.run(SECOND);
        assertThat(seen).containsExactly("applied, at LEADER", "read of [outer]", "inner");
    }

    @Test
    @DisplayName("SL-51 each committed entry is applied once per incarnation, in order, through a hundred restarts")
    void entriesAreAppliedOncePerIncarnation() {
        World world = new World(3, 3);
        world.nodes.forEach(node -> node.saveEvery = 5);
        world.startAll();
        int proposed = 0;
        for (int i = 0; i < 100; i++) {
            World.Node leader = world.leader();
            World.Outcome outcome = leader.propose("c" + proposed++);
            world.run(world.random().nextLong(20 * MILLI));
            World.Node node = world.nodes.get(world.random().nextInt(3));
            node.crash(world.random().nextBoolean());
            world.run(world.random().nextLong(50 * MILLI));
            node.start();
            assertThat(outcome.answers).isLessThanOrEqualTo(1);
        }
        world.write("last");
        world.untilAllHold("last");
        // the machine itself refuses an index that is not the next one
        List<String> commands = world.nodes.get(0).commands();
        assertThat(commands).doesNotHaveDuplicates().endsWith("last").hasSizeGreaterThan(50);
        assertThat(world.nodes).allSatisfy(node -> assertThat(node.commands()).isEqualTo(commands));
    }

    @Test
    @DisplayName("SL-52 a closed host is silent: no message, no write, no event, and every caller has his answer")
    void closedHostsAreSilent() {
        World world = new World(4, 3).startAll();
        World.Node leader = world.leader();
        List<World.Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            outcomes.add(leader.propose("c" + i));
        }
        List<RecordingMachine> machines = new ArrayList<>();
        world.nodes.forEach(node -> machines.addAll(node.machines.values()));
        boolean[] closed = new boolean[3];
        for (int i = 0; i < 3; i++) {
            int which = i;
            world.nodes.get(i).host.close();
            world.nodes.get(i).host.closed().thenRun(() -> closed[which] = true);
        }
        world.until(5 * SECOND, "closed", () -> closed[0] && closed[1] && closed[2]);
        long[] forces =
                world.nodes.stream().mapToLong(node -> node.disk.forces()).toArray();
        world.network.observe((from, to, message) -> {
            throw new AssertionError(from + " says " + message + " after its end");
        });
        outcomes.add(leader.propose("late"));
        // whatever was planned before comes to nothing; nothing plans anew
        for (int i = 0; world.scheduler.step(); i++) {
            assertThat(i).as("events after the end").isLessThan(1_000);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(world.nodes.get(i).disk.forces()).isEqualTo(forces[i]);
        }
        assertThat(machines).hasSize(3).allMatch(RecordingMachine::isClosed);
        assertThat(outcomes).allMatch(outcome -> outcome.answers == 1);
    }

    @Test
    @DisplayName("SL-53 commands of one caller are applied in the order in which he gave them")
    void theOrderOfACallerIsKept() {
        World world = new World(5, 3).startAll();
        World.Node leader = world.leader();
        for (int i = 0; i < 5_000; i++) {
            leader.propose("c" + i);
        }
        world.until(20 * SECOND, "all", () -> leader.commands().size() == 5_000);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            expected.add("c" + i);
        }
        assertThat(leader.commands()).isEqualTo(expected);
    }

    @Test
    @DisplayName("Where nobody waits for them, entries are applied a good many together")
    void followersApplyInBatches() {
        World world = new World(6, 3).startAll();
        int[] batches = batchesAtFollowers(world, 100, 10);
        // in 200 ms, 50 apart
        assertThat(batches[0]).isBetween(3, 6);
        assertThat(batches[1]).isBetween(3, 6);
    }

    @Test
    @DisplayName("But only so much may be deferred")
    void followersApplyLargeEntriesSooner() {
        World world = new World(6, 3).startAll();
        int[] batches = batchesAtFollowers(world, 100, 5_000);
        // four of them are more than 16 KiB
        assertThat(batches[0]).isBetween(24, 30);
        assertThat(batches[1]).isBetween(24, 30);
    }

    @Test
    @DisplayName("Nor more than the core gives out ahead: else each round would take that long")
    void followersOfANarrowCoreDoNotLag() {
        CoreConfig core = CoreConfig.defaults();
        CoreConfig narrow = new CoreConfig(
                core.electionTicks(),
                core.heartbeatTicks(),
                core.maxAppendBytes(),
                core.maxInflightMessages(),
                core.maxInflightBytes(),
                core.maxUncommittedBytes(),
                1_000,
                core.maxResidentBytes(),
                core.preVote());
        World world = new World(6, 3, 1, narrow).startAll();
        World.Node leader = world.leader();
        world.run(SECOND);
        for (int i = 0; i < 100; i++) {
            leader.propose("c".repeat(100));
        }
        // fourteen rounds; the commit comes with a heartbeat, at most 250 ms later
        world.until(
                400 * MILLI,
                "all applied everywhere",
                () -> world.nodes.stream().allMatch(node -> node.commands().size() == 100));
    }

    @Test
    @DisplayName("Nor is anything deferred for which a read waits, whichever of the two comes first")
    void followersDoNotLetReadsWait() {
        World world = new World(6, 3).startAll();
        World.Node leader = world.leader();
        world.run(SECOND);
        World.Node follower =
                world.nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
        follower.disk.stall(20 * MILLI);
        World.Outcome outcome = leader.propose("x");
        world.until(10 * MILLI, "committed by the others", () -> outcome.answers == 1);
        List<String> seen = new ArrayList<>();
        follower.host.read(0, ReadAt.ANY_REPLICA, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                seen.addAll(machine.as(RecordingMachine.class).commands());
                return () -> {};
            }

            @Override
            public void refused(Refusal refusal) {
                throw new AssertionError("the read was refused: " + refusal);
            }
        });
        world.run(5 * MILLI);
        assertThat(seen).as("before the entry is durable here").isEmpty();
        world.until(25 * MILLI, "an answer as soon as it is", () -> !seen.isEmpty());
        assertThat(seen).containsExactly("x");
    }

    /** Proposes a command every other millisecond. @return how many times each follower's machine took a step */
    private static int[] batchesAtFollowers(World world, int commands, int bytes) {
        World.Node leader = world.leader();
        world.run(SECOND);
        List<World.Node> followers =
                world.nodes.stream().filter(node -> node != leader).toList();
        int[] batches = new int[followers.size()];
        int[] applied = new int[followers.size()];
        Runnable look = () -> {
            for (int i = 0; i < batches.length; i++) {
                int now = followers.get(i).commands().size();
                batches[i] += now > applied[i] ? 1 : 0;
                applied[i] = now;
            }
        };
        for (int i = 0; i < commands; i++) {
            leader.propose("c".repeat(bytes));
            world.run(2 * MILLI);
            look.run();
        }
        // the commit of the last ones comes with a heartbeat
        for (int i = 0; i < 200; i++) {
            world.run(2 * MILLI);
            look.run();
        }
        assertThat(applied).containsOnly(commands);
        return batches;
    }
}
