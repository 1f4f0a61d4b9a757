package io.flotilla.it.sim;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.sim.SimRuntime;

/** One incarnation of a client in virtual time: its loop is one lane. */
public final class SimClientRuntime implements ClientRuntime {
    private final SimRuntime world;
    private final Lane loop;

    public SimClientRuntime(SimRuntime world) {
        this.world = world;
        this.loop = world.lane("client");
    }

    @Override
    public void execute(Runnable task) {
        loop.execute(task);
    }

    @Override
    public Runnable after(long delayNanos, Runnable task) {
        Cancellable timer = loop.after(delayNanos, task);
        return timer::cancel;
    }

    @Override
    public long nanos() {
        return world.clock().nanos();
    }

    @Override
    public long randomLong() {
        return world.randomSeed();
    }

    @Override
    public void close() {
        world.kill();
    }
}
