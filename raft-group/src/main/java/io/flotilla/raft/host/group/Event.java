package io.flotilla.raft.host.group;

/** Something for a group worker to do. Made anywhere, handled on the worker's lane. */
public abstract class Event {
    abstract void handle(GroupWorker worker);

    /** The host stopped before the event was handled: whoever waits for it is told. */
    void refuse(GroupWorker worker) {}

    /** What it counts against the worker's inbox; 0 for answers to what the host itself asked, which always fit. */
    int weight() {
        return 0;
    }

    /** Payload bytes, for the bound of a turn. */
    long bytes() {
        return 0;
    }
}
