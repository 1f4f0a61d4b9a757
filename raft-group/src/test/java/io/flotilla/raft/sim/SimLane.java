package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.PriorityQueue;

/** A lane in virtual time. Tasks run in the order of the (local) times at which they were given. */
final class SimLane implements Lane {
    private final SimRuntime owner;
    private final SimScheduler scheduler;
    private final String name;
    private final long traceId;
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long busyUntil;
    private long wakeStart;
    private Cancellable wake;

    SimLane(SimRuntime owner, SimScheduler scheduler, String name) {
        this.owner = owner;
        this.scheduler = scheduler;
        this.name = name;
        this.traceId = TraceHash.of(owner.name() + '/' + name);
    }

    @Override
    public void execute(Runnable task) {
        if (!owner.isAlive()) {
            return;
        }
        if (scheduler.currentLane() == this) {
            // before whatever others give while this task is busy
            tasks.add(new Task(scheduler.taskStart(), scheduler.nextSequence(), task));
        } else {
            tasks.add(new Task(scheduler.now(), scheduler.nextSequence(), task));
            planWake();
        }
    }

    @Override
    public Cancellable after(long delayNanos, Runnable task) {
        Delayed delayed = new Delayed(task);
        delayed.timer = scheduler.after(owner.toWorldNanos(delayNanos), () -> execute(delayed));
        return delayed;
    }

    @Override
    public boolean isCurrent() {
        return scheduler.currentLane() == this;
    }

    @Override
    public String name() {
        return name;
    }

    private void planWake() {
        long start = owner.nextMoment(Math.max(busyUntil, tasks.peek().given));
        if (wake == null || start < wakeStart) {
            if (wake != null) {
                wake.cancel();
            }
            wakeStart = start;
            wake = scheduler.at(start + scheduler.jitter(), this::runNext);
        }
    }

    private void runNext() {
        wake = null;
        if (!owner.isAlive()) {
            tasks.clear();
            return;
        }
        if (owner.isPaused()) {
            planWake();
            return;
        }
        Task task = tasks.poll();
        scheduler.trace().mix(scheduler.now() ^ traceId);
        scheduler.enter(this);
        try {
            task.action.run();
        } catch (RuntimeException | Error e) {
            owner.taskFailed(this, e);
        } finally {
            scheduler.enter(null);
            busyUntil = scheduler.now();
        }
        if (!tasks.isEmpty() && owner.isAlive()) {
            planWake();
        }
    }

    private static final class Delayed implements Cancellable, Runnable {
        private Runnable task;
        private Cancellable timer;

        Delayed(Runnable task) {
            this.task = task;
        }

        @Override
        public void cancel() {
            task = null;
            timer.cancel();
        }

        @Override
        public void run() {
            Runnable taken = task;
            task = null;
            if (taken != null) {
                taken.run();
            }
        }
    }

    private record Task(long given, long sequence, Runnable action) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            return given != other.given ? Long.compare(given, other.given) : Long.compare(sequence, other.sequence);
        }
    }
}
