package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.runtime.threads.Carriers;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFactory;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.SelectStrategyFactory;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of one node's connections, which may carry its non-blocking lanes: what all connections brought, the
 * turn of a worker that it led to, and the frames which that wrote, are then one round of one thread. Thread-safe.
 */
public final class NetworkThreads implements Carriers, AutoCloseable {
    /** The system property by which netty itself is told how many threads to use. */
    public static final String COUNT_PROPERTY = "io.grpc.netty.shaded.io.netty.eventLoopThreads";

    private static final int STOP_SECONDS = 2;

    private final MultiThreadIoEventLoopGroup loops;
    private final List<Executor> carriers = new ArrayList<>();
    private final Class<? extends Channel> channelType;
    private final ChannelFactory<? extends ServerChannel> serverChannels;
    private volatile long nanosApart;
    private volatile boolean closed;

    /**
     * @param name put before the threads' names
     * @param count of threads, at least 1
     */
    public NetworkThreads(String name, int count) {
        SelectStrategyFactory rounds =
                () -> new PacedRounds(() -> nanosApart, System::nanoTime, LockSupport::parkNanos);
        IoHandlerFactory handlers;
        if (Epoll.isAvailable()) {
            handlers = EpollIoHandler.newFactory(0, rounds);
            channelType = EpollSocketChannel.class;
            serverChannels = EpollServerSocketChannel::new;
        } else {
            handlers = NioIoHandler.newFactory(SelectorProvider.provider(), rounds);
            channelType = NioSocketChannel.class;
            serverChannels = NioServerSocketChannel::new;
        }
        loops = new MultiThreadIoEventLoopGroup(count, new DefaultThreadFactory(name, true), handlers);
        loops.forEach(carriers::add);
    }

    /** How many threads suit this machine: half as many as processors, unless {@link #COUNT_PROPERTY} says otherwise. */
    public static int suitableCount() {
        int half = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return Math.max(1, Integer.getInteger(COUNT_PROPERTY, half));
    }

    /** Lets a server use these threads, for all that it does, and take no more connections than it may. */
    public NettyServerBuilder serve(NettyServerBuilder server, AcceptedConnections connections) {
        return server.bossEventLoopGroup(loops).workerEventLoopGroup(loops).channelFactory(() -> {
            ServerChannel channel = serverChannels.newChannel();
            channel.pipeline().addFirst(connections);
            return channel;
        });
    }

    NettyChannelBuilder connect(NettyChannelBuilder channel) {
        return channel.eventLoopGroup(loops).channelType(channelType);
    }

    @Override
    public Executor carrier(int number) {
        return carriers.get(number % carriers.size());
    }

    @Override
    public void setRoundNanos(long nanos) {
        nanosApart = nanos;
    }

    /** Whether some have ended though this is not closed. */
    public boolean haveEnded() {
        return !closed && loops.isShuttingDown();
    }

    /** Ends the threads, those that use them having been closed before; waits for that, some seconds at most. */
    @Override
    public void close() {
        closed = true;
        setRoundNanos(0);
        loops.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    }
}
