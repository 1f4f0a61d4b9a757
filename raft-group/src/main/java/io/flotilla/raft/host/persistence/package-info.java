/** The node's shared log: one lane writes what all groups must keep, one reads what is no longer in memory. */
package io.flotilla.raft.host.persistence;
