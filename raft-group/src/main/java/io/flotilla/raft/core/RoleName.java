package io.flotilla.raft.core;

/** A replica's role, for status and metrics. */
public enum RoleName {
    FOLLOWER,
    PRE_CANDIDATE,
    CANDIDATE,
    LEADER
}
