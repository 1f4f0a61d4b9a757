package io.flotilla.kv.machine;

import io.flotilla.kv.proto.KvCommand;

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

    /** @throws IllegalArgumentException if it is of no kind that this version knows */
    public static CommandKind of(KvCommand command) {
        return valueOf(command.getKindCase().name());
    }

    public int featureLevel() {
        return featureLevel;
    }

    /** Why it may not be proposed in a fleet at this level, in one line; null if it may. */
    public String objection(int fleetsLevel) {
        return fleetsLevel >= featureLevel
                ? null
                : "the fleet is at feature level " + fleetsLevel + ", such requests are taken from level "
                        + featureLevel + " on: some of its nodes run an older version";
    }
}
