package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;

/**
 * What a driver can have done. No call blocks. Each is answered once at most, on the driver's lane, before or after the call returns;
 * {@link MoveDriver#step} is called after each answer.
 */
public interface MoveActions {
    /** Of one call: done, or why not in one line. */
    interface End {
        void done();

        /** Not done, or not known. */
        void failed(String why);
    }

    /** Of one question. */
    interface Answer {
        void replied(MoveReply reply);

        void failed(String why);
    }

    /** Asks the leader of the group that the request names, wherever it is. Given up after {@link MoveLimits#askNanos}. */
    void ask(MoveRequest request, Answer answer);

    /** Asks the replica of that group on one node. Given up likewise. */
    void ask(NodeId node, MoveRequest request, Answer answer);

    /**
     * Replicates a command in a group that this node leads. Done: it was applied here.
     *
     * @param guarded only replicas append it that hold what it names; refused unless this one does
     */
    void propose(long group, KvCommand command, boolean guarded, End end);

    /** Lets another replica lead the group. Done: this node does not lead it any more. */
    void transferLeadership(long group, NodeId to, End end);

    /** No change of the group's membership begins here for so long; 0 ends it. Failed if one is under way. */
    void holdMembership(long group, long nanos, End end);

    /**
     * Tells the controller what became of a move, again and again until it has it, as long as this process lives.
     *
     * @return false if too much waits to be told: say it again later
     */
    boolean report(MoveReport report);
}
