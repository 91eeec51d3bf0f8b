package io.coxswain.agent.transfer;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.ProtocolVersion;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** The frame format of {@code replica.proto}. */
final class Wire {
    static final int PREFIX_BYTES = 8;
    static final int MAX_HEADER_BYTES = 64 << 10;
    static final int MAX_PAYLOAD_BYTES = 16 << 20;
    static final int MAJOR = ProtocolVersion.DATA.major();
    static final int MINOR = ProtocolVersion.DATA.minor();

    private Wire() {}

    /** The lengths and the header, ready to be written before the payload. */
    static ByteBuf encode(ByteBufAllocator allocator, FrameHeader header, int payloadBytes) {
        byte[] bytes = header.toByteArray();
        if (bytes.length > MAX_HEADER_BYTES
                || payloadBytes < 0
                || payloadBytes > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "a frame takes a header of at most %d bytes and a payload of at most %d; got %d and %d"
                            .formatted(
                                    MAX_HEADER_BYTES,
                                    MAX_PAYLOAD_BYTES,
                                    bytes.length,
                                    payloadBytes));
        }
        return allocator
                .directBuffer(PREFIX_BYTES + bytes.length)
                .writeInt(bytes.length)
                .writeInt(payloadBytes)
                .writeBytes(bytes);
    }

    static AgentIdentity identity(AgentKey key) {
        return AgentIdentity.newBuilder()
                .setAgentId(key.id())
                .setIncarnation(key.incarnation())
                .build();
    }

    static AgentKey key(AgentIdentity identity) {
        if (identity.getAgentId().isEmpty() || identity.getIncarnation().isEmpty()) {
            throw new ProtocolViolation(
                    "an agent's identity needs id and incarnation, got '%s/%s'"
                            .formatted(identity.getAgentId(), identity.getIncarnation()));
        }
        return new AgentKey(identity.getAgentId(), identity.getIncarnation());
    }
}
