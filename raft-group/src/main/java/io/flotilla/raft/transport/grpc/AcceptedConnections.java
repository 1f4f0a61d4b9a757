package io.flotilla.raft.transport.grpc;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a server's connections up to a bound, so that files and other servers of the process have descriptors left. Beyond it the one
 * that has waited longest with its first word makes room, and if all have spoken the new one is closed. First in a server channel's
 * pipeline. Thread-safe.
 */
@ChannelHandler.Sharable
public final class AcceptedConnections extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptedConnections.class);
    private static final long NANOS_BETWEEN_WARNINGS = TimeUnit.MINUTES.toNanos(1);

    private final String where;
    private final int most;

    // guarded by this
    private final Set<Channel> silent = new LinkedHashSet<>();
    /** All that count: one that makes room does not from then on. */
    private final Set<Channel> open = new HashSet<>();

    private long turnedAway;
    private long warned = System.nanoTime() - NANOS_BETWEEN_WARNINGS;

    /** @param where names the server in the log */
    public AcceptedConnections(String where, int most) {
        this.where = where;
        this.most = most;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Channel connection = (Channel) message;
        Channel goes = null;
        boolean isTaken;
        synchronized (this) {
            if (open.size() >= most) {
                turnedAway++;
                warn();
                goes = longestSilent();
            }
            isTaken = open.size() < most;
            if (isTaken) {
                open.add(connection);
                silent.add(connection);
            }
        }
        if (!isTaken) {
            connection.unsafe().closeForcibly();
            return;
        }
        if (goes != null) {
            closeNow(goes);
        }
        connection.closeFuture().addListener(over -> closed(connection));
        connection.pipeline().addLast(new FirstWord());
        context.fireChannelRead(message);
    }

    /** Not by its handlers: those of HTTP/2 take leave of the other side first, and wait up to half a minute for its answer. */
    private static void closeNow(Channel connection) {
        connection.eventLoop().execute(() -> connection.unsafe().close(connection.voidPromise()));
    }

    /** It makes room; null if all have spoken. */
    private synchronized Channel longestSilent() {
        Iterator<Channel> longest = silent.iterator();
        if (!longest.hasNext()) {
            return null;
        }
        Channel found = longest.next();
        closed(found);
        return found;
    }

    private synchronized void warn() {
        long now = System.nanoTime();
        if (now - warned >= NANOS_BETWEEN_WARNINGS) {
            warned = now;
            LOG.warn(
                    "{} has the {} connections that it may have; {} were turned away or made room so far",
                    where,
                    most,
                    turnedAway);
        }
    }

    private synchronized void heard(Channel connection) {
        silent.remove(connection);
    }

    private synchronized void closed(Channel connection) {
        silent.remove(connection);
        open.remove(connection);
    }

    /** How many are open. */
    public synchronized int open() {
        return open.size();
    }

    /** How many were closed because there were too many, since the start. */
    public synchronized long turnedAway() {
        return turnedAway;
    }

    private final class FirstWord extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            heard(context.channel());
            context.pipeline().remove(this);
            context.fireChannelRead(message);
        }
    }
}
