package io.coxswain.agent.worker;

/** The end of what was printed, in a bounded place. Not thread-safe. */
final class PrintedTail {
    private static final byte[] NOTHING = new byte[0];

    private byte[] ring;
    private long printed;

    PrintedTail(int bytes) {
        ring = new byte[bytes];
    }

    void remember(byte[] bytes, int length) {
        if (ring.length == 0) {
            return;
        }
        int from = Math.max(0, length - ring.length);
        int at = (int) ((printed + from) % ring.length);
        int first = Math.min(length - from, ring.length - at);
        System.arraycopy(bytes, from, ring, at, first);
        System.arraycopy(bytes, from + first, ring, 0, length - from - first);
        printed += length;
    }

    byte[] tail(int most) {
        int length = (int) Math.min(Math.min(printed, ring.length), most);
        byte[] tail = new byte[length];
        for (int i = 0; i < length; i++) {
            tail[i] = ring[(int) ((printed - length + i) % ring.length)];
        }
        return tail;
    }

    long printed() {
        return printed;
    }

    /** Gives its memory back. */
    void clear() {
        ring = NOTHING;
        printed = 0;
    }
}
