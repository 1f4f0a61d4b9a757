package io.flotilla.ops.change;

import io.flotilla.ops.change.Goal.Standing;
import io.flotilla.ops.change.Goal.State;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Looks at a fleet again and again until a change is over. Only that the controller answers nobody for a minute ends it before:
 * the work goes on without whoever waits. Runs on the caller's thread.
 */
public final class ChangeWait {
    /** How long the controller may answer nobody. */
    static final long CONTROLLER_NANOS = 60_000_000_000L;

    static final long LOOK_MILLIS = 250;

    /** Where a fleet is looked at. */
    public interface FleetEye {
        /** Blocks for some seconds at most. Never fails: who does not answer is not in it. */
        Observation look() throws InterruptedException;
    }

    /** Blocks. */
    public interface Sleep {
        void millis(long millis) throws InterruptedException;
    }

    private final FleetEye eye;
    private final LongSupplier nanos;
    private final Sleep sleep;

    /** @param nanos a clock that never falls */
    public ChangeWait(FleetEye eye, LongSupplier nanos, Sleep sleep) {
        this.eye = eye;
        this.nanos = nanos;
        this.sleep = sleep;
    }

    /**
     * @param progress hears of each look that is not the last
     * @return how it ended; still {@link State#UNDER_WAY} if the controller can't be asked any more
     */
    public Standing until(Goal goal, Consumer<Progress> progress) throws InterruptedException {
        long answered = nanos.getAsLong();
        while (true) {
            Observation seen = eye.look();
            long now = nanos.getAsLong();
            Standing standing = new Standing(State.UNDER_WAY, "no node tells of a configuration");
            if (seen.configuration() != null) {
                standing = goal.judge(seen);
            }
            if (standing.state() != State.UNDER_WAY) {
                return standing;
            }
            if (seen.byController()) {
                answered = now;
            } else if (now - answered >= CONTROLLER_NANOS) {
                return standing;
            }
            progress.accept(new Progress(seen, standing.text()));
            sleep.millis(LOOK_MILLIS);
        }
    }
}
