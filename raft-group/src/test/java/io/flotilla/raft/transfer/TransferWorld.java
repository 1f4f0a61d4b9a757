package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.TransportReceiver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/** Some nodes with nothing but transfers, in virtual time. */
final class TransferWorld {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1000 * MILLI;
    static final int KIND = 7;
    static final int PART = 1_000;

    final SimScheduler scheduler = new SimScheduler(5);
    final SimNetwork network = new SimNetwork(scheduler);
    final SplittableRandom random = new SplittableRandom(9);
    final Map<String, Node> nodes = new TreeMap<>();
    final TransferConfig config;

    TransferWorld(TransferConfig config, String... names) {
        this.config = config;
        for (String name : names) {
            nodes.put(name, new Node(name));
        }
        nodes.values().forEach(Node::start);
    }

    static TransferConfig config() {
        return new TransferConfig(2, 2, PART, 8, 100L << 20, 500 * MILLI, SECOND, 15 * SECOND);
    }

    static TransferId id(String text) {
        byte[] bytes = ("?" + text).getBytes(StandardCharsets.US_ASCII);
        bytes[0] = KIND;
        return TransferId.of(bytes);
    }

    /** The bytes that an id stands for. */
    static byte[] content(TransferId id, int size) {
        byte[] bytes = new byte[size];
        new SplittableRandom(id.hashCode()).nextBytes(bytes);
        return bytes;
    }

    void run(long nanos) {
        scheduler.runUntil(scheduler.now() + nanos);
    }

    void until(long limit, String what, BooleanSupplier condition) {
        long end = scheduler.now() + limit;
        while (!condition.getAsBoolean()) {
            if (scheduler.now() >= end) {
                throw new AssertionError("not within " + limit / MILLI + " ms: " + what);
            }
            run(MILLI);
        }
    }

    /** What is put on its way. @param decides -1 to lose it, else the delay */
    void carry(java.util.function.ToLongFunction<BulkMessage> decides) {
        network.setCarrier(new SimNetwork.Carrier() {
            @Override
            public long carry(NodeId from, NodeId to, GroupMessage message) {
                return MILLI;
            }

            @Override
            public long carry(NodeId from, NodeId to, BulkMessage message) {
                return decides.applyAsLong(message);
            }
        });
    }

    final class Node implements TransferProvider, TransferTarget, TransportReceiver {
        final NodeId id;
        SimDisk disk;
        SimRuntime runtime;
        Transfers transfers;

        /** What this node gives: sizes by id. */
        final Map<TransferId, Integer> gives = new TreeMap<>();
        /** Whether it gives the same again after a restart. */
        boolean lasts = true;

        /** Whether it is no defect if the node can't go on. */
        boolean mayStop;
        /** Why the node can't go on, or null. */
        Throwable stopped;

        /** How long writes of its log take; -1 without any. */
        long writeNanos = -1;

        String refusal;
        boolean fails;
        /** Whether what is opened never gets ready. */
        boolean isMute;
        /** Whether what it gives can't be begun again. */
        boolean hasNoBeginning;
        /** What this node has got, in this and earlier lives. */
        final Map<TransferId, byte[]> got = new TreeMap<>();

        final List<String> failures = new ArrayList<>();
        final List<String> overs = new ArrayList<>();
        final TreeSet<TransferId> opened = new TreeSet<>();
        long bytesOut;
        long opens;

        Node(String name) {
            this.id = new NodeId(name);
            this.disk = new SimDisk(name, scheduler, random.nextLong());
        }

        private int starts;

        private void stopped(Throwable cause) {
            if (mayStop) {
                stopped = cause;
            } else {
                scheduler.fail(cause);
            }
        }

        void start() {
            runtime = new SimRuntime(scheduler, id.value(), random.split(), 0, 0);
            SimTransport transport = new SimTransport(network, runtime, id, id + ":1");
            for (String other : nodes.keySet()) {
                transport.setAddress(new NodeId(other), other + ":1");
            }
            transfers = new Transfers(
                    config, runtime.clock(), runtime.lane("transfers"), transport, disk, new TransferCounters());
            transfers.bind(KIND, this, this);
            transfers.giveWayTo(() -> writeNanos);
            starts++;
            transport.start(new NodeStart(starts, starts, 0), () -> 0, peer -> PeerRecord.NONE, this);
            transfers.start(this::stopped);
        }

