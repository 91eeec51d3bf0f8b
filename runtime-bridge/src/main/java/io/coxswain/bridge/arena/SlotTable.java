package io.coxswain.bridge.arena;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What is in a slot: its {@link Meta}, the CRC-32C of each chunk, and the digest. Immutable.
 *
 * <p>The digest is SHA-256 over {@code coxswain-snapshot-1}, job, shard, step, the piece table and
 * the CRCs of the chunks; {@code docs/arena.md} has the bytes. It contains neither the epoch nor
 * the CRCs of per-rank pieces, so the replicas of a shard, and its copies, have equal digests at
 * equal states.
 */
public final class SlotTable {
    /** Length of a chunk, and the least that {@link Meta#chunkBytes} may be. */
    public static final int CHUNK_BYTES = 1 << 20;

    /** How many bytes a digest has. */
    public static final int DIGEST_BYTES = 32;

    /** Every piece begins at a multiple of this in the data area. */
    public static final int PIECE_ALIGNMENT = 64;

    private static final int TABLE_MAGIC = 0x3154_5843; // "CXT1"
    private static final byte[] DIGEST_PREFIX =
            "coxswain-snapshot-1".getBytes(StandardCharsets.US_ASCII);

    private final Meta meta;
    private final int[] crcs;
    private final byte[] digest;

    SlotTable(Meta meta, int[] crcs, byte[] digest) {
        this.meta = meta;
        this.crcs = crcs;
        this.digest = digest;
    }

    /** What the slot holds. */
    public Meta meta() {
        return meta;
    }

    /** The CRC-32C of a chunk. */
    public int crc(int chunk) {
        return crcs[chunk];
    }

    /** The CRC-32C of each chunk, in order. */
    public int[] crcs() {
        return crcs.clone();
    }

    /** The snapshot's digest, 32 bytes. */
    public byte[] digest() {
        return digest.clone();
    }

    /**
     * A box of one leaf of the state.
     *
     * @param leaf the leaf's name
     * @param dtype f32, f64, i32, i64, u8 …
     * @param globalShape elements per dimension of the whole leaf
     * @param offset first element of the box per dimension
     * @param extent elements of the box per dimension
     * @param perRank copied but never compared, as the state of a random-number generator is
     * @param bytes how long the box is
     */
    public record Box(
            String leaf,
            String dtype,
            List<Long> globalShape,
            List<Long> offset,
            List<Long> extent,
            boolean perRank,
            long bytes) {
        /** Checks that the dimensions agree. */
        public Box {
            globalShape = List.copyOf(globalShape);
            offset = List.copyOf(offset);
            extent = List.copyOf(extent);
            int rank = globalShape.size();
            if (rank > 255 || offset.size() != rank || extent.size() != rank || bytes < 0) {
                throw new IllegalArgumentException(
                        "piece %s: shape %s, offset %s and extent %s must have equally many dimensions, and %d bytes at least 0"
                                .formatted(leaf, globalShape, offset, extent, bytes));
            }
            for (int d = 0; d < rank; d++) {
                if (offset.get(d) < 0
                        || extent.get(d) < 0
                        || extent.get(d) > globalShape.get(d) - offset.get(d)) {
                    throw new IllegalArgumentException(
                            "piece %s: offset %s and extent %s do not lie in shape %s"
                                    .formatted(leaf, offset, extent, globalShape));
                }
            }
        }

        /** A range of a leaf with one dimension. */
        public static Box range(
                String leaf, String dtype, long elements, long from, long count, long bytes) {
            return new Box(
                    leaf, dtype, List.of(elements), List.of(from), List.of(count), false, bytes);
        }
    }

    /**
     * A box and where its bytes lie.
     *
     * @param dataOffset first byte in the slot's data area, a multiple of {@link #PIECE_ALIGNMENT}
     */
    public record Piece(Box box, long dataOffset) {
        /** The first byte after the piece. */
        public long end() {
            return dataOffset + box.bytes();
        }
    }

    /**
     * A run of bytes with one CRC; it never crosses the end of a piece.
     *
     * @param piece index of the piece that it belongs to
     * @param offset first byte in the slot's data area
     * @param length how many bytes, at least 1
     */
    public record Chunk(int piece, long offset, int length) {}

