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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One kind of outgoing stream to one peer. Thread-safe: whoever sends may find itself writing for all others, one at a time;
 * connecting and its state are guarded by this object's monitor. Whatever goes wrong ends the stream, and a new one is
 * tried a little later.
 *
 * <p>The peer is looked for where it was said to be, then where it answered last, then where it is said to listen now: whoever answers
 * first as this peer is believed, and who does not answer there is not. While a stream is there, a second one may look once more.
 */
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final long FIRST_BACKOFF_MILLIS = 20;
    private static final long LONGEST_BACKOFF_MILLIS = 500;
    /** Looks that strangers may cause are so far apart. */
    private static final long NANOS_BETWEEN_LOOKS = 250_000_000L;

    private static final int CONNECT_TIMEOUT_MILLIS = 3_000;
    private static final int GREETING_TIMEOUT_MILLIS = 10_000;
    private static final int READY_BYTES = 1 << 20;

    private final GrpcTransport transport;
    private final Peer owner;
    private final NodeId peer;
    private final MethodDescriptor<byte[], byte[]> method;
    private final FrameQueue queue;
    private final AtomicInteger writers = new AtomicInteger();
    private volatile boolean begun;
    /** The one that is written to: the peer has greeted on it. */
    private volatile Stream stream;

    private volatile boolean purge;

    // guarded by this
    private boolean closed;
    private String configured;
    /** Where it answered last; null if it never did. */
    private String found;
    /** Where somebody says that it listens; null if nobody does. */
    private String hint;
    /** A stream on which the peer has not greeted yet. */
    private Stream attempt;
    /** Which of the addresses is tried next. */
    private int turn;

    private long backoffMillis = FIRST_BACKOFF_MILLIS;
    private String lastTrouble = "";
    private long lookedAt = System.nanoTime() - NANOS_BETWEEN_LOOKS;
    /** Somebody came since the attempt began. */
    private boolean looksAgain;

    private boolean lookPlanned;
    private boolean retryPlanned;

    PeerLink(
            GrpcTransport transport,
            Peer owner,
            NodeId peer,
            MethodDescriptor<byte[], byte[]> method,
            FrameQueue queue) {
        this.transport = transport;
        this.owner = owner;
        this.peer = peer;
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

    /**
     * An address told again changes nothing, so that it can't undo where the peer was found since. A stream that is there stays until the
     * peer has answered at a new one.
     */
    synchronized void configured(String newAddress) {
        if (newAddress.equals(configured)) {
            return;
        }
        LOG.debug("{}: {} is at {}", transport.self(), peer, newAddress);
        configured = newAddress;
        backoffMillis = FIRST_BACKOFF_MILLIS;
        turn = 0;
        if (attempt != null) {
            drop(attempt);
            attempt = null;
        }
        connect();
    }

    /** The peer is alive: an attempt that waits need not wait long. */
    synchronized void wake() {
        if (stream == null && attempt == null) {
            backoffMillis = FIRST_BACKOFF_MILLIS;
            connect();
        }
    }

    /** Somebody says that it is the peer and listens there: the peer is asked, also if there is a stream to it. */
    synchronized void lookFor(String address) {
        if (!address.equals(configured) && !address.equals(found)) {
            hint = address;
        }
        if (attempt != null) {
            looksAgain = true;
        } else {
            look();
        }
    }

    private void look() {
        if (lookPlanned || closed) {
            return;
        }
        long wait = lookedAt + NANOS_BETWEEN_LOOKS - System.nanoTime();
        if (wait > 0) {
            lookPlanned = true;
            transport.later(this::plannedLook, wait);
            return;
        }
        lookedAt = System.nanoTime();
        turn = 0;
        connect();
    }

    private synchronized void plannedLook() {
        lookPlanned = false;
        if (attempt == null) {
            look();
        } else {
            looksAgain = true;
        }
    }

    private List<String> addresses() {
        List<String> all = new ArrayList<>(3);
        for (String each : new String[] {configured, found, hint}) {
            if (each != null && !all.contains(each)) {
                all.add(each);
            }
        }
        return all;
    }

    private void connect() {
        if (!begun || closed || configured == null || attempt != null) {
            return;
        }
        List<String> addresses = addresses();
        String target = addresses.get(turn % addresses.size());
        looksAgain = false;
        Stream next = null;
        try {
            next = new Stream(target, owner.nextNumber());
            attempt = next;
            next.open();
            Stream opened = next;
            transport.later(() -> giveUp(opened), TimeUnit.MILLISECONDS.toNanos(GREETING_TIMEOUT_MILLIS));
        } catch (RuntimeException | Error e) {
            LOG.debug("{}: can't open a stream to {} at {}", transport.self(), peer, target, e);
            if (next == null) {
                connectLater(target, troubleOf(e));
            } else {
                ended(next, troubleOf(e));
            }
        }
    }

    private static Status troubleOf(Throwable e) {
        return Status.UNKNOWN.withDescription(e.toString()).withCause(e);
    }

    private static void drop(Stream old) {
        old.channel.shutdownNow();
    }

    /** The peer has greeted: only now it is known that it can read what is sent here. @return false if nobody waits for that */
    private synchronized boolean accepted(Stream which) {
        if (attempt != which) {
            return false;
        }
        attempt = null;
        turn = 0;
        backoffMillis = FIRST_BACKOFF_MILLIS;
        lastTrouble = "";
        Stream before = stream;
        boolean isKnown = before != null
                && before.to.equals(which.to)
                && before.greeting.start().equals(which.greeting.start());
        if (isKnown) {
            // what is on its way in the first one must not be lost
            drop(which);
        } else {
            stream = which;
            found = which.to;
            hint = null;
            if (before != null) {
                drop(before);
            }
            LOG.info("{}: connected to {} at {}", transport.self(), peer, which.to);
        }
        if (looksAgain) {
            look();
        }
        return true;
    }

    private synchronized void ended(Stream which, Status status) {
        if (stream == which) {
            stream = null;
            try {
                drop(which);
            } finally {
                if (attempt == null) {
                    connectLater(which.to, status);
                }
            }
        } else if (attempt == which) {
            attempt = null;
            if (which.to.equals(hint)) {
                hint = null; // it was not true, or is said again
            } else {
                turn++;
            }
            try {
                drop(which);
            } finally {
                if (stream == null || turn > 0 && turn < addresses().size()) {
                    connectLater(which.to, status);
                } else {
                    turn = 0;
                    if (looksAgain) {
                        look();
                    }
                }
            }
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
        purge = purge || stream == null;
        String trouble = status.getCode() + " " + status.getDescription();
        if (!trouble.equals(lastTrouble)) {
            lastTrouble = trouble;
            LOG.warn("{}: no stream to {} at {}: {}", transport.self(), peer, to, trouble);
        }
        if (retryPlanned) {
            return; // one at a time, however many wake it
        }
        retryPlanned = true;
        transport.later(this::connectAgain, TimeUnit.MILLISECONDS.toNanos(backoffMillis));
        backoffMillis = Math.min(LONGEST_BACKOFF_MILLIS, backoffMillis * 2);
    }

    private synchronized void connectAgain() {
        retryPlanned = false;
        if (stream == null || turn > 0) {
            connect();
        }
    }

    synchronized void close() {
        closed = true;
        if (attempt != null) {
            drop(attempt);
        }
        if (stream != null) {
            drop(stream);
        }
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
        private final long number;
        private final ManagedChannel channel;
        private final ClientCall<byte[], byte[]> call;
        /** The peer's; of gRPC's calls, which come one at a time, until it is there. */
        private Greeting greeting;

        Stream(String to, long number) {
            this.to = to;
            this.number = number;
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
            transport.later(this::giveUp, TimeUnit.MILLISECONDS.toNanos(CONNECT_TIMEOUT_MILLIS));
        }

        private void giveUp() {
            boolean waits;
            synchronized (PeerLink.this) {
                waits = attempt == this;
            }
            if (waits) {
                call.cancel("no greeting came within " + CONNECT_TIMEOUT_MILLIS + " ms", null);
            }
        }

        @Override
        public void onMessage(byte[] bytes) {
            String objection;
            try {
                Greeting theirs = Greeting.decode(bytes, transport.versions());
                objection = greeting != null ? "a second greeting came" : transport.objectionTo(theirs, peer);
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
            if (method != GrpcTransport.FRAMES) {
                if (accepted(this)) {
                    write();
                }
                return;
            }
            transport.greeted(greeting);
            if (transport.isOutdatedBy(greeting)) {
                return; // it ends the stream, and this node ends
            }
            if (accepted(this)) {
                owner.proved(greeting, to, number);
                owner.foundAt(to);
                write();
            }
        }

        @Override
        public void onReady() {
            write();
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (greeting != null && method == GrpcTransport.FRAMES) {
                transport.parted(greeting);
                if (status.getCode() == Status.Code.ALREADY_EXISTS) {
                    transport.displaced(peer, status.getDescription());
                }
            }
            ended(this, status);
            write();
        }
    }
}
