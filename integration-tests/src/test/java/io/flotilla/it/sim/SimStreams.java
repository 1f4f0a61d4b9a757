package io.flotilla.it.sim;

import com.google.protobuf.MessageLite;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.edge.EdgeSession;
import io.flotilla.ops.node.edge.EdgeSink;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.TraceHash;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Client streams over the simulated network. As over TCP, frames arrive in order and whole or the stream closes: a lost
 * frame comes late, a cut link holds frames back, and a link that stays cut closes the stream at both ends, not at the
 * same time. A node that dies resets its streams, or leaves its clients hanging.
 */
public final class SimStreams {
    private static final long MILLI = 1_000_000L;

    /**
     * How streams break by themselves.
     *
     * @param chance that one does at a frame, which is lost then; by the name of its client
     * @param noticedNanos by then both ends have learnt it, also of a stream whose other end has died
     */
    public record Breaks(ToDoubleFunction<String> chance, long noticedNanos) {}

    private record Server(SimRuntime runtime, FleetNode node) {}

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final SplittableRandom random;
    private final Consumer<ServerFrame> observer;
    private final Consumer<ClientFrame> asked;
    private final TreeMap<String, Server> servers = new TreeMap<>();
    private final Set<Stream> streams = new LinkedHashSet<>();
    /** Null if none breaks by itself. */
    private Breaks breaks;

    private long broken;

    /**
     * @param observer sees each frame that a node sends
     * @param asked sees each frame that a node gets
     */
    public SimStreams(
            SimScheduler scheduler, SimNetwork network, Consumer<ServerFrame> observer, Consumer<ClientFrame> asked) {
        this.scheduler = scheduler;
        this.network = network;
        this.random = scheduler.randomStream();
        this.observer = observer;
        this.asked = asked;
    }

    /** From now on they break like this; null: not by themselves. */
    public void setBreaks(Breaks newBreaks) {
        breaks = newBreaks;
    }

    /** How many broke by themselves. */
    public long broken() {
        return broken;
    }

    /** Streams to the address reach this node from now on. */
    public void listen(String address, SimRuntime runtime, FleetNode node) {
        servers.put(address, new Server(runtime, node));
    }

    /** The connector of one incarnation of a client or a node. */
    public Connector connector(SimRuntime from) {
        return new Connector() {
            @Override
            public Connection connect(String address, ConnectionHandler handler) {
                Stream stream = new Stream(from, address, handler);
                streams.add(stream);
                scheduler.after(network.delay() + network.delay(), stream::open);
                return stream;
            }

            @Override
            public void close() {
                for (Stream stream : List.copyOf(streams)) {
                    if (stream.client == from) {
                        stream.close();
                    }
                }
            }
        };
    }

    /** The incarnation has just died: its streams break, at the other end mostly soon, sometimes late. */
    public void died(SimRuntime runtime) {
        for (Stream stream : new ArrayList<>(streams)) {
            if (stream.client == runtime || (stream.server != null && stream.server.runtime == runtime)) {
                long late = breaks == null ? 10_000 * MILLI : breaks.noticedNanos;
                long delay = random.nextInt(4) > 0 ? random.nextLong(50 * MILLI) : random.nextLong(late);
                scheduler.after(delay, () -> stream.lose("the other side is gone"));
            }
        }
    }

    /** Streams that the node of this incarnation has open. */
    long openAt(SimRuntime runtime) {
        return streams.stream()
                .filter(stream -> stream.server != null
                        && stream.server.runtime == runtime
                        && stream.session != null
                        && !stream.sessionClosed)
                .count();
    }

    private final class Stream implements Connection {
        private final SimRuntime client;
        private final String address;
        private final ConnectionHandler handler;
        private final Way<ClientFrame> up;
        private final Way<ServerFrame> down;
        private final long patience = 500 * MILLI + random.nextLong(15_000 * MILLI);
        private Server server;
        private EdgeSession session;
        private boolean clientClosed;
        private boolean sessionClosed;

        Stream(SimRuntime client, String address, ConnectionHandler handler) {
            this.client = client;
            this.address = address;
            this.handler = handler;
            this.up = new Way<>(this, this::toNode, this::closeSession);
            this.down = new Way<>(this, this::toClient, () -> {
                closeClient("closed by the node");
                scheduler.after(network.delay(), this::closeSession);
            });
        }

        void open() {
            if (clientClosed || !client.isAlive()) {
                streams.remove(this);
                return;
            }
            server = servers.get(address);
            if (server == null || !server.runtime.isAlive()) {
                boolean refused = random.nextBoolean();
                String reason = refused ? "connection refused" : "no answer";
                scheduler.after(refused ? 0 : 1_000 * MILLI, () -> closeClient(reason));
                return;
            }
            String from = client.name();
            String to = server.runtime.name();
            if (network.isCut(from, to) || network.isCut(to, from)) {
                scheduler.after(1_000 * MILLI, () -> closeClient("no answer"));
                return;
            }
            session = server.node.openSession(new EdgeSink() {
                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void send(ServerFrame frame) {
                    down.send(frame);
                }

                @Override
                public void close() {
                    down.end();
                }
            });
            up.begin(client, server.runtime);
            down.begin(server.runtime, client);
        }

