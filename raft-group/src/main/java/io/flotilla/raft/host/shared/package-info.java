/** What all rooms of the host use: inboxes of lanes, counters, the pace of turns, the watch over disks, what leaves for peers. */
package io.flotilla.raft.host.shared;
