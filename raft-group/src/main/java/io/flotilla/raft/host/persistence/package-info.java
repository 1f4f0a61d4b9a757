/**
 * What the node keeps on disk besides its machines: its shared log, which one lane writes for all groups and one reads where it is
 * no longer in memory, and what it remembers of other nodes.
 */
package io.flotilla.raft.host.persistence;
