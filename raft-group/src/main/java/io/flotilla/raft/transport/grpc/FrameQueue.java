package io.flotilla.raft.transport.grpc;

/** What waits for one stream. Many threads offer, in a way of the queue's own; one at a time takes. */
interface FrameQueue {
    /** The next frame of what waits, or null if nothing does. */
    byte[] nextFrame();

    /** Drops everything; returns how many messages that were. By the taker. */
    int clear();

    /** Takes nothing more. */
    void close();
}
