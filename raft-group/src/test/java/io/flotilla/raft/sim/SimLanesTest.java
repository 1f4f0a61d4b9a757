package io.flotilla.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.runtime.inline.InlineRunners;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The rule who runs a lane, in virtual time. */
class SimLanesTest {
    private static final long MILLI = 1_000_000L;

    private final SimScheduler scheduler = new SimScheduler(1);
    private final SimRuntime runtime = new SimRuntime(scheduler, "n1", new SplittableRandom(1), 0, 0);
    private final SimCarrier carrier = new SimCarrier(runtime, scheduler);
    private final InlineRunners runners = new InlineRunners(carrier::setRoundNanos);
    private final SimLane lane = new SimLane(runtime, scheduler, new SplittableRandom(1), "shared", runners, carrier);
    private final SimLane own =
            new SimLane(runtime, scheduler, new SplittableRandom(1), "own", InlineRunners.none(), null);
    private final List<String> ran = new ArrayList<>();

    private Runnable note(String name) {
        return () ->
                ran.add(name + (lane.mayBlock() || own.mayBlock() ? "" : " inline") + " at " + scheduler.now() / MILLI);
    }

    private void inline(Runnable work) {
        scheduler.runInline(runtime, work);
    }

    @Test
    void aGiverRunsALaneThatSleepsAfterItsWork() {
        inline(() -> {
            lane.execute(note("first"));
            own.execute(note("own"));
            ran.add("work is over");
        });
        assertThat(ran).containsExactly("work is over", "first inline at 0");
        scheduler.runUntil(10 * MILLI);
        assertThat(ran).hasSize(3).last().isEqualTo("own at 0");
    }

    @Test
    void lanesThatGiveEachOtherTasksDoNotKeepTheThreadThatRunsThem() {
        SimLane other = new SimLane(runtime, scheduler, new SplittableRandom(1), "other", runners, carrier);
        inline(() -> rally(lane, other, 1_000));
        assertThat(ran).hasSizeBetween(1, 100);
        scheduler.runUntil(1_000 * MILLI);
        assertThat(ran).hasSize(1_000);
    }

    private void rally(SimLane to, SimLane from, int left) {
        if (left > 0) {
            to.execute(() -> {
                ran.add("hit");
                rally(from, to, left - 1);
            });
        }
    }

    @Test
    void whoGivesWithoutRunningInlineWakesTheOwnThread() {
        lane.execute(note("first"));
        assertThat(ran).isEmpty();
        scheduler.runUntil(10 * MILLI);
        assertThat(ran).containsExactly("first at 0");
    }

    @Test
    void whatMayBlockAndWhatComesAfterItIsTheOwnThreads() {
        inline(() -> {
            lane.execute(note("first"));
            lane.executeBlocking(() -> {
                scheduler.spend(5 * MILLI);
                note("second").run();
            });
            lane.execute(note("third"));
        });
        scheduler.runUntil(20 * MILLI);
        // once a task that may block was given the own thread has the lane
        assertThat(ran).containsExactly("first at 0", "second at 5", "third at 5");
    }

    @Test
    void anInlineRunStopsBeforeWhatMayBlock() {
        inline(() -> lane.execute(() -> {
            note("first").run();
            lane.executeBlocking(note("second"));
        }));
        assertThat(ran).containsExactly("first inline at 0");
        scheduler.runUntil(MILLI);
        assertThat(ran).containsExactly("first inline at 0", "second at 0");
    }

    @Test
    void anInlineRunLeavesWhatIsTooMuchToTheOwnThread() {
        inline(() -> {
            for (int i = 0; i < 20; i++) {
                lane.execute(note("task"));
            }
        });
        assertThat(ran).hasSizeLessThanOrEqualTo(16).allMatch("task inline at 0"::equals);
        int inline = ran.size();
        scheduler.runUntil(MILLI);
        assertThat(ran).hasSize(20);
        assertThat(ran.subList(inline, 20)).allMatch("task at 0"::equals);
    }

    @Test
    void whatAnInlineRunPlansIsNotSleptOver() {
        inline(() -> lane.execute(() -> lane.after(3 * MILLI, note("timer"))));
        inline(() -> lane.execute(() -> lane.after(2 * MILLI, note("earlier timer"))));
        scheduler.runUntil(10 * MILLI);
        assertThat(ran).containsExactly("earlier timer at 2", "timer at 3");
    }

    @Test
    void aCarrierRunsWhatCameInRoundsThatLieApart() {
        assertThat(runners.carry(4 * MILLI)).isTrue();
        scheduler.runUntil(10 * MILLI);
        for (int i = 0; i < 3; i++) {
            lane.execute(note("task"));
            scheduler.runUntil(scheduler.now() + MILLI);
        }
        scheduler.runUntil(20 * MILLI);
        assertThat(ran).containsExactly("task inline at 10", "task inline at 14", "task inline at 14");
        assertThat(runners.carry(0)).isFalse();
    }

    @Test
    void aCarrierThatHasEndedIsDoneWithout() {
        runners.carry(MILLI);
        carrier.end();
        lane.execute(note("first"));
        scheduler.runUntil(10 * MILLI);
        assertThat(ran).containsExactly("first at 0");
    }

    @Test
    void whoBlocksInAnInlineRunFailsTheRun() {
        scheduler.after(0, () -> inline(() -> lane.execute(() -> scheduler.spend(1))));
        assertThatThrownBy(() -> scheduler.runUntil(MILLI))
                .hasMessageContaining("a task that may block was run inline");
    }

    @Test
    void theRestOfATaskThatBlockedComesWhenTheWaitIsOverAndNothingBefore() {
        own.execute(() -> {
            scheduler.spend(5 * MILLI);
            own.goOn(() -> {
                note("rest").run();
                inline(() -> lane.execute(note("given by the rest")));
            });
        });
        scheduler.after(2 * MILLI, () -> own.execute(note("next")));
        scheduler.after(3 * MILLI, () -> ran.add("the world at 3"));
        scheduler.runUntil(20 * MILLI);
        assertThat(ran).hasSize(4);
        assertThat(ran.get(0)).isEqualTo("the world at 3");
        assertThat(ran.get(1)).isEqualTo("rest at 5");
        assertThat(ran.get(2)).startsWith("given by the rest");
        assertThat(ran.get(3)).isEqualTo("next at 5");
    }

    @Test
    void aLaneIsHeldAndItsTasksWait() {
        SimRuntime held = new SimRuntime(scheduler, "n2", new SplittableRandom(2), 0, 0);
        var only = held.lane("only");
        held.holdLane(7 * MILLI);
        only.execute(() -> ran.add("after the hold at " + scheduler.now() / MILLI));
        scheduler.runUntil(20 * MILLI);
        assertThat(ran).containsExactly("after the hold at 7");
    }

    @Test
    void whatARestWasToDoVanishesWithItsNode() {
        own.execute(() -> {
            scheduler.spend(5 * MILLI);
            own.goOn(note("rest"));
        });
        scheduler.after(2 * MILLI, runtime::kill);
        scheduler.runUntil(20 * MILLI);
        assertThat(ran).isEmpty();
    }
}
