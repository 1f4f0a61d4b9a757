package io.flotilla.kv.machine;

/**
 * The kinds of commands that this version knows, as {@link io.flotilla.kv.proto.KvCommand} numbers them, each with the feature
 * level of the fleet from which on it may be proposed: then all nodes know it.
 */
public enum CommandKind {
    WRITES(1),
    GOODBYES(1),
    MOVE_OUT(2),
    FREEZE(2),
    CANCEL(2),
    ADOPT(2),
    DROP(2),
    MARK(2);

    private final int featureLevel;

    CommandKind(int featureLevel) {
        this.featureLevel = featureLevel;
    }

    public int featureLevel() {
        return featureLevel;
    }
}
