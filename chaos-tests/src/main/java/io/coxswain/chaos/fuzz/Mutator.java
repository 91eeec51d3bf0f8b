package io.coxswain.chaos.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Makes bad inputs from good ones. The same numbers give the same input. */
final class Mutator {
    private static final int MOST_CHANGES = 8;
    private static final int MOST_BYTES = 1 << 20;
    private static final int MOST_INSERTED = 64;
    private static final long[] INTERESTING = {
        0,
        1,
        -1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        1L << 32,
        16 << 20
    };

    private Mutator() {}

    static byte[] mutate(List<byte[]> seeds, SplittableRandom random) {
        byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
        int changes = 1 + random.nextInt(MOST_CHANGES);
        for (int i = 0; i < changes; i++) {
            bytes = change(bytes, seeds, random);
        }
        return bytes.length > MOST_BYTES ? Arrays.copyOf(bytes, MOST_BYTES) : bytes;
    }

    private static byte[] change(byte[] bytes, List<byte[]> seeds, SplittableRandom random) {
        if (bytes.length == 0) {
            return insert(bytes, 0, random);
        }
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(10)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt();
            case 3 -> number(bytes, at, random);
            case 4 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 5 -> {
                return insert(bytes, at, random);
            }
            case 6 -> {
                return remove(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(16)));
            }
            case 7 -> {
                return splice(bytes, at, seeds.get(random.nextInt(seeds.size())), random);
            }
            case 8 -> {
                return repeat(bytes, at, random);
            }
            default -> varint(bytes, at, random);
        }
        return bytes;
    }

    // Big or little endian, four or eight bytes.
    private static void number(byte[] bytes, int at, SplittableRandom random) {
        long value = INTERESTING[random.nextInt(INTERESTING.length)];
        int width = random.nextBoolean() ? Integer.BYTES : Long.BYTES;
        boolean big = random.nextBoolean();
        for (int i = 0; i < width && at + i < bytes.length; i++) {
            int shift = 8 * (big ? width - 1 - i : i);
            bytes[at + i] = (byte) (value >>> shift);
        }
    }

    // As protobuf writes numbers and lengths.
    private static void varint(byte[] bytes, int at, SplittableRandom random) {
        long value = INTERESTING[random.nextInt(INTERESTING.length)];
        int i = at;
        while (i < bytes.length && (value & ~0x7fL) != 0) {
            bytes[i] = (byte) ((value & 0x7f) | 0x80);
            value >>>= 7;
            i++;
        }
        if (i < bytes.length) {
            bytes[i] = (byte) value;
        }
    }

    private static byte[] insert(byte[] bytes, int at, SplittableRandom random) {
        byte[] inserted = new byte[1 + random.nextInt(MOST_INSERTED)];
        random.nextBytes(inserted);
        return joined(bytes, at, inserted, at);
    }

    private static byte[] remove(byte[] bytes, int from, int to) {
        return joined(bytes, from, new byte[0], to);
    }

    private static byte[] splice(byte[] bytes, int at, byte[] other, SplittableRandom random) {
        int from = other.length == 0 ? 0 : random.nextInt(other.length);
        return joined(bytes, at, Arrays.copyOfRange(other, from, other.length), bytes.length);
    }

    private static byte[] repeat(byte[] bytes, int at, SplittableRandom random) {
        int end = Math.min(bytes.length, at + 1 + random.nextInt(MOST_INSERTED));
        byte[] part = Arrays.copyOfRange(bytes, at, end);
        int times = 1 + random.nextInt(MOST_INSERTED);
        byte[] many = new byte[part.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(part, 0, many, i * part.length, part.length);
        }
        return joined(bytes, at, many, at);
    }

    // What is before `at`, the middle, and what is from `rest` on.
    private static byte[] joined(byte[] bytes, int at, byte[] middle, int rest) {
        byte[] all = new byte[at + middle.length + bytes.length - rest];
        System.arraycopy(bytes, 0, all, 0, at);
        System.arraycopy(middle, 0, all, at, middle.length);
        System.arraycopy(bytes, rest, all, at + middle.length, bytes.length - rest);
        return all;
    }
}
