package io.flotilla.it.process;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.VersionRange;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A process of its own: strangers of all kinds come to one node, paced over some time. They invent names of nodes, send what is no frame,
 * connect and say nothing, and send frames of a node that they are not, with bits that are flipped and checksums that are right.
 */
final class StrangerFlood {
    private static final int TICKS_A_SECOND = 20;
    private static final int CHANNELS = 4;
    private static final int FRAMES_A_STREAM = 20;

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    };
    private static final MethodDescriptor<byte[], byte[]> CLIENTS =
            FleetGrpc.getStreamMethod().toBuilder(BYTES, BYTES).build();
    private static final MethodDescriptor<byte[], byte[]> NODES = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName("flotilla.raft.v1.Peer/Frames")
            .setRequestMarshaller(BYTES)
            .setResponseMarshaller(BYTES)
            .build();

    private final SplittableRandom random = new SplittableRandom(1);
    private final Map<String, AtomicLong> ends = new TreeMap<>();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Socket> silent = new ArrayList<>();
    private final String address;
    private String nodeId;
    private String fleetId;
    private int turn;

    private StrangerFlood(String address) {
        this.address = address;
        for (int i = 0; i < CHANNELS; i++) {
            channels.add(NettyChannelBuilder.forTarget("dns:///" + address)
                    .usePlaintext()
                    .proxyDetector(target -> null)
                    .build());
        }
    }

    /** @param args address of a node, name of another one, invented names, frames that are none, silent connections, frames with flipped bits, seconds */
    public static void main(String[] args) throws Exception {
        StrangerFlood flood = new StrangerFlood(args[0]);
        flood.askWhoIsThere();
        flood.run(
                args[1],
                Integer.parseInt(args[2]),
                Integer.parseInt(args[3]),
                Integer.parseInt(args[4]),
                Integer.parseInt(args[5]),
                Integer.parseInt(args[6]));
    }

    private void run(String other, int names, int noFrames, int connections, int flipped, int seconds)
            throws Exception {
        int ticks = seconds * TICKS_A_SECOND;
        long begun = System.nanoTime();
        for (int tick = 0; tick < ticks; tick++) {
            for (int i = part(names, tick, ticks); i > 0; i--) {
                greet("stranger-" + random.nextInt(1 << 30), random.nextBoolean() ? "" : fleetId)
                        .halfClose();
            }
            for (int i = part(noFrames, tick, ticks); i > 0; i--) {
                byte[] noise = new byte[1 + random.nextInt(200)];
                random.nextBytes(noise);
                noise[0] |= (byte) 0x87;
                start(CLIENTS, noise);
            }
            for (int i = part(connections, tick, ticks); i > 0; i--) {
                connect();
            }
            for (int left = part(flipped, tick, ticks); left > 0; left -= FRAMES_A_STREAM) {
                ClientCall<byte[], byte[]> call = greet(other, fleetId);
                for (int i = Math.min(left, FRAMES_A_STREAM); i > 0; i--) {
                    call.sendMessage(flippedFrame());
                }
                call.halfClose();
            }
            long wait = begun + (tick + 1) * TimeUnit.SECONDS.toNanos(1) / TICKS_A_SECOND - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(wait);
            }
        }
        double took = (System.nanoTime() - begun) / 1e9;
        double cpu = ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                        .getProcessCpuTime()
                / 1e9;
        System.out.printf(
                "strangers: %d invented names, %d frames that are none, %d silent connections, %d frames with flipped bits"
                        + " in %.1f s, own CPU %.1f s; streams ended: %s%n",
                names, noFrames, connections, flipped, took, cpu, ends);
        for (Socket socket : silent) {
            socket.close();
        }
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private static int part(int all, int tick, int ticks) {
        return (int) ((long) all * (tick + 1) / ticks - (long) all * tick / ticks);
    }

    private void askWhoIsThere() throws Exception {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        ClientCall<byte[], byte[]> call = channels.get(0).newCall(CLIENTS, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(byte[] message) {
                        answer.complete(message);
                    }
                },
                new Metadata());
        call.request(1);
        call.sendMessage(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(2).setOldestProtocolVersion(2))
                .build()
                .toByteArray());
        ServerFrame frame = ServerFrame.parseFrom(answer.get(20, TimeUnit.SECONDS));
        nodeId = frame.getHello().getNodeId();
        fleetId = frame.getHello().getFleetId();
        call.halfClose();
    }

    private void connect() throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket();
        silent.add(socket);
        try {
            socket.connect(
                    new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
                    1_000);
        } catch (IOException refused) {
            socket.close();
        }
    }

    private ClientCall<byte[], byte[]> greet(String name, String fleet) {
        NodeStart start = new NodeStart(1 + random.nextInt(1_000), random.nextLong(), random.nextInt(1 << 20));
        Greeting greeting = new Greeting(
                VersionRange.SPOKEN,
                new NodeId(name),
                "127.0.0.1:1",
                new NodeId(nodeId),
                fleet,
                start,
                start.heldBatch(),
                PeerRecord.NONE);
        return start(NODES, greeting.encode());
    }

    private ClientCall<byte[], byte[]> start(MethodDescriptor<byte[], byte[]> method, byte[] first) {
        ClientCall<byte[], byte[]> call = channels.get(turn++ % CHANNELS).newCall(method, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        synchronized (ends) {
                            ends.computeIfAbsent(status.getCode().name(), code -> new AtomicLong())
                                    .incrementAndGet();
                        }
                    }
                },
                new Metadata());
        call.request(2);
        call.sendMessage(first);
        return call;
    }

    private byte[] flippedFrame() {
        long term = 1 + random.nextInt(100);
        Message message = random.nextBoolean()
                ? new Message.VoteRequest(term, new EntryId(term - 1, random.nextInt(1 << 20)), true)
                : new Message.Heartbeat(term, random.nextInt(1 << 20), random.nextInt(1 << 20));
        byte[] frame = MessageCodec.frame(List.of(new GroupMessage(1 + random.nextInt(3), message)));
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            frame[4 + random.nextInt(frame.length - 4)] ^= (byte) (1 << random.nextInt(8));
        }
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(frame, 4, frame.length - 4);
        return java.nio.ByteBuffer.wrap(frame).putInt(0, (int) crc.getValue()).array();
    }
}
