package io.flotilla.kv.machine;

import java.util.Map;

/**
 * The sessions of a hold as Adopt will need them in memory, read on a lane that may block. Made by {@link
 * HoldPlace#readSessions}, handed to {@link ShardMoves#completeCopy}, and not used again.
 */
public final class PreparedSessions {
    private final Map<SessionId, Session> sessions;

    PreparedSessions(Map<SessionId, Session> sessions) {
        this.sessions = sessions;
    }

    Map<SessionId, Session> sessions() {
        return sessions;
    }
}
