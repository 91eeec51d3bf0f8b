package io.coxswain.agent.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.proto.replica.v1.CopyChunk;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

class FrameDecoderTest {
    /** Takes frames in buffers of an odd size, and checks what a sink may expect. */
    private static final class Frames implements FrameDecoder.Target {
        final List<byte[]> payloads = new ArrayList<>();
        final List<Integer> crcs = new ArrayList<>();
        final int bufferBytes;
        int open;
        int largestAsked;
        boolean hold;

        Frames(int bufferBytes) {
            this.bufferBytes = bufferBytes;
        }

        @Override
        public @Nullable PayloadSink begin(FrameHeader header, int payloadBytes) {
            if (hold) {
                return null;
            }
            open++;
            largestAsked = Math.max(largestAsked, payloadBytes);
            ByteBuffer whole = ByteBuffer.allocate(payloadBytes);
            return new PayloadSink() {
                @Override
                public ByteBuffer next(int remaining) {
                    return ByteBuffer.allocateDirect(Math.min(bufferBytes, remaining));
                }

                @Override
                public void filled(ByteBuffer buffer) {
                    whole.put(buffer.flip());
                }

                @Override
                public void end(int crc32c) {
                    assertThat(whole.hasRemaining()).isFalse();
                    payloads.add(whole.array());
                    crcs.add(crc32c);
                    open--;
                }

                @Override
                public void cancelled() {
                    open--;
                }
            };
        }
    }

    private static byte[] frame(Random random, int payloadBytes) {
        FrameHeader header =
                FrameHeader.newBuilder()
                        .setJobId("job-" + random.nextInt(1000))
                        .setEpoch(random.nextInt(5))
                        .setCopyChunk(CopyChunk.newBuilder().setOffset(random.nextInt()))
                        .build();
        ByteBuf encoded = Wire.encode(UnpooledByteBufAllocator.DEFAULT, header, payloadBytes);
        byte[] bytes = new byte[encoded.readableBytes() + payloadBytes];
        random.nextBytes(bytes);
        encoded.readBytes(bytes, 0, encoded.readableBytes());
        encoded.release();
        return bytes;
    }

    private static byte[] frames(Random random, int count) {
        ByteBuf all = Unpooled.buffer();
        for (int i = 0; i < count; i++) {
            all.writeBytes(frame(random, random.nextInt(4) == 0 ? 0 : random.nextInt(200_000)));
        }
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        all.release();
        return bytes;
    }

    /** Feeds bytes as a channel would: into the buffers that the decoder gives. */
    private static void feed(FrameDecoder decoder, byte[] bytes, Random random) {
        var handle = decoder.readBuffers().newHandle();
        int at = 0;
        while (at < bytes.length) {
            ByteBuf buffer = handle.allocate(UnpooledByteBufAllocator.DEFAULT);
            int count = Math.min(1 + random.nextInt(buffer.writableBytes()), bytes.length - at);
            buffer.writeBytes(bytes, at, count);
            at += count;
            decoder.read(buffer);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 65536, 1 << 20})
    void framesComeOutHoweverTheyAreCut(int bufferBytes) {
        Random random = new Random(bufferBytes);
        List<byte[]> sent = new ArrayList<>();
        ByteBuf all = Unpooled.buffer();
        int largest = bufferBytes == 1 ? 3000 : 300_000;
        for (int i = 0; i < 20; i++) {
            int payloadBytes = i % 5 == 0 ? 0 : random.nextInt(largest);
            byte[] frame = frame(random, payloadBytes);
            sent.add(
                    java.util.Arrays.copyOfRange(frame, frame.length - payloadBytes, frame.length));
            all.writeBytes(frame);
        }
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        all.release();
        Frames frames = new Frames(bufferBytes);
        feed(new FrameDecoder(frames), bytes, random);
        assertThat(frames.payloads).hasSameSizeAs(sent);
        for (int i = 0; i < sent.size(); i++) {
            assertThat(frames.payloads.get(i)).isEqualTo(sent.get(i));
            CRC32C crc = new CRC32C();
            crc.update(sent.get(i));
            assertThat(frames.crcs.get(i)).isEqualTo((int) crc.getValue());
        }
    }

    @Test
    void aHeldFrameGoesOnWhereItStopped() {
        Random random = new Random(4);
        byte[] bytes = frames(random, 5);
        Frames frames = new Frames(5000);
        frames.hold = true;
        FrameDecoder decoder = new FrameDecoder(frames);
        decoder.read(Unpooled.copiedBuffer(bytes, 0, bytes.length / 2));
        decoder.read(
                Unpooled.copiedBuffer(bytes, bytes.length / 2, bytes.length - bytes.length / 2));
        assertThat(decoder.held()).isTrue();
        assertThat(frames.payloads).isEmpty();
        decoder.resume();
        assertThat(decoder.held()).isTrue();
        frames.hold = false;
        decoder.resume();
        assertThat(frames.payloads).hasSize(5);
        assertThat(frames.open).isZero();
    }

    @Test
    void lengthsBeyondTheBoundsAreRefused() {
        int[][] lengths = {{0, 0}, {65537, 0}, {-1, 0}, {10, (16 << 20) + 1}, {10, -1}};
        for (int[] pair : lengths) {
            FrameDecoder decoder = new FrameDecoder(new Frames(100));
            ByteBuf bytes = Unpooled.buffer().writeInt(pair[0]).writeInt(pair[1]);
            assertThatThrownBy(() -> decoder.read(bytes)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void mutatedBytesEndInARefusalAndNeverInMore() {
        int refused = 0;
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = frames(random, 2);
            int mutations = 1 + random.nextInt(4);
            for (int i = 0; i < mutations; i++) {
                // The beginning matters most: lengths and headers.
                int at = random.nextInt(random.nextBoolean() ? 40 : bytes.length);
                bytes[at % bytes.length] = (byte) random.nextInt();
            }
            Frames frames = new Frames(70_000);
            FrameDecoder decoder = new FrameDecoder(frames);
            try {
                feed(decoder, bytes, random);
            } catch (ProtocolViolation e) {
                refused++;
            }
            decoder.close();
            assertThat(frames.largestAsked).isLessThanOrEqualTo(16 << 20);
            assertThat(frames.open).as("sinks left open, seed %d", seed).isZero();
        }
        assertThat(refused).isGreaterThan(500);
    }
}
