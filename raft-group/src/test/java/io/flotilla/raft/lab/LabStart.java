package io.flotilla.raft.lab;

/**
 * A server took a command as leader.
 *
 * @param index its place among the commands of the leader's log, from 1; entries that are no commands don't count
 */
record LabStart(int server, long index, long term) {}
