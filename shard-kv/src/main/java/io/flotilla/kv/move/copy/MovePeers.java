package io.flotilla.kv.move.copy;

import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.function.Consumer;

/** Questions about moves to other nodes, as a port. Any lane. */
public interface MovePeers {
    /**
     * Asks a replica of the group that the request names.
     *
     * @param answer gets the reply, once or never, on any lane; null if it is known that there will be none
     */
    void ask(NodeId node, MoveRequest request, Consumer<MoveReply> answer);
}
