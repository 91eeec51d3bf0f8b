package io.coxswain.agent.adapter;

import io.coxswain.proto.store.v1.Leader;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Channels to leaders: over TLS they end when a leader's certificate is taken back. Thread-safe.
 */
final class ControlChannels implements GrpcControlClient.Channels, AutoCloseable {
    private static final long CLOSE_SECONDS = 2;

    private final boolean epoll = Epoll.isAvailable();
    private final PlaneSecurity security;
    private final List<ClientInterceptor> interceptors;
    private final @Nullable SslContext tls;
    private final MultiThreadIoEventLoopGroup thread;

    /**
     * Connects to nobody yet.
     *
     * @throws IOException if TLS cannot be set up
     */
    ControlChannels(String agent, PlaneSecurity security, List<ClientInterceptor> interceptors)
            throws IOException {
        this.security = security;
        this.interceptors = interceptors;
        this.tls =
                security.encrypted()
                        ? security.client(PeerRule.roles(Role.COORDINATOR), PlaneSecurity.HTTP_2)
                        : null;
        // It begins with the first connection.
        this.thread =
                new MultiThreadIoEventLoopGroup(
                        1,
                        new DefaultThreadFactory("coxswain-control-" + agent, true),
                        epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    @Override
    public ManagedChannel open(Leader leader) throws IOException {
        String host = leader.getControlEndpoint().getHost();
        security.admitDialling("the coordinator", host);
        NettyChannelBuilder builder =
                NettyChannelBuilder.forAddress(host, leader.getControlEndpoint().getPort())
                        .eventLoopGroup(thread)
                        .channelFactory(this::connection)
                        .intercept(interceptors);
        return tls == null ? builder.usePlaintext().build() : builder.sslContext(tls).build();
    }

    private Channel connection() {
        Channel made = epoll ? new EpollSocketChannel() : new NioSocketChannel();
        security.guard(made);
        return made;
    }

    /** After the last channel has ended. */
    @Override
    public void close() {
        var unusedEnd = thread.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
