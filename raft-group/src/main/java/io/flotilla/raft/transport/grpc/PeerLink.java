package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.MalformedFrameException;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One kind of outgoing stream to one peer. Thread-safe: whoever sends may find itself writing for all others, one at a time;
 * connecting and its state are guarded by this object's monitor. Whatever goes wrong ends the stream, and a new one is
 * tried a little later.
 */
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final long FIRST_BACKOFF_MILLIS = 20;
    private static final long LONGEST_BACKOFF_MILLIS = 500;
    private static final int CONNECT_TIMEOUT_MILLIS = 3_000;
    private static final int GREETING_TIMEOUT_MILLIS = 10_000;
    private static final int READY_BYTES = 1 << 20;

    private final GrpcTransport transport;
    private final NodeId peer;
    private final RetryTimer timer;
    private final MethodDescriptor<byte[], byte[]> method;
    private final FrameQueue queue;
    private final AtomicInteger writers = new AtomicInteger();
    private volatile boolean begun;
    private volatile Stream stream;
    private volatile boolean purge;

    // guarded by this
    private boolean closed;
    private String configured;
    private String address;
    private Stream attempt;
    private long backoffMillis = FIRST_BACKOFF_MILLIS;
    private String lastTrouble = "";

    PeerLink(
            GrpcTransport transport,
            NodeId peer,
            RetryTimer timer,
            MethodDescriptor<byte[], byte[]> method,
            FrameQueue queue) {
        this.transport = transport;
        this.peer = peer;
        this.timer = timer;
        this.method = method;
        this.queue = queue;
    }

    /** Connects as soon as the address is known. Called again, it does nothing. */
    void start() {
        if (!begun) {
            begin();
        }
    }

    private synchronized void begin() {
        if (!begun) {
            begun = true;
            connect();
        }
    }

    /** An address told again changes nothing, so that it can't undo what the peer itself has said since. */
    synchronized void configured(String newAddress) {
        if (!newAddress.equals(configured)) {
            configured = newAddress;
            moveTo(newAddress);
        }
    }

    synchronized void learnt(String newAddress) {
        moveTo(newAddress);
    }

    private void moveTo(String newAddress) {
        if (newAddress.equals(address)) {
            if (stream == null && attempt == null) {
                backoffMillis = FIRST_BACKOFF_MILLIS; // it is alive: the waiting attempt need not wait long
                connect();
            }
            return;
        }
        LOG.debug("{}: {} is at {}", transport.self(), peer, newAddress);
        address = newAddress;
        drop(attempt);
        backoffMillis = FIRST_BACKOFF_MILLIS;
        connect();
    }

    private void connect() {
        if (!begun || closed || address == null || attempt != null) {
            return;
        }
        Stream next = null;
        try {
            next = new Stream(address);
            attempt = next;
            next.open();
            Stream opened = next;
            timer.after(GREETING_TIMEOUT_MILLIS, () -> giveUp(opened));
        } catch (RuntimeException | Error e) {
            LOG.debug("{}: can't open a stream to {} at {}", transport.self(), peer, address, e);
            if (next == null) {
                connectLater(address, troubleOf(e));
            } else {
                ended(next, troubleOf(e));
            }
        }
    }

    private static Status troubleOf(Throwable e) {
        return Status.UNKNOWN.withDescription(e.toString()).withCause(e);
    }

    private void drop(Stream old) {
        if (old != null) {
            if (stream == old) {
                stream = null;
            }
            attempt = null;
            old.channel.shutdownNow();
        }
    }

    /** The peer has greeted: only now it is known that it can read what is sent here. */
    private synchronized void accepted(Stream which) {
        if (attempt == which) {
            stream = which;
            backoffMillis = FIRST_BACKOFF_MILLIS;
            lastTrouble = "";
            LOG.info("{}: connected to {} at {}", transport.self(), peer, which.to);
        }
    }

    private synchronized void ended(Stream which, Status status) {
        if (attempt != which) {
            return;
        }
        try {
            drop(which);
        } finally {
            connectLater(which.to, status);
        }
    }

    /** Whoever does not greet in time is tried anew: what was sent may be lost, or the timers of the network stand. */
    private synchronized void giveUp(Stream which) {
        if (attempt == which && stream != which) {
            ended(which, Status.DEADLINE_EXCEEDED.withDescription("no greeting came"));
        }
    }

    private void connectLater(String to, Status status) {
        if (closed) {
            return;
        }
        purge = true;
        String trouble = status.getCode() + " " + status.getDescription();
        if (!trouble.equals(lastTrouble)) {
            lastTrouble = trouble;
            LOG.warn("{}: no stream to {} at {}: {}", transport.self(), peer, to, trouble);
        }
        timer.after(backoffMillis, this::connectAgain);
        backoffMillis = Math.min(LONGEST_BACKOFF_MILLIS, backoffMillis * 2);
    }

    private synchronized void connectAgain() {
        connect();
    }

    synchronized void close() {
        closed = true;
        drop(attempt);
        queue.close();
    }

    /** Writes what waits, if no other thread is at it; that one then goes round once more. */
    void write() {
        if (writers.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            writeReady();
            seen = writers.addAndGet(-seen);
        } while (seen != 0);
    }

    private void writeReady() {
        if (purge) {
            purge = false;
            transport.dropped.add(queue.clear());
        }
        Stream to = stream;
        if (to == null) {
            return;
        }
        try {
            while (to.call.isReady()) {
                byte[] frame = queue.nextFrame();
                if (frame == null) {
                    return;
                }
                transport.framesOut.increment();
                transport.bytesOut.add(frame.length);
                to.call.sendMessage(frame);
            }
        } catch (IllegalStateException e) {
            LOG.debug("{}: the stream to {} ended meanwhile", transport.self(), peer, e);
        } catch (RuntimeException | Error e) {
            LOG.debug("{}: can't write to {} at {}", transport.self(), peer, to.to, e);
            to.call.cancel("can't write", e);
            ended(to, troubleOf(e));
        }
    }

    /** One attempt: a channel of its own, so that the time between attempts is ours and not the channel's. */
    private final class Stream extends ClientCall.Listener<byte[]> {
        private final String to;
        private final ManagedChannel channel;
        private final ClientCall<byte[], byte[]> call;
        /** The peer's; of gRPC's calls, which come one at a time. */
        private Greeting greeting;

        Stream(String to) {
            this.to = to;
            this.channel = transport
                    .channelTo(to)
                    .usePlaintext()
                    .directExecutor()
                    .disableRetry()
                    .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                    .keepAliveTime(GrpcRaftService.KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(3, TimeUnit.SECONDS)
                    .build();
            this.call = channel.newCall(method, CallOptions.DEFAULT.withOnReadyThreshold(READY_BYTES));
        }

        void open() {
            call.start(this, new Metadata());
            call.request(1);
            call.sendMessage(transport.greetingTo(peer).encode());
            // once the peer has greeted only write() touches the call
        }

        @Override
        public void onMessage(byte[] bytes) {
            String objection;
            try {
                Greeting theirs = Greeting.decode(bytes, transport.versions());
                objection = greeting != null
                        ? "a second greeting came"
                        : theirs.objectionOf(transport.versions(), transport.self(), transport.fleetId());
                if (objection == null) {
                    greeting = theirs;
                }
            } catch (MalformedFrameException e) {
                objection = e.getMessage();
            }
            if (objection != null) {
                call.cancel(objection, null);
                return;
            }
            if (method == GrpcTransport.FRAMES) {
                transport.greeted(greeting);
            }
            accepted(this);
            write();
        }

        @Override
        public void onReady() {
            write();
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (greeting != null && method == GrpcTransport.FRAMES) {
                transport.parted(greeting);
            }
            ended(this, status);
            write();
        }
    }
}
