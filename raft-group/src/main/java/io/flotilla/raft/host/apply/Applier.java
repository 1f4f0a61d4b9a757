package io.flotilla.raft.host.apply;

import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.shared.DiskWatch;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The lane on which the state machines of some groups run, so that a slow one never holds up a worker. What a worker's
 * turn brings comes as one task, in order. Other threads may run the lane for what surely takes no time; all that may block
 * is given to it as blocking. Thread-safe.
 */
public final class Applier {
    /** How long machines may keep back what they applied. */
    private static final long KEEP_NANOS = 200_000_000L;
    /** How long entries for which nobody here waits may be deferred. */
    private static final long LIE_NANOS = 50_000_000L;

    private final int number;
    private final Lane lane;
    private final NodeRuntime runtime;
    private final HostListener listener;
    private final LeasedReads leasedReads;
    private final DiskWatch watch = new DiskWatch("a call of a state machine");
    /** Machines with entries for which nobody here waits. Thread-safe. */
    private final Queue<HostedMachine> later = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean laterPlanned = new AtomicBoolean();

    // the lane's own
    private final ArrayDeque<MachineLife> keeping = new ArrayDeque<>();
    /** What was answered leaves with a task that is on its way. */
    private boolean answersPlanned;

    Applier(int number, Lane lane, HostState state) {
        this.number = number;
        this.lane = lane;
        this.runtime = state.runtime;
        this.listener = state.listener;
        this.leasedReads = new LeasedReads(lane, state);
    }

    public int number() {
        return number;
    }

    public DiskWatch watch() {
        return watch;
    }

    LeasedReads leasedReads() {
        return leasedReads;
    }

    /** What of its bounds is taken. Any lane. */
    public void held(Held held) {
        leasedReads.held(held);
    }

    public Lane lane() {
        return lane;
    }

    /** The machine may keep something back in memory: it is asked to write that out soon. On the lane; once until then. */
    void keeps(MachineLife machine) {
        keeping.add(machine);
        if (keeping.size() == 1) {
            lane.after(KEEP_NANOS, () -> writeBack(keeping.size()));
        }
    }

    /** One machine in a task, so that what others have to apply need not wait for them all. */
    private void writeBack(int count) {
        try {
            keeping.remove().writeBack();
        } finally {
            if (count > 1) {
                lane.executeBlocking(() -> writeBack(count - 1));
            } else if (!keeping.isEmpty()) {
                lane.after(KEEP_NANOS, () -> writeBack(keeping.size()));
            }
        }
    }

    /** The machine was given something for which nobody waits. Any lane; once until it is told to apply that. */
    void applyLater(HostedMachine machine) {
        later.add(machine);
        planLater();
    }

    private void planLater() {
        if (!laterPlanned.get() && laterPlanned.compareAndSet(false, true)) {
            lane.after(LIE_NANOS, () -> applyLater(later.size()));
        }
    }

    /** One machine in a task, as when they are written back. */
    private void applyLater(int count) {
        try {
            HostedMachine next = later.poll();
            // none, if the timer was set for one that the round before took along
            if (next != null) {
                next.applyDeferred();
            }
        } finally {
            if (count > 1) {
                lane.executeBlocking(() -> applyLater(count - 1));
            } else {
                laterPlanned.set(false);
                if (!later.isEmpty()) {
                    planLater();
                }
            }
        }
    }

    /** @param work does not throw */
    public void submit(List<Runnable> work) {
        if (work.size() == 1) {
            // once its one machine has applied, nothing here takes long
            lane.execute(() -> runtime.runInline(() -> run(work)));
        } else {
            lane.execute(() -> run(work));
        }
    }

    /** Work that may block, and was begun on a thread that may not. On the lane. */
    void runBlocking(Runnable work) {
        lane.executeBlocking(() -> {
            work.run();
            answerSoon();
        });
    }

    /** After what waits on the lane already: answers of several machines leave together. */
    void answerSoon() {
        if (!answersPlanned) {
            answersPlanned = true;
            lane.executeBlocking(() -> {
                answersPlanned = false;
                listener.answersGiven();
            });
        }
    }

    private void run(List<Runnable> work) {
        for (int i = 0; i < work.size(); i++) {
            work.get(i).run();
        }
        listener.answersGiven();
    }
}
