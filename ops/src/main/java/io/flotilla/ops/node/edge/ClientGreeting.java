package io.flotilla.ops.node.edge;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.ops.node.peer.PeerCalls;

/** How a node answers the first frame of a client's stream. Pure. */
final class ClientGreeting {
    private ClientGreeting() {}

    /**
     * The greeting with the version that both speak, or a refusal that says why, and which versions this node speaks.
     *
     * @param hello what the node says of itself
     * @param objection why the stream is not taken, whatever the client says; or null
     */
    static HelloReply answer(HelloReply hello, ClientFrame first, String objection) {
        String error = objection;
        if (error == null) {
            error = first.hasHello()
                    ? objection(hello.getNodeId(), first.getHello())
                    : "the first frame of a stream must say hello";
        }
        HelloReply.Builder answer = hello.toBuilder().setProtocolVersion(PeerCalls.PROTOCOL_VERSION);
        if (error != null) {
            answer.setOldestProtocolVersion(PeerCalls.PROTOCOL_VERSION).setError(error);
        }
        return answer.build();
    }

    private static String objection(String node, Hello client) {
        int newest = client.getProtocolVersion();
        int oldest = client.getOldestProtocolVersion() == 0 ? newest : client.getOldestProtocolVersion();
        return oldest <= PeerCalls.PROTOCOL_VERSION && PeerCalls.PROTOCOL_VERSION <= newest
                ? null
                : "node " + node + " speaks version " + PeerCalls.PROTOCOL_VERSION
                        + " of the client protocol, the client "
                        + (oldest == newest ? "version " + newest : "versions " + oldest + " to " + newest)
                        + ": use a client of the same release";
    }
}
