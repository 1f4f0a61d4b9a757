package io.flotilla.ops.http;

import io.flotilla.ops.cli.HostPort;
import io.flotilla.raft.transport.grpc.AcceptedConnections;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.SocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpServerCodec;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Answers GET for a few fixed paths. One thread does the network's part and gives the quick answers; each of the slow ones has
 * a thread of its own and a short queue, beyond which whoever comes hears 503. A connection carries one request, which must be there
 * whole, and its answer be taken, within seconds; how many there are is bounded. Thread-safe.
 */
final class HttpServer implements AutoCloseable {
    private static final int WAITING = 64;
    private static final int LINE_BYTES = 4 << 10;
    private static final int HEADER_BYTES = 16 << 10;

    private final AcceptedConnections connections;
    private final MultiThreadIoEventLoopGroup network =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("http-net", true), NioIoHandler.newFactory());
    private final Map<String, Page> pages = new TreeMap<>();
    private final List<ExecutorService> threads = new ArrayList<>();
    private Channel listening;
    private volatile boolean closed;

    HttpServer(AcceptedConnections connections) {
        this.connections = connections;
    }

    /** What is to be sent. */
    record Answer(int code, String type, String body) {}

    /**
     * What there is at one path.
     *
     * @param thread null if it is made on the network's
     */
    record Page(Supplier<Answer> content, ExecutorService thread) {}

    /** Before the start. @param content must neither block nor take long */
    void quick(String path, Supplier<Answer> content) {
        pages.put(path, new Page(content, null));
    }

    /** Before the start. @param content may block */
    void slow(String path, Supplier<Answer> content) {
        ThreadPoolExecutor thread =
                new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(WAITING), task -> {
                    Thread made = new Thread(task, "http " + path);
                    made.setDaemon(true);
                    return made;
                });
        threads.add(thread);
        pages.put(path, new Page(content, thread));
    }

    /** @throws IOException if the address can't be listened at */
    void start(HostPort at) throws IOException {
        InetSocketAddress address = new InetSocketAddress(at.host(), at.port());
        if (address.isUnresolved()) {
            throw new IOException("unknown host " + at.host());
        }
        ChannelFuture bound = new ServerBootstrap()
                .group(network)
                .channelFactory(() -> {
                    NioServerSocketChannel channel = new NioServerSocketChannel();
                    channel.pipeline().addFirst(connections);
                    return channel;
                })
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec(LINE_BYTES, HEADER_BYTES, HEADER_BYTES))
                                .addLast(new HttpExchange(pages));
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw bound.cause() instanceof IOException taken ? taken : new IOException(bound.cause());
        }
        listening = bound.channel();
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** Whether its thread has ended though this is not closed. */
    boolean hasEnded() {
        return !closed && network.isShuttingDown();
    }

    /** Stops at once. */
    @Override
    public void close() {
        closed = true;
        if (listening != null) {
            listening.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        }
        network.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        threads.forEach(ExecutorService::shutdownNow);
    }
}
