package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.KvStateMachine;
import java.util.function.Consumer;

/** The way to the state machines of this node, as a port. Any lane. */
public interface MachineVisits {
    /**
     * Runs a task on the applier lane of a group, between its entries: with what the replica here has applied by then, whatever
     * others have committed. The machine must not be kept. The task takes no longer than a write to the engine.
     *
     * @param task gets null if the group has no running replica here; once, but that nothing is run any more when the node stops
     */
    void visit(long group, Consumer<KvStateMachine> task);
}
