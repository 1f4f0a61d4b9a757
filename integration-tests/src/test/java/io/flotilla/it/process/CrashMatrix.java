package io.flotilla.it.process;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.Shard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One move after the other; in each, one leader is killed at one step, and the move must come to its end by itself. */
final class CrashMatrix {
    private static final Duration STEP_WITHIN = Duration.ofSeconds(20);
    private static final int TRIES = 3;

    /** Whose process. */
    enum Role {
        SOURCE("source leader"),
        TARGET("destination leader"),
        CONTROLLER("controller leader");

        private final String words;

        Role(String words) {
            this.words = words;
        }
    }

    /** A step, and the method that takes it in a node's program. */
    enum Step {
        BEFORE_MOVE_OUT("before MoveOut", Role.TARGET, "io.flotilla.kv.move.TargetMove", "askMoveOut"),
        MOVE_OUT("MoveOut committed", Role.SOURCE, "io.flotilla.kv.machine.MoveCommands", "moveOut"),
        COPYING("copying", Role.TARGET, "io.flotilla.kv.move.copy.RowCopy", "taken"),
        LAST_ROUND("last round done", Role.TARGET, "io.flotilla.kv.move.TargetMove", "askFreeze"),
        FREEZE("Freeze committed", Role.SOURCE, "io.flotilla.kv.machine.MoveCommands", "freeze"),
        FROZEN("frozen", Role.TARGET, "io.flotilla.kv.move.TargetMove", "adopt"),
        ADOPT_PROPOSED("Adopt proposed", Role.TARGET, "io.flotilla.kv.move.TargetGroup", "adopt"),
        ADOPT("Adopt committed", Role.TARGET, "io.flotilla.kv.machine.MoveCommands", "adopt"),
        OWNER("owner told", Role.CONTROLLER, "io.flotilla.controller.machine.Settlement", "settle"),
        DROP("Drop committed", Role.SOURCE, "io.flotilla.kv.machine.MoveCommands", "drop");

        private final String words;
        private final Role at;
        private final String className;
        private final String method;

        Step(String words, Role at, String className, String method) {
            this.words = words;
            this.at = at;
            this.className = className;
            this.method = method;
        }
    }

    record Cell(Step step, Role killed) {
        @Override
        public String toString() {
            return killed.words + " killed, " + step.words;
        }
    }

    private final MovingFleet fleet;
    private final List<Long> groups;
    private final long shard;

    /** @param groups the two between which the shard goes back and forth */
    CrashMatrix(MovingFleet fleet, List<Long> groups, long shard) {
        this.fleet = fleet;
        this.groups = groups;
        this.shard = shard;
    }

    static List<Cell> allCells() {
        List<Cell> cells = new ArrayList<>();
        for (Step step : Step.values()) {
            for (Role role : Role.values()) {
                cells.add(new Cell(step, role));
            }
        }
        return cells;
    }

    /** Runs these, and prints what came of each. */
    void run(List<Cell> cells, ModelWriters writers) throws Exception {
        System.out.printf(
                "%-18s %-20s %-8s %10s %16s %18s%n",
                "step", "killed", "node", "owner", "move ended after", "longest operation");
        for (Cell cell : cells) {
            for (int tried = 1; !run(cell, writers); tried++) {
                if (tried == TRIES) {
                    throw new AssertionError(cell + ": the step was not seen in " + TRIES + " moves");
                }
            }
        }
    }

    /** False if another node led by the time of the step, so that it was not seen. */
    private boolean run(Cell cell, ModelWriters writers) throws Exception {
        Configuration before = fleet.settled();
        Shard then = MovingFleet.shard(before, shard);
        long target = groups.get(0) == then.getGroup() ? groups.get(1) : groups.get(0);
        String at = node(cell.step.at, then.getGroup(), target);
        String doomed = node(cell.killed, then.getGroup(), target);
        writers.longestMillis();
        long[] struckAt = {0};
        boolean seen = true;
        CompletableFuture<FleetChangeReply> asked;
        try (StepWatch watch =
                new StepWatch(fleet.processes.debugPort(at), cell.step.className, cell.step.method, () -> {
                    fleet.processes.kill(doomed);
                    struckAt[0] = System.nanoTime();
                })) {
            asked = fleet.ask(MovingFleet.moveOf(shard, target));
            try {
                watch.struck().get(STEP_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException notSeen) {
                if (notSeen.getCause() instanceof AssertionError) {
                    throw notSeen;
                }
                seen = false;
            }
        }
        asked.get(2, TimeUnit.MINUTES);
        if (!fleet.processes.isRunning(doomed)) {
            fleet.restart(doomed);
        }
        Configuration after = fleet.settled();
        Shard now = MovingFleet.shard(after, shard);
        if (now.getGroup() != target || now.getEpoch() != then.getEpoch() + 1) {
            throw new AssertionError(cell + ": it should be with group " + target + " in the next epoch after "
                    + then.getEpoch() + ", but is " + now);
        }
        if (seen) {
            System.out.printf(
                    Locale.ROOT,
                    "%-18s %-20s %-8s %4d -> %-3d %14.1f s %15d ms%n",
                    cell.step.words,
                    cell.killed.words,
                    doomed,
                    then.getGroup(),
                    target,
                    (System.nanoTime() - struckAt[0]) / 1e9,
                    writers.longestMillis());
        }
        return seen;
    }

    private String node(Role role, long source, long target) throws Exception {
        return fleet.leader(
                switch (role) {
                    case SOURCE -> source;
                    case TARGET -> target;
                    case CONTROLLER -> 0L;
                });
    }
}
