/** Linearizable reads without a log entry (Raft thesis §6.4). Belongs to a core. */
package io.flotilla.raft.core.read;
