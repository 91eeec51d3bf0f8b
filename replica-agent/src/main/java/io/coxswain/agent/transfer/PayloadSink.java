package io.coxswain.agent.transfer;

import java.nio.ByteBuffer;

/** Where a frame's payload goes. Called on the lane's thread. */
public interface PayloadSink {
    /** Skips the payload; its checksum is not computed. */
    PayloadSink DISCARD =
            new PayloadSink() {
                @Override
                public ByteBuffer next(int remaining) {
                    throw new IllegalStateException("a discarded payload needs no buffer");
                }

                @Override
                public void end(int crc32c) {}

                @Override
                public void cancelled() {}
            };

    /**
     * A direct buffer for the next bytes, from its position on; the network may write into its
     * memory until it is full ({@link #filled}), or until {@link #end} or {@link #cancelled}.
     *
     * @param remaining how many bytes of the payload are to come, at least 1
     */
    ByteBuffer next(int remaining);

    /**
     * The buffer got by {@link #next} is full, or the payload has ended; the checksum is not
     * compared yet.
     */
    default void filled(ByteBuffer buffer) {}

    /**
     * The payload is complete; {@link #filled} was called for each buffer.
     *
     * @param crc32c of the payload as it arrived
     */
    void end(int crc32c);

    /** The connection ended first. */
    void cancelled();
}
