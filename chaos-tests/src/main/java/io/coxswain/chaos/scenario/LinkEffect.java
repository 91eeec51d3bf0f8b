package io.coxswain.chaos.scenario;

import java.time.Duration;

/** What a proxy does to the bytes of a connection. */
public sealed interface LinkEffect {
    /** In words, after "the link between A and B". */
    String text();

    /**
     * Nothing passes until it heals. Nothing is lost either: what TCP would send again arrives
     * then.
     */
    record Cut() implements LinkEffect {
        @Override
        public String text() {
            return "is cut";
        }
    }

    /** Each piece of data arrives that much later. One piece is on its way at a time. */
    record Latency(Duration delay) implements LinkEffect {
        @Override
        public String text() {
            return "is " + delay.toMillis() + " ms longer";
        }
    }

    /** No faster than that. */
    record Bandwidth(long bytesPerSecond) implements LinkEffect {
        public Bandwidth {
            if (bytesPerSecond < 1) {
                throw new IllegalArgumentException(
                        "a bandwidth of " + bytesPerSecond + " bytes a second; expected 1 or more");
            }
        }

        @Override
        public String text() {
            return "carries " + bytesPerSecond + " bytes a second";
        }
    }

    /** Each open connection is reset, once; new ones are let through. */
    record Reset() implements LinkEffect {
        @Override
        public String text() {
            return "is reset";
        }
    }

    /** The connection that carries the byte after that many is reset there, once. */
    record CutAfter(long bytes) implements LinkEffect {
        @Override
        public String text() {
            return "is reset after " + bytes + " bytes";
        }
    }

    /** One bit of the byte after that many is flipped, once. */
    record FlipBit(long afterBytes) implements LinkEffect {
        @Override
        public String text() {
            return "flips a bit after " + afterBytes + " bytes";
        }
    }
}
