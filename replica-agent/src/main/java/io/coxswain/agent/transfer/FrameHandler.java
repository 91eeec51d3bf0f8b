package io.coxswain.agent.transfer;

import io.coxswain.proto.replica.v1.FrameHeader;

import org.jspecify.annotations.Nullable;

/** What one purpose does with its connections. Called on the lane's thread; must not block. */
public interface FrameHandler {
    /** A peer has connected, or a connection to a peer is ready. */
    void opened(Connection connection);

    /**
     * A frame has begun.
     *
     * @return where its payload goes, also when it is empty; null to read no further until {@link
     *     Connection#resume}, which asks again
     * @throws ProtocolViolation to close the connection
     */
    @Nullable PayloadSink begin(Connection connection, FrameHeader header, int payloadBytes);

    /** The connection has ended. Its sink was cancelled before. */
    void closed(Connection connection, String reason);
}
