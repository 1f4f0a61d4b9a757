/** What replicas of a group say to each other: immutable values, encoded by {@code raft.transport}. */
package io.flotilla.raft.core.message;