    /**
     * What a slot holds, without the checksums. {@link #encode} is what a copy's receiver needs.
     *
     * @param pieces in order of their bytes, not overlapping
     * @param dataBytes how much of the data area is used: the end of the last piece
     * @param chunkBytes length of a full chunk, at least {@link #CHUNK_BYTES}
     */
    public record Meta(
            String jobId,
            long epoch,
            long step,
            int shard,
            List<Piece> pieces,
            long dataBytes,
            int chunkBytes) {
        /** Checks that the pieces are aligned, in order and inside the data. */
        public Meta {
            pieces = List.copyOf(pieces);
            if (epoch < 0 || step < 0 || shard < 0 || chunkBytes < CHUNK_BYTES) {
                throw new IllegalArgumentException(
                        "slot table of job %s: epoch %d, step %d and shard %d must be at least 0, chunks of %d bytes at least %d"
                                .formatted(jobId, epoch, step, shard, chunkBytes, CHUNK_BYTES));
            }
            long end = 0;
            for (Piece piece : pieces) {
                if (piece.dataOffset() < end
                        || piece.dataOffset() % PIECE_ALIGNMENT != 0
                        || piece.end() < piece.dataOffset()) {
                    throw new IllegalArgumentException(
                            "piece %s begins at byte %d: expected a multiple of %d, not before %d"
                                    .formatted(
                                            piece.box().leaf(),
                                            piece.dataOffset(),
                                            PIECE_ALIGNMENT,
                                            end));
                }
                end = piece.end();
            }
            if (end != dataBytes) {
                throw new IllegalArgumentException(
                        "the pieces end at byte %d, not at the %d data bytes given"
                                .formatted(end, dataBytes));
            }
        }

        /**
         * Lays the boxes out one after another, each at the next multiple of {@link
         * #PIECE_ALIGNMENT}.
         */
        public static Meta layOut(String jobId, long epoch, long step, int shard, List<Box> boxes) {
            List<Piece> pieces = new ArrayList<>(boxes.size());
            long end = 0;
            for (Box box : boxes) {
                long at = ArenaFormat.align(end, PIECE_ALIGNMENT);
                pieces.add(new Piece(box, at));
                end = Math.addExact(at, box.bytes());
            }
            return new Meta(jobId, epoch, step, shard, pieces, end, CHUNK_BYTES);
        }

        /** The same pieces of another state. */
        public Meta at(long newEpoch, long newStep) {
            return new Meta(jobId, newEpoch, newStep, shard, pieces, dataBytes, chunkBytes);
        }

        /** How many chunks there are. */
        public int chunkCount() {
            long chunks = 0;
            for (Piece piece : pieces) {
                chunks += chunksOf(piece);
            }
            return Math.toIntExact(chunks);
        }

        /** All chunks, in order of their bytes. */
        public List<Chunk> chunks() {
            List<Chunk> chunks = new ArrayList<>();
            for (int p = 0; p < pieces.size(); p++) {
                Piece piece = pieces.get(p);
                for (long at = piece.dataOffset(); at < piece.end(); at += chunkBytes) {
                    chunks.add(new Chunk(p, at, (int) Math.min(chunkBytes, piece.end() - at)));
                }
            }
            return chunks;
        }

        private long chunksOf(Piece piece) {
            return Math.ceilDiv(piece.box().bytes(), (long) chunkBytes);
        }

        /** The bytes that {@link #decode} reads. */
        public byte[] encode() {
            byte[] job = jobId.getBytes(StandardCharsets.UTF_8);
            List<byte[]> encoded = new ArrayList<>(pieces.size());
            int length = 48 + Short.BYTES + job.length;
            for (Piece piece : pieces) {
                byte[] bytes = encode(piece);
                encoded.add(bytes);
                length = Math.addExact(length, bytes.length);
            }
            ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            buffer.putInt(TABLE_MAGIC).putInt(shard).putLong(epoch).putLong(step);
            buffer.putLong(dataBytes).putInt(chunkBytes).putInt(pieces.size()).putLong(0);
            putShort(buffer, job);
            encoded.forEach(buffer::put);
            return buffer.array();
        }

        /**
         * Reads what {@link #encode} wrote.
         *
         * @throws IllegalArgumentException if the bytes are no slot table; the message says why
         */
        public static Meta decode(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            try {
                int magic = buffer.getInt();
                if (magic != TABLE_MAGIC) {
                    throw new IllegalArgumentException(
                            "not a slot table: it begins with %08x, expected %08x"
                                    .formatted(magic, TABLE_MAGIC));
                }
                int shard = buffer.getInt();
                long epoch = buffer.getLong();
                long step = buffer.getLong();
                long dataBytes = buffer.getLong();
                int chunkBytes = buffer.getInt();
                int count = buffer.getInt();
                require(buffer.getLong() == 0, "its reserved word");
                String jobId = text(buffer, Short.toUnsignedInt(buffer.getShort()));
                if (count < 0 || count > bytes.length / 20) {
                    throw new IllegalArgumentException(
                            "slot table of %d bytes names %d pieces"
                                    .formatted(bytes.length, count));
                }
                List<Piece> pieces = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    pieces.add(decodePiece(buffer));
                }
                if (buffer.hasRemaining()) {
                    throw new IllegalArgumentException(
                            "slot table has %d bytes too many".formatted(buffer.remaining()));
                }
                return new Meta(jobId, epoch, step, shard, pieces, dataBytes, chunkBytes);
            } catch (BufferUnderflowException e) {
                throw new IllegalArgumentException(
                        "slot table is cut off after %d bytes".formatted(bytes.length), e);
            }
        }

