package io.flotilla.ops.node;

import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.machine.StateMachineFactory;

/**
 * A say in the parts that a node makes for itself. Production takes them as they are; the simulator makes them small
 * and looks in between.
 */
public interface NodeParts {
    /** How the shared log is kept. @param newStoreId see {@link LogConfig} */
    default LogConfig logConfig(long newStoreId) {
        return LogConfig.defaults(newStoreId);
    }

    /** How shards that move are copied. */
    default CopyLimits copyLimits() {
        return CopyLimits.defaults();
    }

    /** Takes the log just opened; gives what is to be used for it. */
    default LogStore log(LogStore opened) {
        return opened;
    }

    /** Takes the factory of all state machines; gives what is to be used for it. */
    default StateMachineFactory machines(StateMachineFactory made) {
        return made;
    }
}
