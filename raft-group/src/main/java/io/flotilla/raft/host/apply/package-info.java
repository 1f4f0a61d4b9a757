/** State machines on their appliers' lanes: committed entries are applied, reads made and proposals answered here. */
package io.flotilla.raft.host.apply;
