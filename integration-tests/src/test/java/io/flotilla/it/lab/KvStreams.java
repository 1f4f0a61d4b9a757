package io.flotilla.it.lab;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.TraceHash;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The labs' network between clerks and servers, for streams: a request that is lost, or whose answer is, ends the stream,
 * and the clerk learns of it within 0.1 s, as it does when it speaks to a server that it can't reach. So what was on its
 * way may have been done or not.
 */
final class KvStreams {
    private static final long MICRO = 1_000L;
    private static final long MILLI = 1_000_000L;
    private static final long FAILURE_NANOS = 100 * MILLI;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final SplittableRandom random;
    private final TreeMap<String, KvServer> servers = new TreeMap<>();
    private final Set<Stream> streams = new LinkedHashSet<>();
    private boolean unreliable;
    private long lost;

    KvStreams(SimScheduler scheduler, SimNetwork network) {
        this.scheduler = scheduler;
        this.network = network;
        this.random = scheduler.randomStream();
    }

    void setUnreliable(boolean value) {
        unreliable = value;
    }

    /** Frames lost so far. */
    long lost() {
        return lost;
    }

    void listen(String address, KvServer server) {
        servers.put(address, server);
    }

    Connector connector(SimRuntime client) {
        return new Connector() {
            @Override
            public Connection connect(String address, ConnectionHandler handler) {
                Stream stream = new Stream(client, servers.get(address), handler);
                streams.add(stream);
                return stream;
            }

            @Override
            public void close() {}
        };
    }

    /** The incarnation has just died: its streams end at the other side. */
    void died(SimRuntime runtime) {
        for (Stream stream : List.copyOf(streams)) {
            if (stream.process == runtime) {
                stream.fail("the server is gone");
            }
        }
    }

    private boolean loses() {
        boolean loses = unreliable && random.nextInt(10) == 0;
        lost += loses ? 1 : 0;
        return loses;
    }

    private final class Stream implements Connection {
        private final SimRuntime client;
        private final KvServer server;
        private final ConnectionHandler handler;
        /** The incarnation at the other end; null until something arrived there. */
        private SimRuntime process;

        private long lastUp;
        private long lastDown;
        private boolean failing;
        private boolean closed;

        Stream(SimRuntime client, KvServer server, ConnectionHandler handler) {
            this.client = client;
            this.server = server;
            this.handler = handler;
        }

        @Override
        public void send(ClientFrame frame) {
            if (failing || closed) {
                return;
            }
            long delay = (20 + random.nextLong(80)) * MICRO + (unreliable ? random.nextLong(27) * MILLI : 0);
            long departure = scheduler.now();
            lastUp = Math.max(lastUp, departure + delay);
            boolean loses = loses();
            scheduler.at(lastUp, () -> {
                if (!failing && !closed && client.wasAliveAt(departure)) {
                    arrive(frame, loses);
                }
            });
        }

        private void arrive(ClientFrame frame, boolean loses) {
            if (loses) {
                fail("a request is lost");
            } else if (!server.isUp() || network.isCut(client.name(), server.id.value())) {
                fail("no answer");
            } else if (process != null && process != server.runtime()) {
                fail("the server was restarted");
            } else {
                process = server.runtime();
                mix(frame.toByteArray());
                server.receive(frame, this::answer);
            }
        }

        private void answer(ServerFrame frame) {
            SimRuntime sender = process;
            long departure = scheduler.now();
            lastDown = Math.max(lastDown, departure + (20 + random.nextLong(80)) * MICRO);
            boolean loses = loses();
            scheduler.at(lastDown, () -> {
                if (failing || closed || !sender.wasAliveAt(departure)) {
                    return;
                }
                if (loses) {
                    fail("an answer is lost");
                } else if (network.isCut(server.id.value(), client.name())) {
                    fail("no answer");
                } else if (client.isAlive()) {
                    mix(frame.toByteArray());
                    handler.onFrame(frame);
                }
            });
        }

        private void mix(byte[] frame) {
            scheduler.trace().mix(scheduler.now() ^ TraceHash.of(frame));
        }

        @Override
        public void close() {
            scheduler.after(0, () -> end("closed here"));
        }

        /** Nothing passes any more, and soon the client hears that. */
        void fail(String reason) {
            if (!failing && !closed) {
                failing = true;
                scheduler.after(random.nextLong(FAILURE_NANOS), () -> end(reason));
            }
        }

        private void end(String reason) {
            if (!closed) {
                closed = true;
                streams.remove(this);
                if (client.isAlive()) {
                    handler.onClosed(reason);
                }
            }
        }
    }
}
