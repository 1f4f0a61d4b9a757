package io.flotilla.ops.http;

import io.flotilla.ops.http.HttpServer.Answer;
import io.flotilla.ops.http.HttpServer.Page;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.SimpleChannelInboundHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.ChannelInputShutdownEvent;
import io.grpc.netty.shaded.io.netty.channel.socket.SocketChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaderNames;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObject;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection with its one request. Belongs to the network's thread. */
final class HttpExchange extends SimpleChannelInboundHandler<HttpObject> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpExchange.class);
    private static final String TEXT = "text/plain; charset=utf-8";
    /** Until then the request must be there. */
    static final int REQUEST_SECONDS = 5;
    /** Until then all must be over. */
    static final int ALL_SECONDS = 15;
    /** For the other end to take the rest of the answer and close. */
    private static final int LINGER_SECONDS = 1;

    private final Map<String, Page> pages;
    private boolean asked;
    private boolean answered;

    HttpExchange(Map<String, Page> pages) {
        this.pages = pages;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.executor()
                .schedule(
                        () -> {
                            if (!asked) {
                                context.close();
                            }
                        },
                        REQUEST_SECONDS,
                        TimeUnit.SECONDS);
        context.executor().schedule(() -> context.close(), ALL_SECONDS, TimeUnit.SECONDS);
        context.fireChannelActive();
    }

    /** What follows the head of the first request is read and forgotten. */
    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (asked || !(message instanceof HttpRequest request)) {
            return;
        }
        asked = true;
        boolean head = request.method().equals(HttpMethod.HEAD);
        if (request.decoderResult().isFailure()) {
            send(context, new Answer(400, TEXT, "this is no HTTP request\n"), false);
        } else if (!head && !request.method().equals(HttpMethod.GET)) {
            send(context, new Answer(405, TEXT, "only GET and HEAD are answered\n"), false);
        } else {
            answer(context, pages.get(path(request.uri())), head);
        }
    }

    private static String path(String uri) {
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    private void answer(ChannelHandlerContext context, Page page, boolean head) {
        if (page == null) {
            send(
                    context,
                    new Answer(404, TEXT, "no such page; there are " + String.join(", ", pages.keySet()) + "\n"),
                    head);
        } else if (page.thread() == null) {
            send(context, content(page), head);
        } else {
            try {
                page.thread().execute(() -> {
                    Answer made = content(page);
                    context.executor().execute(() -> send(context, made, head));
                });
            } catch (RejectedExecutionException busy) {
                send(context, new Answer(503, TEXT, "too many wait for this page; try again in a second\n"), head);
            }
        }
    }

    private static Answer content(Page page) {
        try {
            return page.content().get();
        } catch (RuntimeException defect) {
            LOG.error("a page could not be made", defect);
            return new Answer(500, TEXT, "the page could not be made; see the node's log\n");
        }
    }

    private void send(ChannelHandlerContext context, Answer answer, boolean head) {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        ByteBuf sent = head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body);
        DefaultFullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.code()), sent);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.type())
                .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set(HttpHeaderNames.CONNECTION, "close");
        if (answer.code() == 405) {
            response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
        }
        ChannelFuture written = context.writeAndFlush(response);
        // closed at once it might take back what the other end has not read
        written.addListener(done -> {
            answered = true;
            ((SocketChannel) context.channel()).shutdownOutput();
            context.executor().schedule(() -> context.close(), LINGER_SECONDS, TimeUnit.SECONDS);
        });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && (answered || !asked)) {
            context.close();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("a connection for HTTP failed", cause);
        context.close();
    }
}
