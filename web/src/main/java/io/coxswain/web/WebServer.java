package io.coxswain.web;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The server. One thread parses and writes; handlers run on virtual threads.
 *
 * <pre>{@code
 * try (var server =
 *         WebServer.builder()
 *                 .bind("127.0.0.1", 8080)
 *                 .routes(Routes.builder().get("/livez", _ -> WebResponse.text(200, "ok")).build())
 *                 .start()) {
 *     System.out.println(server.url());
 * }
 * }</pre>
 */
public final class WebServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);
    private static final Pattern TOKEN = Pattern.compile("[!-~]{16,512}");
    private static final long CLOSE_SECONDS = 2;
    private static final int BACKLOG = 64;

    private final @Nullable SslContext tls;
    private final WebLimits limits;
    private final @Nullable ChannelHandler gate;
    private final Consumer<SocketAddress> known;
    private final RequestRule rule;
    private final MultiThreadIoEventLoopGroup loop;
    private final ExecutorService handlers;
    private final ChannelGroup connections;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger viewers = new AtomicInteger();
    private final HostCounts hosts;
    private final String bindHost;
    private final Channel listener;
    private volatile boolean closing;

    private WebServer(Builder made) throws IOException {
        tls = made.tls;
        gate = made.gate;
        known = made.known;
        limits = made.limits;
        hosts = new HostCounts(limits.connectionsOfOneHost(), limits.exemptLoopback());
        bindHost = made.host;
        rule =
                new RequestRule(
                        made.routes,
                        new HostRule(made.names()),
                        new TokenRule(made.token, made.openPaths),
                        limits.headerFields());
        loop =
                new MultiThreadIoEventLoopGroup(
                        1,
                        new DefaultThreadFactory("coxswain-http-io", true),
                        NioIoHandler.newFactory());
        handlers =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("coxswain-http-", 0).factory());
        connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
        try {
            listener = listen(made.host, made.port, made.token != null);
        } catch (IOException | RuntimeException failed) {
            handlers.shutdownNow();
            var unusedEnd = loop.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
            throw failed;
        }
    }

    /** Loopback, a free port, no routes, the default limits. */
    public static Builder builder() {
        return new Builder();
    }

    /** The port in use. */
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Where a browser on this machine finds the root. */
    public String url() {
        return switch (bindHost) {
            case "0.0.0.0" -> at("127.0.0.1");
            case "::", "[::]" -> at("::1");
            default -> at(bindHost);
        };
    }

    /**
     * Where others find the root who know this machine as {@code host}; empty: they do not, since
     * it listens for this machine only.
     */
    public String urlFor(String host) {
        InetAddress bound = ((InetSocketAddress) listener.localAddress()).getAddress();
        if (bound.isAnyLocalAddress()) {
            return at(host);
        }
        return bound.isLoopbackAddress() && !isLoopback(host) ? "" : url();
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException elsewhere) {
            return false;
        }
    }

    private String at(String host) {
        boolean bare = host.contains(":") && !host.startsWith("[");
        return (tls == null ? "http://" : "https://")
                + (bare ? "[" + host + "]" : host)
                + ":"
                + port()
                + "/";
    }

    /** Connections now. */
    public int connections() {
        return open.get();
    }

    /**
     * Stops: no more connections, those that are there are cut off, handlers are interrupted.
     * Blocks for a moment; safe to repeat.
     */
    @Override
    public void close() {
        closing = true;
        listener.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        connections.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        handlers.shutdownNow();
        loop.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    boolean closing() {
        return closing;
    }

    void execute(Runnable task) {
        handlers.execute(task);
    }

    /**
     * Counts a connection in; false: one too many. It is told so, and counts until it is closed;
     * far beyond the limit nobody is told anything.
     */
    boolean admit(Channel channel) {
        connections.add(channel);
        int now = open.incrementAndGet();
        SocketAddress remote = channel.remoteAddress();
        boolean ofHost = hosts.enter(remote);
        channel.closeFuture()
                .addListener(_ -> {
                    open.decrementAndGet();
                    hosts.left(remote);
                });
        if (now > limits.connections() + BACKLOG) {
            var unusedClose = channel.close();
        }
        return now <= limits.connections() && ofHost;
    }

    /** A connection made a good request. */
    void known(Channel channel) {
        known.accept(channel.remoteAddress());
    }

    boolean admitViewer(Channel channel) {
        if (viewers.incrementAndGet() > limits.viewers()) {
            viewers.decrementAndGet();
            return false;
        }
        channel.closeFuture().addListener(_ -> viewers.decrementAndGet());
        return true;
    }

    private Channel listen(String host, int port, boolean token) throws IOException {
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException unknown) {
            throw new IOException(
                    "cannot open the HTTP port: there is no host " + host + " to listen on",
                    unknown);
        }
        var bootstrap =
                new ServerBootstrap()
                        .group(loop)
                        .channel(NioServerSocketChannel.class)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        // A few requests a second: no arenas of megabytes for them.
                        .childOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
                        .childHandler(
                                new ChannelInitializer<SocketChannel>() {
                                    @Override
                                    protected void initChannel(SocketChannel channel) {
                                        serve(channel);
                                    }
                                });
        if (gate != null) {
            bootstrap.handler(gate);
        }
        var bound = bootstrap.bind(new InetSocketAddress(address, port)).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            Throwable cause = bound.cause();
            throw new IOException(
                    "cannot open the HTTP port "
                            + host
                            + ":"
                            + port
                            + " ("
                            + cause.getMessage()
                            + "); stop the process that holds it or choose another address or port"
                            + " (0 takes a free port)",
                    cause);
        }
        if (tls == null || !token) {
            warn(address, host, token);
        }
        return bound.channel();
    }

    private void warn(InetAddress address, String host, boolean token) {
        if (!address.isLoopbackAddress()) {
            LOG.warn(
                    "the HTTP port listens on {}: {} can read all that it shows{}, so only open it"
                            + " to a network that may see it",
                    host,
                    token ? "everybody who has the token" : "EVERYBODY who reaches that address",
                    tls == null ? "; nothing is encrypted" : "");
        }
    }

    private void serve(SocketChannel channel) {
        var connection = new WebConnection(this, rule, limits);
        if (tls != null) {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
        }
        channel.pipeline()
                .addLast(connection.new Ear())
                .addLast(
                        new HttpServerCodec(
                                new HttpDecoderConfig()
                                        .setMaxInitialLineLength(limits.requestLineBytes())
                                        .setMaxHeaderSize(limits.headerBytes())))
                .addLast(new FlowControlHandler())
                .addLast(connection);
    }

    /** Makes servers. Not thread-safe. */
    public static final class Builder {
        private String host = "127.0.0.1";
        private int port;
        private Routes routes = Routes.builder().build();
        private WebLimits limits = WebLimits.defaults();
        private final List<String> hostNames = new ArrayList<>();
        private @Nullable String token;
        private @Nullable SslContext tls;
        private @Nullable ChannelHandler gate;
        private Consumer<SocketAddress> known = _ -> {};
        private Set<String> openPaths = Set.of();

        private Builder() {}

        /** Address and port to listen on; port 0: a free one. Default 127.0.0.1 and 0. */
        public Builder bind(String onHost, int onPort) {
            host = onHost;
            port = onPort;
            return this;
        }

        /** What there is to see. */
        public Builder routes(Routes all) {
            routes = all;
            return this;
        }

        /** What strangers may use up. */
        public Builder limits(WebLimits most) {
            limits = most;
            return this;
        }

        /**
         * A name that requests may use for this server in their Host field, besides addresses,
         * {@code localhost}, the bind address and this machine's own name.
         */
        public Builder allowName(String name) {
            hostNames.add(name);
            return this;
        }

        /**
         * Only who shows that token may read, as {@code Authorization: Bearer TOKEN} or as the
         * password of any name.
         *
         * @param secret 16 to 512 visible ASCII characters
         * @param but paths that everybody may read
         */
        public Builder token(String secret, Set<String> but) {
            if (!TOKEN.matcher(secret).matches()) {
                throw new IllegalArgumentException(
                        "a token has 16 to 512 visible ASCII characters and no space");
            }
            token = secret;
            openPaths = Set.copyOf(but);
            return this;
        }

        /** HTTPS with that. Default: HTTP. */
        public Builder tls(SslContext server) {
            tls = server;
            return this;
        }

        /**
         * Lets somebody refuse connections before anything is made for them.
         *
         * @param before stands in the pipeline of the channel that listens, and is handed each
         *     connection that comes in
         * @param good is told where a connection comes from each time that it makes a request that
         *     is to be answered; on the server's thread
         */
        public Builder door(ChannelHandler before, Consumer<SocketAddress> good) {
            gate = before;
            known = good;
            return this;
        }

        /**
         * Opens the port.
         *
         * @throws IOException if that is impossible; the message says what to do
         */
        public WebServer start() throws IOException {
            if (port < 0 || port > 65_535) {
                throw new IOException("an HTTP port is a number from 0 to 65535, not " + port);
            }
            return new WebServer(this);
        }

        private List<String> names() {
            var names = new ArrayList<>(hostNames);
            names.add(host);
            String own = ownName();
            if (own != null) {
                names.add(own);
            }
            return names;
        }

        private static @Nullable String ownName() {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException nameless) {
                return null;
            }
        }
    }
}
