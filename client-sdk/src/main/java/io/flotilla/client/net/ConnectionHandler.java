package io.flotilla.client.net;

import io.flotilla.client.proto.ServerFrame;

/** Hears what one stream brings. Called on the network's threads, one call at a time; must not block. */
public interface ConnectionHandler {
    void onFrame(ServerFrame frame);

    /** The stream is over. @param reason one line for people */
    void onClosed(String reason);
}
