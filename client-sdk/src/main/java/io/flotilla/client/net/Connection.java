package io.flotilla.client.net;

import io.flotilla.client.proto.ClientFrame;

/** The client's end of one stream. Frames arrive in order and whole, or the stream closes. Thread-safe. */
public interface Connection {
    /** Queues a frame; dropped if the stream is closed. Never blocks. The first frame carries the Hello. */
    void send(ClientFrame frame);

    /** Closes the stream; the handler still hears {@code onClosed}. */
    void close();
}
