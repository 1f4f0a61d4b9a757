/**
 * Leadership transfer (Raft thesis §3.10), on request or from a leader whose own disk is stalled. Belongs to a core. Large contents
 * between nodes are another matter: {@code raft.transfer}.
 */
package io.flotilla.raft.core.transfer;
