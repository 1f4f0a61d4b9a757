package io.flotilla.raft.runtime.threads;

import com.sun.management.OperatingSystemMXBean;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.runtime.inline.Carrier;
import io.flotilla.raft.runtime.inline.InlineRunners;
import io.flotilla.raft.runtime.inline.InlineRuns;
import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Lanes with a daemon thread each, the operating system's clock and random source. Thread-safe.
 *
 * <p>{@link #close} lets running tasks finish and drops the queued ones; called from outside the lanes it returns when
 * their threads have ended, or after ten seconds.
 */
public final class ThreadRuntime implements NodeRuntime {
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final OperatingSystemMXBean MACHINE =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    /** What a thread runs inline after its present work. */
    static final ThreadLocal<InlineRuns> RUNS = new ThreadLocal<>();

    private static final InlineRunners NOBODY = InlineRunners.none();

    private final String name;
    private final InlineRunners runners;
    /** Null if there are none. */
    private final Carriers carriers;

    private final LaneFailureHandler failures;
    private final Map<String, ThreadLane> lanes = new LinkedHashMap<>();
    private final SystemClock clock = new SystemClock();

    // guarded by this
    private int nonBlockingLanes;
    private boolean closing;

    private volatile boolean closed;

    /**
     * @param name put before the names of the threads
     * @param failures told of each task that throws
     */
    public ThreadRuntime(String name, LaneFailureHandler failures) {
        this(name, failures, null);
    }

    /** As above, with threads that {@link #carry} non-blocking lanes. They are the caller's, to be closed after this. */
    public ThreadRuntime(String name, LaneFailureHandler failures, Carriers carriers) {
        this.name = name;
        this.carriers = carriers;
        this.runners = new InlineRunners(carriers == null ? null : carriers::setRoundNanos);
        this.failures = failures;
    }

    /** @throws IllegalArgumentException if the runtime has a lane of this name already */
    @Override
    public Lane lane(String laneName) {
        return lane(laneName, false);
    }

    /** @throws IllegalArgumentException if the runtime has a lane of this name already */
    @Override
    public Lane nonBlockingLane(String laneName) {
        return lane(laneName, true);
    }

    @Override
    public void setInlineRuns(boolean allowed) {
        runners.allowGivers(allowed);
    }

    @Override
    public boolean carry(long nanosApart) {
        return runners.carry(nanosApart);
    }

    @Override
    public void runInline(Runnable work) {
        if (RUNS.get() != null) {
            work.run();
            return;
        }
        InlineRuns mine = new InlineRuns();
        RUNS.set(mine);
        try {
            work.run();
            mine.runAll();
        } finally {
            RUNS.remove();
            mine.end();
        }
    }

    private synchronized Lane lane(String laneName, boolean isNonBlocking) {
        if (closing) {
            throw new IllegalStateException("the runtime " + name + " is closed");
        }
        if (lanes.containsKey(laneName)) {
            throw new IllegalArgumentException("the runtime " + name + " has a lane " + laneName + " already");
        }
        Carrier carrier = isNonBlocking && carriers != null ? carrier(carriers.carrier(nonBlockingLanes++)) : null;
        ThreadLane lane =
                new ThreadLane(laneName, name + "-" + laneName, isNonBlocking ? runners : NOBODY, carrier, failures);
        lanes.put(laneName, lane);
        lane.start();
        return lane;
    }

    private static Carrier carrier(Executor thread) {
        return task -> {
            try {
                thread.execute(task);
                return true;
            } catch (RuntimeException | Error e) {
                return false; // ended, or out of threads: the lane has one of its own
            }
        };
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public long randomSeed() {
        return new SecureRandom().nextLong();
    }

    @Override
    public double processorLoad() {
        return Math.max(0, MACHINE.getCpuLoad());
    }

    @Override
    public void close() {
        ThreadLane[] all;
        synchronized (this) {
            closing = true;
            all = lanes.values().toArray(new ThreadLane[0]);
        }
        boolean insideALane = false;
        for (ThreadLane lane : all) {
            lane.stop();
            insideALane |= lane.isCurrent();
        }
        closed = true;
        if (!insideALane) {
            long deadline = System.nanoTime() + CLOSE_NANOS;
            for (ThreadLane lane : all) {
                lane.join(deadline - System.nanoTime());
            }
        }
    }

    /** The name of a lane whose thread has ended though this is not closed; null if there is none. Any thread. */
    public String endedLane() {
        ThreadLane[] all;
        synchronized (this) {
            all = lanes.values().toArray(new ThreadLane[0]);
        }
        for (ThreadLane lane : all) {
            if (lane.hasEnded()) {
                return lane.name();
            }
        }
        return null;
    }

    /** Whether no lane starts a further task. */
    public boolean isClosed() {
        return closed;
    }

    private static final class SystemClock implements Clock {
        @Override
        public long nanos() {
            return SteadyClock.SYSTEM.getAsLong();
        }

        @Override
        public long wallMillis() {
            return System.currentTimeMillis();
        }
    }
}