        /** @param powerCut whether what was not synced is lost */
        void crash(boolean powerCut) {
            bytesOut();
            counted = 0;
            runtime.kill();
            long now = scheduler.now();
            disk = powerCut ? disk.crash(now, random.split()) : disk.kill(now);
            transfers = null;
            if (!lasts) {
                opened.clear();
            }
        }

        private long counted;

        long bytesOut() {
            if (transfers != null) {
                long now = transfers.counters().bytesOut.sum();
                bytesOut += now - counted;
                counted = now;
            }
            return bytesOut;
        }

        void fetch(String from, TransferId what) {
            transfers.lane().execute(() -> {
                if (!transfers.receiver().fetch(new NodeId(from), what, this)) {
                    failures.add("not begun");
                }
                transfers.keepTicking();
            });
        }

        @Override
        public void receive(NodeId from, List<GroupMessage> messages) {}

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {
            transfers.receive(from, message);
        }

        @Override
        public void open(NodeId peer, TransferId what, byte[] position, Opening opening) {
            Integer size = gives.get(what);
            if (isMute) {
                return;
            }
            if (refusal != null || size == null) {
                opening.refused(Reason.REFUSED, 0, refusal != null ? refusal : "there is no such thing");
            } else if (position.length > 0 && !opened.contains(what)) {
                opening.refused(Reason.GONE, 0, "it is another one by now");
            } else {
                opened.add(what);
                opens++;
                opening.opened(new Content(content(what, size)));
            }
        }

        @Override
        public void closed(NodeId peer, TransferId what, Throwable cause) {
            overs.add(what + " closed " + (cause == null ? "silent" : cause.getMessage()));
        }

        @Override
        public void misplaced(NodeId peer, TransferId what) {
            overs.add(what + " misplaced");
        }

        @Override
        public void over(NodeId peer, TransferId what, Outcome outcome, String text) {
            overs.add(what + " " + outcome);
        }

        @Override
        public void offered(NodeId from, TransferId what) {
            if (!transfers.receiver().fetch(from, what, this)) {
                transfers.receiver().decline(from, what, Outcome.BUSY, "");
            }
        }

        @Override
        public boolean recovered(NodeId from, TransferId what) {
            return true;
        }

        @Override
        public void begun(TransferId what, byte[] first) {}

        @Override
        public void whole(TransferId what, TransferStore parts) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            try {
                TransferStore.Reader reader = parts.read();
                for (byte[] part = reader.next(); part != null; part = reader.next()) {
                    all.writeBytes(part);
                }
            } catch (IOException e) {
                scheduler.fail(e);
            }
            got.put(what, all.toByteArray());
            transfers.receiver().end(what, Outcome.HELD, "");
        }

        @Override
        public void failed(TransferId what, Failure failure, String text) {
            failures.add(failure + " " + text);
        }

        /** Rows of random length; positions are offsets. */
        private final class Content implements TransferSource {
            private final byte[] bytes;
            private int at;

            Content(byte[] bytes) {
                this.bytes = bytes;
            }

            @Override
            public void seek(byte[] position) {
                if (position.length == 0 && hasNoBeginning) {
                    throw new IllegalArgumentException("it has no beginning");
                }
                at = position.length == 0 ? 0 : ByteBuffer.wrap(position).getInt();
            }

            @Override
            public Chunk next(int maxBytes) {
                if (fails) {
                    throw new IllegalStateException("the disk is broken");
                }
                if (at == bytes.length) {
                    return null;
                }
                int from = at;
                at = Math.min(bytes.length, at + maxBytes - (from / 7) % 100);
                return new Chunk(
                        Arrays.copyOfRange(bytes, from, at),
                        ByteBuffer.allocate(4).putInt(at).array());
            }

            @Override
            public void close() {}
        }
    }
}