        private static byte[] encode(Piece piece) {
            Box box = piece.box();
            byte[] leaf = box.leaf().getBytes(StandardCharsets.UTF_8);
            byte[] dtype = box.dtype().getBytes(StandardCharsets.UTF_8);
            int rank = box.globalShape().size();
            ByteBuffer buffer =
                    ByteBuffer.allocate(22 + leaf.length + dtype.length + 24 * rank)
                            .order(ByteOrder.LITTLE_ENDIAN);
            buffer.putLong(piece.dataOffset()).putLong(box.bytes());
            buffer.put((byte) (box.perRank() ? 1 : 0)).put((byte) rank);
            putShort(buffer, leaf);
            putShort(buffer, dtype);
            for (int d = 0; d < rank; d++) {
                buffer.putLong(box.globalShape().get(d));
                buffer.putLong(box.offset().get(d));
                buffer.putLong(box.extent().get(d));
            }
            return buffer.array();
        }

        private static Piece decodePiece(ByteBuffer buffer) {
            long at = buffer.getLong();
            long length = buffer.getLong();
            int flags = buffer.get();
            require(flags == 0 || flags == 1, "the flags of a piece");
            int rank = Byte.toUnsignedInt(buffer.get());
            String leaf = text(buffer, Short.toUnsignedInt(buffer.getShort()));
            String dtype = text(buffer, Short.toUnsignedInt(buffer.getShort()));
            List<Long> shape = new ArrayList<>(rank);
            List<Long> offset = new ArrayList<>(rank);
            List<Long> extent = new ArrayList<>(rank);
            for (int d = 0; d < rank; d++) {
                shape.add(buffer.getLong());
                offset.add(buffer.getLong());
                extent.add(buffer.getLong());
            }
            return new Piece(new Box(leaf, dtype, shape, offset, extent, flags == 1, length), at);
        }

        private static void require(boolean known, String what) {
            if (!known) {
                throw new IllegalArgumentException(
                        "slot table: %s has a value that this version does not know"
                                .formatted(what));
            }
        }

        private static void putShort(ByteBuffer buffer, byte[] text) {
            if (text.length > 0xFFFF) {
                throw new IllegalArgumentException(
                        "a name of %d bytes; a slot table takes 65535".formatted(text.length));
            }
            buffer.putShort((short) text.length).put(text);
        }

        private static String text(ByteBuffer buffer, int length) {
            if (length > buffer.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] bytes = new byte[length];
            buffer.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** The digest of this state, given the CRC-32C of each chunk. */
        public byte[] digest(int[] crcs) {
            List<Chunk> chunks = chunks();
            Objects.checkIndex(chunks.size(), crcs.length + 1);
            MessageDigest sha256 = sha256();
            sha256.update(DIGEST_PREFIX);
            byte[] job = jobId.getBytes(StandardCharsets.UTF_8);
            ByteBuffer head = ByteBuffer.allocate(26 + job.length).order(ByteOrder.LITTLE_ENDIAN);
            putShort(head, job);
            head.putInt(shard).putLong(step).putLong(dataBytes).putInt(chunkBytes);
            sha256.update(head.flip());
            for (Piece piece : pieces) {
                sha256.update(encode(piece));
            }
            ByteBuffer crc = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < chunks.size(); i++) {
                if (!pieces.get(chunks.get(i).piece()).box().perRank()) {
                    sha256.update(crc.putInt(0, crcs[i]).array());
                }
            }
            return sha256.digest();
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has SHA-256", e);
            }
        }
    }
}
