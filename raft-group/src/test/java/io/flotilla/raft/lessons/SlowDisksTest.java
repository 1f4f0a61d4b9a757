package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.host.DiskPace;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Leaders whose disks are slow, but not still. */
class SlowDisksTest {
    private static final long[] SYNC_MILLIS = {500, 1_500, 3_900};

    /** Somebody who writes one command after the other, at whoever leads, and tries again when refused or unanswered. */
    private static final class Writer {
        private final World world;
        private final long nanosBetween;
        final List<Long> took = new ArrayList<>();
        private int number;

        Writer(World world, long nanosBetween) {
            this.world = world;
            this.nanosBetween = nanosBetween;
            world.scheduler.after(nanosBetween, () -> begin("command " + number, world.scheduler.now()));
        }

        private void begin(String command, long since) {
            World.Node leader = world.leaderNow();
            if (leader == null || leader.host == null) {
                world.scheduler.after(20 * MILLI, () -> begin(command, since));
                return;
            }
            leader.propose(command, new ProposalCallback() {
                @Override
                public void applied(long index, Object result) {
                    took.add(world.scheduler.now() - since);
                    number++;
                    world.scheduler.after(nanosBetween, () -> begin("command " + number, world.scheduler.now()));
                }

                @Override
                public void refused(Refusal refusal) {
                    world.scheduler.after(20 * MILLI, () -> begin(command, since));
                }
            });
        }

        /** Of those that ended from the call on. */
        long medianWithin(long nanos) {
            took.clear();
            world.run(nanos);
            List<Long> sorted = new ArrayList<>(took);
            Collections.sort(sorted);
            return sorted.isEmpty() ? Long.MAX_VALUE : sorted.get(sorted.size() / 2);
        }
    }

    @Test
    @DisplayName("A leader whose syncs take 0.5, 1.5 or 3.9 s: within ten seconds writes are as quick as before")
    void aLeaderWithASlowDiskHandsOver() {
        for (long millis : SYNC_MILLIS) {
            for (int seed = 0; seed < 5; seed++) {
                World world = new World(seed, 3).startAll();
                World.Node slow = world.leader();
                Writer writer = new Writer(world, 10 * MILLI);
                world.run(5 * SECOND);
                long healthy = writer.medianWithin(5 * SECOND);
                slow.disk.syncLatency(millis * MILLI, millis * MILLI);
                world.run(10 * SECOND);
                String what = "syncs of " + millis + " ms, seed " + seed;
                assertThat(slow.leads(0)).as(what).isFalse();
                assertThat(writer.medianWithin(10 * SECOND)).as(what).isLessThan(3 * healthy);
                DiskPace pace = slow.host.stats().disk();
                assertThat(pace.isSlow()).as(what).isTrue();
                assertThat(pace.nanos()).as(what).isGreaterThan(400 * MILLI);
                assertThat(slow.slowDisk).containsExactly(true);
                slow.disk.syncLatency(MILLI / 10, MILLI / 2);
                world.run(10 * SECOND);
                assertThat(slow.slowDisk).containsExactly(true, false);
                for (World.Node node : world.nodes) {
                    assertThat(node.host.stats().disk().isSlow()).isFalse();
                }
            }
        }
    }

    @Test
    @DisplayName("A disk that is slow from the start, under whoever is elected first")
    void slowFromTheStart() {
        for (int seed = 0; seed < 10; seed++) {
            World world = new World(seed, 3).startAll();
            world.nodes.get(0).disk.syncLatency(SECOND, SECOND);
            Writer writer = new Writer(world, 10 * MILLI);
            world.run(15 * SECOND);
            assertThat(world.nodes.get(0).leads(0)).isFalse();
            assertThat(writer.medianWithin(5 * SECOND)).isLessThan(10 * MILLI);
        }
    }

    @Test
    @DisplayName("A leader with a slow disk and few writes hands over, too")
    void fewWrites() {
        World world = new World(1, 3).startAll();
        World.Node slow = world.leader();
        new Writer(world, 10 * SECOND);
        world.run(100 * SECOND);
        slow.disk.syncLatency(SECOND, SECOND);
        world.run(90 * SECOND);
        assertThat(slow.leads(0)).isFalse();
    }

    @Test
    @DisplayName("All disks slow, alike or each as it likes: leadership moves at most once a minute")
    void allSlowDisksMoveNothing() {
        long[][] latencies = {{500, 500}, {1_500, 1_500}, {3_900, 3_900}, {6_000, 8_500}, {100, 4_000}, {400, 3_900}};
        for (long[] latency : latencies) {
            for (int seed = 0; seed < 4; seed++) {
                for (long between : new long[] {10 * MILLI, SECOND}) {
                    World world = new World(seed, 3).startAll();
                    world.leader();
                    Writer writer = new Writer(world, between);
                    world.run(5 * SECOND);
                    world.nodes.forEach(node -> node.disk.syncLatency(latency[0] * MILLI, latency[1] * MILLI));
                    long before = world.invariants.elections();
                    long acknowledged = writer.took.size();
                    world.run(180 * SECOND);
                    String what = "syncs of " + latency[0] + " to " + latency[1] + " ms, seed " + seed;
                    assertThat(world.invariants.elections() - before).as(what).isLessThanOrEqualTo(3);
                    assertThat(writer.took.size()).as(what).isGreaterThan((int) acknowledged + 10);
                    assertThat(world.leader().host.stats().disk().isSlow())
                            .as(what)
                            .isTrue();
                }
            }
        }
    }

    @Test
    @DisplayName("Two slow disks of three: no quorum is quicker, and leadership stays")
    void twoSlowDisks() {
        World world = new World(3, 3).startAll();
        World.Node leader = world.leader();
        World.Node other = world.nodes.get((world.nodes.indexOf(leader) + 1) % 3);
        new Writer(world, 10 * MILLI);
        world.run(5 * SECOND);
        leader.disk.syncLatency(1_500 * MILLI, 1_500 * MILLI);
        other.disk.syncLatency(1_500 * MILLI, 1_500 * MILLI);
        long before = world.invariants.elections();
        world.run(120 * SECOND);
        assertThat(world.invariants.elections()).isEqualTo(before);
        assertThat(leader.leads(0)).isTrue();
    }

    @Test
    @DisplayName("A follower with a slow disk disturbs nobody")
    void aSlowFollower() {
        World world = new World(4, 3).startAll();
        World.Node leader = world.leader();
        World.Node other = world.nodes.get((world.nodes.indexOf(leader) + 1) % 3);
        Writer writer = new Writer(world, 10 * MILLI);
        other.disk.syncLatency(3_900 * MILLI, 3_900 * MILLI);
        long before = world.invariants.elections();
        world.run(30 * SECOND);
        assertThat(writer.medianWithin(30 * SECOND)).isLessThan(10 * MILLI);
        assertThat(world.invariants.elections()).isEqualTo(before);
        assertThat(other.host.stats().disk().isSlow()).isTrue();
        assertThat(leader.host.stats().disk().isSlow()).isFalse();
    }
}
