/** What a leader knows of each follower, and how much it may send. Belongs to a core. */
package io.flotilla.raft.core.replication;
