package io.coxswain.agent.transfer;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.ProtocolVersion;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.HelloReply;
import io.coxswain.proto.replica.v1.Purpose;
import io.coxswain.proto.replica.v1.Refusal;
import io.coxswain.security.ConnectionGate;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The transport of the data plane: one listening port, and connections per peer incarnation and
 * purpose. A connection begins with a greeting that names the incarnation it is meant for; any
 * other refuses it. Two threads: one lane for collectives, one for copies.
 *
 * <p>Users register with {@link Lane#serve} before {@link #start}. Any thread.
 */
// What fails on a channel is seen by the end of its connection.
@SuppressWarnings("FutureReturnValueIgnored")
public final class NettyDataPlane implements AutoCloseable {
    private static final int CONNECT_MILLIS = 1000;
    private static final long GREETING_NANOS = 5_000_000_000L;
    private static final long CLOSE_SECONDS = 5;

    private static final AgentKey UNKNOWN = new AgentKey("unknown", "?");

    private final AgentKey self;
    private final DataPlaneSettings settings;
    private final PlaneSecurity security;
    private final boolean epoll;
    private final ByteBufAllocator allocator =
            // Small and of its own: 4 MiB chunks, one arena for each lane.
            new PooledByteBufAllocator(true, 0, 2, 8192, 9, 64, 32, false);
    private final List<MultiThreadIoEventLoopGroup> groups;
    private final Lane collectives;
    private final Lane copies;
    private final AtomicLong unknownFrames = new AtomicLong();
    private @Nullable Channel server;
    private volatile @Nullable SslContext accepting;
    private volatile @Nullable SslContext dialling;
    private final ConnectionGate gate;

    /**
     * In the clear, on loopback addresses.
     *
     * @param self who this agent is: what greetings must name
     */
    public NettyDataPlane(AgentKey self, DataPlaneSettings settings) {
        this(self, settings, PlaneSecurity.loopback("the data plane"));
    }

    /**
     * With TLS if {@code security} has certificates: then greetings must name whom the certificate
     * names.
     *
     * @param self who this agent is: what greetings must name
     */
    public NettyDataPlane(AgentKey self, DataPlaneSettings settings, PlaneSecurity security) {
        this(self, settings, security, ConnectionGate.Limits.DEFAULT);
    }

    /** The same with other bounds. */
    NettyDataPlane(
            AgentKey self,
            DataPlaneSettings settings,
            PlaneSecurity security,
            ConnectionGate.Limits limits) {
        this.self = self;
        this.settings = settings;
        this.security = security;
        this.gate = new ConnectionGate("the data plane of " + self, limits, security);
        this.epoll = Epoll.isAvailable();
        MultiThreadIoEventLoopGroup first = group("collective");
        MultiThreadIoEventLoopGroup second = group("copy");
        this.groups = List.of(first, second);
        this.collectives = new Lane(this, Purpose.PURPOSE_COLLECTIVE, first.next());
        this.copies = new Lane(this, Purpose.PURPOSE_COPY, second.next());
    }

    /**
     * Begins to listen.
     *
     * @throws IOException if the port is in use or the address is not this machine's; the message
     *     says what to do
     */
    public synchronized void start() throws IOException {
        security.admitListening("the data plane", settings.bindHost());
        if (security.encrypted()) {
            accepting = security.server(PeerRule.roles(Role.AGENT, Role.COORDINATOR), null);
            dialling = security.client(PeerRule.roles(Role.AGENT), null);
        }
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(collectives.loop(), collectives.loop())
                        .channel(
                                epoll
                                        ? EpollServerSocketChannel.class
                                        : NioServerSocketChannel.class)
                        .handler(gate)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .option(ChannelOption.SO_BACKLOG, 256)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.ALLOCATOR, allocator)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        accept(channel);
                                    }
                                });
        if (settings.socketBufferBytes() > 0) {
            bootstrap.option(ChannelOption.SO_RCVBUF, settings.socketBufferBytes());
            bootstrap.childOption(ChannelOption.SO_RCVBUF, settings.socketBufferBytes());
            bootstrap.childOption(ChannelOption.SO_SNDBUF, settings.socketBufferBytes());
        }
        ChannelFuture bound =
                bootstrap.bind(new InetSocketAddress(settings.bindHost(), settings.port()));
        bound.awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "the data plane cannot listen on %s:%d: %s; choose another port (0: any free one) or an address of this machine, or stop what uses it"
                            .formatted(
                                    settings.bindHost(),
                                    settings.port(),
                                    bound.cause().getMessage()),
                    bound.cause());
        }
        server = bound.channel();
    }

    /** Where other agents reach this one; after {@link #start}. */
    public synchronized Endpoint endpoint() {
        Channel listening = server;
        if (listening == null) {
            throw new IllegalStateException("the data plane is not started");
        }
        int port =
                settings.advertisedPort() != 0
                        ? settings.advertisedPort()
                        : ((InetSocketAddress) listening.localAddress()).getPort();
        return new Endpoint(settings.advertisedHost(), port);
    }

    /** Who this agent is. */
    public AgentKey self() {
        return self;
    }

    /** The lane of reductions and gathers. */
    public Lane collectives() {
        return collectives;
    }

    /** The lane of copies. */
    public Lane copies() {
        return copies;
    }

    /** Stops listening, ends all connections and both threads. Safe to repeat. */
    @Override
    public synchronized void close() {
        Channel listening = server;
        if (listening != null) {
            listening.close();
        }
        collectives.execute(collectives::close);
        copies.execute(copies::close);
        boolean mayWait = !collectives.onThread() && !copies.onThread();
        for (MultiThreadIoEventLoopGroup group : groups) {
            var ended = group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
            if (mayWait) {
                ended.awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    DataPlaneSettings settings() {
        return settings;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    Bootstrap bootstrap(EventLoop loop) {
        Bootstrap bootstrap =
                new Bootstrap()
                        .group(loop)
                        .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .option(ChannelOption.ALLOCATOR, allocator)
                        .option(ChannelOption.AUTO_READ, false)
                        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS);
        if (settings.socketBufferBytes() > 0) {
            bootstrap.option(ChannelOption.SO_RCVBUF, settings.socketBufferBytes());
            bootstrap.option(ChannelOption.SO_SNDBUF, settings.socketBufferBytes());
        }
        return bootstrap;
    }

    private MultiThreadIoEventLoopGroup group(String lane) {
        IoHandlerFactory factory = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        return new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("coxswain-" + lane + "-" + self.id(), true), factory);
    }

    private void accept(Channel channel) {
        Doorkeeper doorkeeper = new Doorkeeper();
        collectives.schedule(
                () -> {
                    if (!doorkeeper.answered) {
                        channel.close();
                    }
                },
                GREETING_NANOS);
        SslContext tls = accepting;
        if (tls == null) {
            doorkeeper.listen(channel, null);
            return;
        }
        SslHandler handler = light(tls.newHandler(allocator));
        handler.setHandshakeTimeoutMillis(GREETING_NANOS / 1_000_000);
        channel.pipeline().addLast(handler);
        handler.handshakeFuture()
                .addListener(done -> {
                    if (done.isSuccess()) {
                        try {
                            doorkeeper.listen(
                                    channel, PlaneSecurity.peer(handler.engine().getSession()));
                        } catch (IOException nameless) {
                            channel.close();
                        }
                    } else {
                        channel.close();
                    }
                });
    }

    /** Connections that came in and are open. */
    int incoming() {
        return gate.open();
    }

    /**
     * TLS for a connection that this agent makes; null: in the clear.
     *
     * @throws IOException if it may not be made in the clear; the message says what to do
     */
    @Nullable SslHandler dial(String host, int port) throws IOException {
        SslContext tls = dialling;
        if (tls == null) {
            security.admitDialling("the data plane of an agent", host);
            return null;
        }
        return light(tls.newHandler(allocator, host, port));
    }

    // A record that has not come whole waits where it lies, instead of being copied before the
    // next ones.
    private static SslHandler light(SslHandler handler) {
        handler.setCumulator(ByteToMessageDecoder.COMPOSITE_CUMULATOR);
        // All that is handed over at a time is sealed into one buffer, not into one a record.
        handler.setWrapDataSize(0);
        return handler;
    }

    /** The connection ends when the certificate of its other end is taken back. */
    void guard(Channel dialled) {
        security.guard(dialled);
    }

    /** Waits for the greeting of a connection that came in. */
    private final class Doorkeeper implements FrameHandler {
        private boolean answered;
        private @Nullable Identity certified;

        /**
         * @param identity by its certificate; null: there is no TLS
         */
        void listen(Channel channel, @Nullable Identity identity) {
            certified = identity;
            var _ =
                    new Connection(
                            channel,
                            true,
                            identity == null ? UNKNOWN : new AgentKey(identity.toString(), "?"),
                            Purpose.PURPOSE_UNSPECIFIED,
                            this);
        }

        @Override
        public void opened(Connection fresh) {}

        @Override
        public PayloadSink begin(Connection fresh, FrameHeader header, int payloadBytes) {
            if (answered || !header.hasHello() || payloadBytes != 0) {
                throw new ProtocolViolation(
                        "expected a greeting, got %s with %d bytes"
                                .formatted(header.getBodyCase(), payloadBytes));
            }
            answered = true;
            gate.known(fresh.channel().remoteAddress());
            Hello hello = header.getHello();
            Identity identity = certified;
            boolean coordinator = identity != null && identity.role() == Role.COORDINATOR;
            // A coordinator only asks who is here.
            Lane lane = coordinator ? null : lane(hello.getPurpose());
            HelloReply reply = answer(hello, header.getSender().getAgentId(), identity, lane);
            if (!reply.getAccepted()) {
                reply(fresh, reply);
                fresh.closeAfterSending("the greeting was refused: " + reply.getReason());
            } else if (lane == null) {
                // Somebody only wants to know whether this incarnation lives.
                reply(fresh, reply);
                fresh.closeAfterSending("the greeting was answered");
            } else {
                fresh.peerSpeaks(hello.getProtocolMinor(), unknownFrames);
                admit(fresh, Wire.key(header.getSender()), lane, reply);
            }
            return PayloadSink.DISCARD;
        }

        @Override
        public void closed(Connection fresh, String reason) {
            answered = true;
        }
    }

    private @Nullable Lane lane(Purpose purpose) {
        return switch (purpose) {
            case PURPOSE_COLLECTIVE -> collectives;
            case PURPOSE_COPY -> copies;
            case PURPOSE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    /** Frames of peers of newer versions that were of a kind unknown here. Any thread. */
    public long unknownFrames() {
        return unknownFrames.get();
    }

    AtomicLong unknownFramesCounter() {
        return unknownFrames;
    }

    // Whether it is meant comes first: who asks whether this incarnation lives goes by that.
    private HelloReply answer(
            Hello hello, String sender, @Nullable Identity identity, @Nullable Lane lane) {
        AgentKey wanted = Wire.key(hello.getReceiver());
        if (!wanted.equals(self)) {
            return refused(
                    Refusal.REFUSAL_OTHER_AGENT, "this is %s, not %s".formatted(self, wanted));
        }
        var theirs = new ProtocolVersion(hello.getProtocolMajor(), hello.getProtocolMinor());
        if (!ProtocolVersion.DATA.goesWith(theirs)) {
            return refused(
                    Refusal.REFUSAL_OTHER_VERSION,
                    ProtocolVersion.DATA.refusal(
                            "data-plane protocol",
                            "agent " + self.id(),
                            sender.isEmpty() ? "the peer" : "agent " + sender,
                            theirs));
        }
        if (lane != null && !lane.served()) {
            return refused(
                    Refusal.REFUSAL_NOT_SERVED, "this agent does not serve " + hello.getPurpose());
        }
        if (hello.getPurpose() == Purpose.UNRECOGNIZED) {
            return refused(Refusal.REFUSAL_NOT_SERVED, "unknown purpose");
        }
        if (identity != null
                && identity.role() != Role.COORDINATOR
                && !identity.name().equals(sender)) {
            return refused(
                    Refusal.REFUSAL_IMPOSTOR,
                    "agent %s greets with the certificate of %s".formatted(sender, identity));
        }
        return reply().setAccepted(true).build();
    }

    private static HelloReply refused(Refusal refusal, String reason) {
        return reply().setRefusal(refusal).setReason(reason).build();
    }

    private static HelloReply.Builder reply() {
        return HelloReply.newBuilder().setProtocolMajor(Wire.MAJOR).setProtocolMinor(Wire.MINOR);
    }

    private static void reply(Connection fresh, HelloReply reply) {
        fresh.send(FrameHeader.newBuilder().setHelloReply(reply).build());
    }

    /** Moves the connection to its lane's thread; the peer sends nothing until it is answered. */
    private static void admit(Connection fresh, AgentKey peer, Lane lane, HelloReply reply) {
        Channel channel = fresh.channel();
        Runnable enter =
                () -> {
                    if (lane.closed()) {
                        fresh.close("the data plane was closed");
                        return;
                    }
                    fresh.established(peer, lane.purpose(), lane.handler());
                    reply(fresh, reply);
                    channel.config().setAutoRead(true);
                };
        if (lane.onThread()) {
            enter.run();
            return;
        }
        channel.config().setAutoRead(false);
        channel.deregister()
                .addListener(ignored ->
                        lane.loop()
                                .register(channel)
                                .addListener(done -> {
                                    if (done.isSuccess()) {
                                        enter.run();
                                    } else {
                                        channel.close();
                                    }
                                }));
    }
}
