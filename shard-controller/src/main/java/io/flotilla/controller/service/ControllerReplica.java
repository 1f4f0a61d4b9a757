package io.flotilla.controller.service;

import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;

/** This node's replica of the controller's group. Thread-safe; no call blocks. */
interface ControllerReplica {
    /** As {@link RaftHost#propose(long, byte[], ProposalCallback)}. */
    void propose(byte[] command, ProposalCallback callback);

    /** As {@link RaftHost#read(long, ReadCallback)}. */
    void read(ReadCallback callback);

    /** The term that it is in; 0 if there is no replica. */
    long term();

    static ControllerReplica of(RaftHost host) {
        return new ControllerReplica() {
            @Override
            public void propose(byte[] command, ProposalCallback callback) {
                host.propose(ControllerService.GROUP, command, callback);
            }

            @Override
            public void read(ReadCallback callback) {
                host.read(ControllerService.GROUP, callback);
            }

            @Override
            public long term() {
                GroupStatus status = host.status(ControllerService.GROUP);
                return status == null ? 0 : status.state().term();
            }
        };
    }
}