        private void toNode(ClientFrame frame) {
            asked.accept(frame);
            server.runtime.runInline(() -> session.onFrame(frame));
        }

        private void toClient(ServerFrame frame) {
            observer.accept(frame);
            if (!clientClosed && client.isAlive()) {
                handler.onFrame(frame);
            }
        }

        @Override
        public void send(ClientFrame frame) {
            if (!clientClosed) {
                up.send(frame);
            }
        }

        @Override
        public void close() {
            up.end();
            scheduler.after(0, () -> closeClient("closed here"));
        }

        /** The network gives the stream up; the two ends learn of it one after the other. */
        void lose(String reason) {
            up.stop();
            down.stop();
            long latest = breaks == null ? 1_000 * MILLI : breaks.noticedNanos;
            scheduler.after(random.nextLong(latest), () -> closeClient(reason));
            scheduler.after(random.nextLong(latest), this::closeSession);
        }

        private void closeClient(String reason) {
            down.stop();
            if (!clientClosed) {
                clientClosed = true;
                if (client.isAlive()) {
                    handler.onClosed(reason);
                }
            }
            forget();
        }

        private void closeSession() {
            up.stop();
            if (!sessionClosed && session != null) {
                sessionClosed = true;
                if (server.runtime.isAlive()) {
                    session.onClosed();
                }
            }
            forget();
        }

        private void forget() {
            if (clientClosed && (sessionClosed || session == null)) {
                streams.remove(this);
            }
        }
    }

    /** One direction of a stream. */
    private final class Way<F extends MessageLite> {
        /** @param frame null if the stream ends or breaks with it */
        private record Parcel<F>(F frame, boolean breaks, long departure, long ready) {}

        private final Stream stream;
        private final Consumer<F> target;
        private final Runnable atEnd;
        private final ArrayDeque<Parcel<F>> parcels = new ArrayDeque<>();
        private SimRuntime from;
        private SimRuntime to;
        private long lastReady;
        private long heldSince = -1;
        private boolean moving;
        private boolean ending;
        private boolean stopped;

        Way(Stream stream, Consumer<F> target, Runnable atEnd) {
            this.stream = stream;
            this.target = target;
            this.atEnd = atEnd;
        }

        void begin(SimRuntime newFrom, SimRuntime newTo) {
            from = newFrom;
            to = newTo;
            move();
        }

        void send(F frame) {
            if (!ending && !stopped && (from == null || from.isAlive())) {
                boolean loses =
                        breaks != null && random.nextDouble() < breaks.chance.applyAsDouble(stream.client.name());
                ending = loses;
                add(loses ? null : frame, loses);
            }
        }

        /** Closes the other end after all that was sent. */
        void end() {
            if (!ending && !stopped) {
                ending = true;
                add(null, false);
            }
        }

        void stop() {
            stopped = true;
            parcels.clear();
        }

        private void add(F frame, boolean loses) {
            long now = scheduler.now();
            long again = network.loses() ? 200 * MILLI : 0;
            lastReady = Math.max(lastReady, now + network.delay() + again);
            parcels.add(new Parcel<>(frame, loses, now, lastReady));
            move();
        }

        private void move() {
            if (!moving && from != null && !parcels.isEmpty()) {
                moving = true;
                scheduler.at(Math.max(parcels.peek().ready, scheduler.now()), this::arrive);
            }
        }

        private void arrive() {
            moving = false;
            Parcel<F> parcel = parcels.peek();
            if (parcel == null) {
                return;
            }
            if (!from.wasAliveAt(parcel.departure) || !to.isAlive()) {
                stop();
                return;
            }
            if (to.isPaused()) {
                moving = true;
                scheduler.at(to.nextMoment(scheduler.now()) + random.nextLong(MILLI), this::arrive);
                return;
            }
            if (network.isCut(from.name(), to.name())) {
                hold();
                return;
            }
            heldSince = -1;
            parcels.remove();
            if (parcel.breaks) {
                broken++;
                stream.lose("the network gave it up");
                return;
            }
            if (parcel.frame == null) {
                stop();
                atEnd.run();
                return;
            }
            scheduler.trace().mix(scheduler.now() ^ TraceHash.of(parcel.frame.toByteArray()));
            target.accept(parcel.frame);
            move();
        }

        private void hold() {
            long now = scheduler.now();
            if (heldSince < 0) {
                heldSince = now;
            } else if (now - heldSince > stream.patience) {
                stream.lose("no answer");
                return;
            }
            moving = true;
            scheduler.after(50 * MILLI + random.nextLong(200 * MILLI), this::arrive);
        }
    }
}
