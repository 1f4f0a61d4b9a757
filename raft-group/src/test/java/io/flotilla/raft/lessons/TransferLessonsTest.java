package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Leadership transfer, and reads at followers, through the door of whole hosts. */
class TransferLessonsTest {
    private final List<Object> outcomes = new ArrayList<>();

    private void transfer(World.Node from, NodeId target) {
        from.host.transferLeadership(0, target, new TransferCallback() {
            @Override
            public void transferred(NodeId leader) {
                outcomes.add(leader);
            }

            @Override
            public void refused(Refusal refusal) {
                outcomes.add(refusal);
            }
        });
    }

    private static World.Node follower(World world) {
        return world.nodes.stream().filter(node -> !node.leads(0)).findFirst().orElseThrow();
    }

    @Test
    @DisplayName("Under load the target leads within 50 ms; what was refused meanwhile says why, and nothing is lost")
    void underLoad() {
        World world = new World(1, 3).startAll();
        World.Node old = world.write("first");
        world.run(SECOND);
        World.Node target = follower(world);
        List<World.Outcome> writes = new ArrayList<>();
        transfer(old, target.id);
        for (int i = 0; i < 20; i++) {
            writes.add(old.propose("during " + i));
            world.run(MILLI / 4);
        }
        world.until(50 * MILLI, "the outcome", () -> !outcomes.isEmpty());
        assertThat(outcomes).containsExactly(target.id);
        assertThat(target.leads(0)).isTrue();
        world.run(SECOND);
        assertThat(writes).allMatch(write -> write.answers == 1);
        assertThat(writes)
                .anyMatch(write -> write.refusal instanceof Refusal.Transferring refused
                        && refused.target().equals(target.id)
                        && refused.retryAfterMillis() > 0);
        long applied = writes.stream().filter(write -> write.refusal == null).count();
        world.write("last");
        world.untilAllHold("last");
        assertThat(target.commands()).hasSizeGreaterThanOrEqualTo((int) applied + 2);
    }

    @Test
    @DisplayName("A target that is down: after an election timeout the caller hears that it is open, and writes go on")
    void targetIsDown() {
        World world = new World(2, 3).startAll();
        World.Node old = world.write("first");
        World.Node target = follower(world);
        target.crash(true);
        transfer(old, target.id);
        world.run(800 * MILLI);
        assertThat(outcomes).isEmpty();
        world.until(500 * MILLI, "the outcome", () -> !outcomes.isEmpty());
        assertThat(outcomes).containsExactly(new Refusal.Indeterminate(old.id));
        assertThat(world.write("second")).isSameAs(old);
    }

    @Test
    @DisplayName(
            "What can't be is refused at once: at a follower, to a stranger, while another one runs, without a replica")
    void refusals() {
        World world = new World(3, 3).startAll();
        World.Node leader = world.write("first");
        World.Node other = follower(world);
        transfer(other, other.id);
        transfer(leader, new NodeId("n9"));
        transfer(leader, leader.id);
        world.run(10 * MILLI);
        assertThat(outcomes)
                .containsExactlyInAnyOrder(
                        new Refusal.NotLeader(leader.id), new Refusal.NotEligible(new NodeId("n9")), leader.id);
        outcomes.clear();
        other.crash(true);
        transfer(leader, other.id);
        transfer(leader, other.id);
        world.run(10 * MILLI);
        assertThat(outcomes).hasSize(1).first().isInstanceOf(Refusal.Transferring.class);
        leader.host.transferLeadership(77, other.id, new TransferCallback() {
            @Override
            public void transferred(NodeId elsewhere) {
                outcomes.add(elsewhere);
            }

            @Override
            public void refused(Refusal refusal) {
                outcomes.add(refusal);
            }
        });
        assertThat(outcomes).last().isEqualTo(new Refusal.NoReplica());
    }

    @Test
    @DisplayName("A hundred transfers in a row, each to the next node, with no election timeout in between")
    void roundAndRound() {
        World world = new World(4, 3).startAll();
        world.write("first");
        world.run(SECOND);
        long begin = world.scheduler.now();
        for (int i = 0; i < 100; i++) {
            World.Node leader = world.leader();
            World.Node next = world.nodes.get((world.nodes.indexOf(leader) + 1) % 3);
            outcomes.clear();
            transfer(leader, next.id);
            world.until(300 * MILLI, "transfer " + i, () -> !outcomes.isEmpty());
            assertThat(outcomes).containsExactly(next.id);
        }
        assertThat(world.scheduler.now() - begin).isLessThan(10 * SECOND);
    }

    @Test
    @DisplayName(
            "Any replica answers reads, and each sees what was written before, however far it has applied by itself")
    void readsAtAnyReplica() {
        World world = new World(5, 3).startAll();
        world.write("x0");
        world.run(SECOND);
        for (int i = 1; i <= 50; i++) {
            world.write("x" + i);
            String newest = "x" + i;
            for (World.Node node : world.nodes) {
                node.host.read(0, ReadAt.ANY_REPLICA, new ReadCallback() {
                    @Override
                    public Runnable read(StateMachine machine) {
                        List<String> commands =
                                machine.as(RecordingMachine.class).commands();
                        String last = commands.get(commands.size() - 1);
                        return () -> outcomes.add(last);
                    }

                    @Override
                    public void refused(Refusal refusal) {
                        outcomes.add(refusal);
                    }
                });
            }
            world.until(100 * MILLI, "three answers", () -> outcomes.size() == 3);
            assertThat(outcomes).containsOnly(newest);
            outcomes.clear();
        }
    }
}
