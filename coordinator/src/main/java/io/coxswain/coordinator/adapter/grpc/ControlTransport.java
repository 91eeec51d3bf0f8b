package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.security.ConnectionGate;
import io.coxswain.security.PlaneSecurity;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

import java.util.concurrent.TimeUnit;

/**
 * The threads and the listening channel under the control port, with a gate before anything is made
 * for a connection: gRPC itself bounds what one connection may do, and not how many there are.
 */
final class ControlTransport implements AutoCloseable {
    private static final int LEAST_THREADS = 2;
    private static final long CLOSE_SECONDS = 2;

    private final boolean epoll = Epoll.isAvailable();
    private final ConnectionGate gate;
    private final MultiThreadIoEventLoopGroup accepting = threads("accept", 1);
    private final MultiThreadIoEventLoopGroup serving =
            threads("control", Math.max(LEAST_THREADS, Runtime.getRuntime().availableProcessors()));

    ControlTransport(ConnectionGate.Limits limits, PlaneSecurity security) {
        gate = new ConnectionGate("the control port", limits, security);
    }

    // Threads begin when they have something to do.
    private MultiThreadIoEventLoopGroup threads(String name, int count) {
        return new MultiThreadIoEventLoopGroup(
                count,
                new DefaultThreadFactory("coxswain-" + name, true),
                epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    NettyServerBuilder under(NettyServerBuilder builder) {
        return builder.bossEventLoopGroup(accepting)
                .workerEventLoopGroup(serving)
                .channelFactory(this::listener);
    }

    private ServerChannel listener() {
        ServerChannel made = epoll ? new EpollServerSocketChannel() : new NioServerSocketChannel();
        made.pipeline().addLast(gate);
        return made;
    }

    ConnectionGate gate() {
        return gate;
    }

    /** After the server has ended. */
    @Override
    public void close() {
        var unusedFirst = accepting.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
        var unusedSecond = serving.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
