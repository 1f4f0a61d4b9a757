package io.flotilla.ops.node.peer;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import java.util.SplittableRandom;

/** A client's loop on a lane of a node, its callbacks too: they are the node's, and none blocks. */
public final class LaneClientRuntime implements ClientRuntime {
    private final Lane lane;
    private final Clock clock;
    /** Of the lane. */
    private final SplittableRandom random;

    /** On a lane of its own. */
    public LaneClientRuntime(NodeRuntime runtime, String laneName) {
        this(runtime.lane(laneName), runtime.clock(), runtime.randomSeed());
    }

    LaneClientRuntime(Lane lane, Clock clock, long seed) {
        this.lane = lane;
        this.clock = clock;
        this.random = new SplittableRandom(seed);
    }

    Lane lane() {
        return lane;
    }

    @Override
    public void execute(Runnable task) {
        lane.execute(task);
    }

    @Override
    public Runnable after(long delayNanos, Runnable task) {
        Cancellable timer = lane.after(delayNanos, task);
        return timer::cancel;
    }

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public long randomLong() {
        return random.nextLong();
    }

    @Override
    public void close() {}
}
