package io.flotilla.kv.service;

import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Clock;
import java.util.List;
import java.util.function.Consumer;

/** The door of the key-value service on one node. */
public final class KvService {
    public KvService(RaftHost host, Clock clock, NodeDirectory directory) {}

    /** Answers each request once. */
    public void handle(List<Request> requests, Consumer<Response> out) {
        throw new UnsupportedOperationException();
    }
}
