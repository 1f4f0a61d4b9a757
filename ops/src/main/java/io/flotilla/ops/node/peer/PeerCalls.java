package io.flotilla.ops.node.peer;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.function.Consumer;

/**
 * A node's own rare requests to other nodes, over the public protocol: each on a stream of its own. Belongs to the
 * node's lane, where all answers come, too.
 */
public final class PeerCalls {
    /** The only version of the client protocol that this program speaks. */
    public static final int PROTOCOL_VERSION = 2;

    private final Lane lane;
    private final Connector connector;

    public PeerCalls(Lane lane, Connector connector) {
        this.lane = lane;
        this.connector = connector;
    }

    /** Asks once. Exactly one of the two is told: the answer, or why there is none. */
    public void call(
            String address,
            Request.Builder request,
            long timeoutNanos,
            Consumer<Response> answered,
            Consumer<String> failed) {
        Stream[] self = new Stream[1];
        boolean[] done = new boolean[1];
        Cancellable timer = lane.after(timeoutNanos, () -> {
            if (!done[0]) {
                done[0] = true;
                self[0].close();
                failed.accept("no answer from " + address);
            }
        });
        self[0] = open(
                address,
                request,
                response -> {
                    if (!done[0]) {
                        done[0] = true;
                        timer.cancel();
                        self[0].close();
                        answered.accept(response);
                    }
                },
                reason -> {
                    if (!done[0]) {
                        done[0] = true;
                        timer.cancel();
                        failed.accept(reason);
                    }
                });
    }

    /**
     * Sends one request, with the id 1, and hears every answer to it until the stream closes, which is told once. Nothing is told after
     * {@link Stream#close}.
     */
    public Stream open(String address, Request.Builder request, Consumer<Response> answers, Consumer<String> closed) {
        Stream stream = new Stream(answers, closed);
        stream.connect(address, ClientFrame.newBuilder().addRequests(request.setId(1)));
        return stream;
    }

    /** As the other, for requests that are sent later, each with an id of its own. */
    public Stream open(String address, Consumer<Response> answers, Consumer<String> closed) {
        Stream stream = new Stream(answers, closed);
        stream.connect(address, ClientFrame.newBuilder());
        return stream;
    }

    /** One stream to another node. */
    public final class Stream implements ConnectionHandler {
        private final Consumer<Response> answers;
        private final Consumer<String> closed;
        private Connection connection;
        private boolean over;

        private Stream(Consumer<Response> answers, Consumer<String> closed) {
            this.answers = answers;
            this.closed = closed;
        }

        private void connect(String address, ClientFrame.Builder first) {
            connection = connector.connect(address, this);
            connection.send(first.setHello(Hello.newBuilder()
                            .setProtocolVersion(PROTOCOL_VERSION)
                            .setOldestProtocolVersion(PROTOCOL_VERSION))
                    .build());
        }

        /** @param request with an id that no other one on this stream has */
        public void send(Request.Builder request) {
            if (!over) {
                connection.send(ClientFrame.newBuilder().addRequests(request).build());
            }
        }

        public void close() {
            if (!over) {
                over = true;
                connection.close();
            }
        }

        @Override
        public void onFrame(ServerFrame frame) {
            lane.execute(() -> {
                if (frame.hasHello() && !frame.getHello().getError().isEmpty() && !over) {
                    close();
                    closed.accept(frame.getHello().getError());
                }
                for (Response response : frame.getResponsesList()) {
                    if (!over) {
                        answers.accept(response);
                    }
                }
            });
        }

        @Override
        public void onClosed(String reason) {
            lane.execute(() -> {
                if (!over) {
                    over = true;
                    closed.accept(reason);
                }
            });
        }
    }
}
