package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.inline.Carrier;
import java.util.ArrayDeque;

/** A thread of a node's network in virtual time: it does all that came to it in rounds, which begin some time apart. */
final class SimCarrier implements Carrier {
    private final SimRuntime owner;
    private final SimScheduler scheduler;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private long nanosApart;
    private long lastRound;
    private boolean isPlanned;
    private boolean hasEnded;

    SimCarrier(SimRuntime owner, SimScheduler scheduler) {
        this.owner = owner;
        this.scheduler = scheduler;
    }

    void setRoundNanos(long nanos) {
        nanosApart = nanos;
    }

    /** It takes nothing any more; what it has it does. */
    void end() {
        hasEnded = true;
    }

    @Override
    public boolean offer(Runnable task) {
        if (hasEnded) {
            owner.count("tasks that an ended carrier refused");
            return false;
        }
        tasks.add(task);
        if (!isPlanned) {
            isPlanned = true;
            plan(Math.max(scheduler.now(), lastRound + nanosApart));
        }
        return true;
    }

    private void plan(long when) {
        scheduler.at(owner.nextMoment(when) + scheduler.jitter(), this::round);
    }

    private void round() {
        if (!owner.isAlive()) {
            tasks.clear();
            return;
        }
        if (owner.isPaused()) {
            plan(scheduler.now());
            return;
        }
        owner.count("rounds of carriers");
        lastRound = scheduler.now();
        // what comes meanwhile belongs to this round
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        isPlanned = false;
    }
}
