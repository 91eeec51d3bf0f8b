package io.coxswain.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * One connection, on its channel's thread: one request at a time, each with its deadline.
 *
 * <pre>
 *  READING ── header read ──► HANDLING ── answered ──► WRITING ── written ──► READING
 *     │ 408, 4xx                  │ a stream                └── written, close ──► closed
 *     ▼                           ▼
 *  LINGERING (reads and forgets, so that the answer arrives)   VIEWING
 * </pre>
 */
@SuppressWarnings(
        "FutureReturnValueIgnored") // a write that fails closes the channel, which is heard
final class WebConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(WebConnection.class);
    // How long what still comes after a refused request is read and forgotten: closing at once
    // would
    // make the kernel reset the connection and take the answer back.
    private static final long LINGER_MILLIS = 1_000;
    private static final Map<String, String> SECURITY =
            Map.of(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                            + " font-src 'self'; connect-src 'self'; manifest-src 'self';"
                            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                    "X-Content-Type-Options",
                    "nosniff",
                    "X-Frame-Options",
                    "DENY",
                    "Referrer-Policy",
                    "no-referrer",
                    "Cross-Origin-Opener-Policy",
                    "same-origin",
                    "Cross-Origin-Resource-Policy",
                    "same-origin");

    private enum State {
        READING,
        HANDLING,
        WRITING,
        VIEWING,
        LINGERING
    }

    private final WebServer server;
    private final RequestRule rule;
    private final WebLimits limits;
    private State state = State.READING;
    // Whether a byte of the request that is being read has come.
    private boolean begun;
    private @Nullable HttpRequest head;
    private @Nullable Future<?> deadline;

    WebConnection(WebServer server, RequestRule rule, WebLimits limits) {
        this.server = server;
        this.rule = rule;
        this.limits = limits;
    }

    /** Stands before the parser and sees that something has come. */
    final class Ear extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (state == State.READING && message instanceof ByteBuf bytes && bytes.isReadable()) {
                begun = true;
            }
            context.fireChannelRead(message);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!server.admit(context.channel())) {
            refuse(context, 503, "too many connections: try again later", true, false);
            return;
        }
        read(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            switch (state) {
                case READING -> heard(context, message);
                case VIEWING -> {
                    // Nobody follows a stream and asks for more on the same connection.
                    if (message instanceof HttpRequest) {
                        context.close();
                    }
                }
                case HANDLING, WRITING, LINGERING -> {}
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cancelDeadline();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (isTheirs(cause)) {
            LOG.debug("a connection broke: {}", cause.toString());
        } else {
            LOG.warn("a connection is closed on a bug", cause);
        }
        context.close();
    }

    // Broken off, or not what was to be spoken, TLS among it, which decoders wrap.
    static boolean isTheirs(Throwable failure) {
        for (@Nullable Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof IOException) {
                return true;
            }
        }
        return false;
    }

    private void read(ChannelHandlerContext context) {
        state = State.READING;
        begun = false;
        head = null;
        arm(context, limits.requestTime().toNanos(), () -> tooLate(context));
        context.channel().config().setAutoRead(true);
    }

    private void tooLate(ChannelHandlerContext context) {
        if (begun) {
            refuse(context, 408, "the request took too long", true, false);
        } else {
            context.close();
        }
    }

    private void heard(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            head = request;
            switch (rule.judge(request)) {
                case RequestRule.Verdict.Refused(int status, String why, boolean broken) -> {
                    if (broken) {
                        refuse(context, status, why, true, isHead(request));
                        return;
                    }
                }
                case RequestRule.Verdict.Accepted _ -> {}
            }
        }
        if (message instanceof LastHttpContent last && head != null) {
            if (last.decoderResult().isFailure()) {
                refuse(context, 400, "not an HTTP request", true, isHead(head));
            } else {
                begin(context, head);
            }
        }
    }

    private void begin(ChannelHandlerContext context, HttpRequest request) {
        cancelDeadline();
        state = State.HANDLING;
        // What comes next waits: in the handler before this one, and then in the client.
        context.channel().config().setAutoRead(false);
        switch (rule.judge(request)) {
            case RequestRule.Verdict.Refused(int status, String why, boolean broken) ->
                    refuse(context, status, why, broken, isHead(request));
            case RequestRule.Verdict.Accepted(WebRequest asked, Routes.Route route) -> {
                server.known(context.channel());
                switch (route) {
                    case Routes.Route.Answer(WebHandler handler) -> ask(context, asked, handler);
                    case Routes.Route.Stream(ViewerHandler handler) ->
                            view(context, request, asked, handler);
                }
            }
        }
    }

    private void ask(ChannelHandlerContext context, WebRequest request, WebHandler handler) {
        try {
            server.execute(() -> {
                WebResponse response = answer(request, handler);
                try {
                    context.executor().execute(() -> respond(context, response));
                } catch (RejectedExecutionException stopped) {
                    LOG.debug("the server closed before {} was answered", request.path());
                }
            });
        } catch (RejectedExecutionException stopped) {
            context.close();
        }
    }

    private static WebResponse answer(WebRequest request, WebHandler handler) {
        try {
            return handler.handle(request);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return WebResponse.text(503, "this server stops");
        } catch (Exception trouble) {
            LOG.warn("{} could not be answered", request.path(), trouble);
            return WebResponse.text(500, "this could not be answered: see this process's log");
        }
    }

    private void view(
            ChannelHandlerContext context,
            HttpRequest request,
            WebRequest asked,
            ViewerHandler handler) {
        boolean bare = isHead(request);
        if (!bare && !server.admitViewer(context.channel())) {
            respond(
                    context,
                    WebResponse.text(503, "too many viewers: try again later")
                            .with("Retry-After", "10"));
            return;
        }
        var response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(200));
        HttpHeaders headers = response.headers();
        common(headers, Map.of());
        headers.set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        boolean chunked = request.protocolVersion().equals(HttpVersion.HTTP_1_1);
        if (chunked && !bare) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        if (bare) {
            state = State.WRITING;
            context.write(response);
            context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        state = State.VIEWING;
        context.writeAndFlush(response);
        var viewer = new Viewer(context.channel(), limits);
        viewer.begin();
        // From now on reads are there to see the end.
        context.channel().config().setAutoRead(true);
        try {
            server.execute(() -> welcome(asked, handler, viewer));
        } catch (RejectedExecutionException stopped) {
            context.close();
        }
    }

    private static void welcome(WebRequest asked, ViewerHandler handler, Viewer viewer) {
        try {
            handler.arrived(asked, viewer);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            viewer.close();
        } catch (Exception trouble) {
            LOG.warn("a stream of {} ended", asked.path(), trouble);
            viewer.close();
        }
    }

    private void respond(ChannelHandlerContext context, WebResponse response) {
        HttpRequest request = head;
        boolean keep = request != null && HttpUtil.isKeepAlive(request) && !server.closing();
        send(context, response, keep, request != null && isHead(request));
    }

    private void refuse(
            ChannelHandlerContext context, int status, String why, boolean broken, boolean bare) {
        cancelDeadline();
        WebResponse response = WebResponse.text(status, why);
        if (status == 405) {
            response = response.with("Allow", "GET, HEAD");
        }
        if (status == 401) {
            response = response.with("WWW-Authenticate", TokenRule.CHALLENGE);
        }
        if (!broken) {
            respond(context, response);
            return;
        }
        send(context, response, false, bare);
    }

    private void send(
            ChannelHandlerContext context, WebResponse response, boolean keep, boolean bare) {
        boolean linger = state == State.READING || head == null;
        state = State.WRITING;
        var message =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(response.status()),
                        bare ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(response.body()));
        HttpHeaders headers = message.headers();
        common(headers, response.headers());
        headers.set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
        headers.set(HttpHeaderNames.CONTENT_LENGTH, response.body().length);
        if (keep) {
            HttpRequest request = head;
            if (request != null && request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
                headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
            }
        } else {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        arm(context, limits.responseTime().toNanos(), context::close);
        context.writeAndFlush(message)
                .addListener(written -> {
                    cancelDeadline();
                    if (!written.isSuccess()) {
                        context.close();
                    } else if (keep) {
                        read(context);
                    } else if (linger) {
                        linger(context);
                    } else {
                        context.close();
                    }
                });
    }

    private void linger(ChannelHandlerContext context) {
        state = State.LINGERING;
        if (context.channel() instanceof SocketChannel socket) {
            socket.shutdownOutput();
        }
        arm(context, TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS), context::close);
        context.channel().config().setAutoRead(true);
    }

    @SuppressWarnings("JavaUtilDate") // the formatter takes nothing else
    private static void common(HttpHeaders headers, Map<String, String> more) {
        SECURITY.forEach(headers::set);
        headers.set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
        headers.set(HttpHeaderNames.DATE, DateFormatter.format(new Date()));
        more.forEach(headers::set);
    }

    private static boolean isHead(HttpRequest request) {
        return request.method().name().equals("HEAD");
    }

    private void arm(ChannelHandlerContext context, long nanos, Runnable then) {
        cancelDeadline();
        deadline = context.executor().schedule(then, nanos, TimeUnit.NANOSECONDS);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }
}
