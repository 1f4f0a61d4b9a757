package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.sim.SeedRuns;
import io.flotilla.raft.sim.SimFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Each leader that a move needs loses its power at each step of the move, while clients move money between accounts in the shard: all
 * moves end, at the new owner, and nobody does anything for it. {@code -Dflotilla.seeds} says how often.
 */
class CrashMatrixTest {
    private static final long SHARD = 1;
    private static final long OWNER = 1;
    private static final long TARGET = 2;
    private static final long MOST_LATE_NANOS = 200 * ScriptedFleet.MILLI;
    private static final long DOWN_NANOS = 5 * ScriptedFleet.SECOND;
    /** A voter that stays behind is waited for 60 s, one that does not answer 10 s more. */
    private static final int MOST_SECONDS = 120;

    private enum Victim {
        OWNERS_LEADER(OWNER),
        TARGETS_LEADER(TARGET),
        CONTROLLERS_LEADER(ControllerService.GROUP);

        private final long group;

        Victim(long group) {
            this.group = group;
        }
    }

    /** When the power is cut: right after the first replica has applied an entry, or a while after it. */
    private enum Moment {
        INTENDED(KvCommand.KindCase.KIND_NOT_SET, false),
        MOVE_OUT(KvCommand.KindCase.MOVE_OUT, false),
        COPYING(KvCommand.KindCase.MOVE_OUT, true),
        FREEZE(KvCommand.KindCase.FREEZE, false),
        FROZEN(KvCommand.KindCase.FREEZE, true),
        ADOPT(KvCommand.KindCase.ADOPT, false),
        ADOPTED(KvCommand.KindCase.ADOPT, true),
        DROP(KvCommand.KindCase.DROP, false),
        DROPPED(KvCommand.KindCase.DROP, true);

        private final KvCommand.KindCase after;
        private final boolean isLate;

        Moment(KvCommand.KindCase after, boolean isLate) {
            this.after = after;
            this.isLate = isLate;
        }
    }

    private static final int CASES = Moment.values().length * Victim.values().length;

    private record Run(Moment moment, Victim victim, double seconds) {}

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void allMovesEnd() throws Exception {
        long first = Long.getLong("flotilla.firstSeed", 1);
        long seeds = Long.getLong("flotilla.seeds", 1);
        List<Run> runs = new ArrayList<>();
        SeedRuns.of(
                first * CASES,
                seeds * CASES,
                number -> {
                    int which = (int) (number % CASES);
                    int victims = Victim.values().length;
                    return run(number, Moment.values()[which / victims], Victim.values()[which % victims]);
                },
                runs::add);
        for (Moment moment : Moment.values()) {
            StringBuilder line = new StringBuilder(String.format("%-10s", moment));
            for (Victim victim : Victim.values()) {
                double longest = runs.stream()
                        .filter(run -> run.moment == moment && run.victim == victim)
                        .mapToDouble(Run::seconds)
                        .max()
                        .orElseThrow();
                line.append(String.format("  %s down: over after at most %5.1f s", victim, longest));
            }
            System.out.println(line);
        }
        assertThat(runs).hasSize((int) (seeds * CASES));
    }

    private static Run run(long number, Moment moment, Victim victim) {
        ScriptedFleet fleet = new ScriptedFleet(number, number / CASES % 2 == 0 ? 6 : 3);
        try {
            fleet.openBank(2);
            fleet.run(ScriptedFleet.SECOND);
            boolean[] struck = new boolean[1];
            fleet.steps.tell((kind, group, shard) -> {
                if (kind == moment.after) {
                    strike(fleet, moment, victim, struck);
                }
            });
            long begin = fleet.scheduler.now();
            fleet.move(SHARD, TARGET);
            if (moment == Moment.INTENDED) {
                strike(fleet, moment, victim, struck);
            }
            fleet.await(
                    "the shard has moved",
                    MOST_SECONDS,
                    () -> fleet.shard(SHARD).getGroup() == TARGET);
            fleet.await("a crash", MOST_SECONDS, () -> struck[0]);
            fleet.awaitMoves(MOST_SECONDS);
            double seconds = (fleet.scheduler.now() - begin) / 1e9;
            fleet.closeBank();
            assertThat(fleet.bank.book().transfers()).isPositive();
            assertThat(fleet.shard(SHARD).getEpoch()).isEqualTo(2);
            return new Run(moment, victim, seconds);
        } catch (SimFailure | AssertionError e) {
            throw new AssertionError(
                    String.format("%s, %s, seed %d: %s%n%s", moment, victim, number, e.getMessage(), fleet.describe()),
                    e);
        }
    }

    private static void strike(ScriptedFleet fleet, Moment moment, Victim victim, boolean[] struck) {
        long late = moment.isLate ? fleet.random.nextLong(MOST_LATE_NANOS) : 0;
        fleet.scheduler.after(late, () -> {
            String leader = fleet.leaderOf(victim.group);
            if (leader != null && !struck[0]) {
                struck[0] = true;
                fleet.crash(leader, DOWN_NANOS);
            }
        });
    }
}
