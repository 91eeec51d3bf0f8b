package io.coxswain.bridge.conformance;

import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.TextFormat;

import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;

/** Values as a report shows them: one line, not too long. */
final class Texts {
    private static final int MOST = 240;

    private Texts() {}

    static String of(MessageOrBuilder message) {
        String text = TextFormat.printer().emittingSingleLine(true).printToString(message).strip();
        if (text.isEmpty()) {
            return "an empty message";
        }
        return text.length() <= MOST ? text : text.substring(0, MOST) + "…";
    }

    static String of(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1_000 == 0
                ? millis / 1_000 + " s"
                : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }

    static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    static String of(byte[] digest) {
        return digest.length == 0
                ? "an empty digest"
                : HexFormat.of().formatHex(digest, 0, Math.min(8, digest.length)) + "…";
    }
}
