package io.coxswain.web;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * One or more server-sent events as they go over the wire, encoded once for any number of viewers.
 * Immutable.
 */
public final class EventBytes {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");
    private static final Pattern ID = Pattern.compile("[!-~]*");
    private static final byte[] FIELD = "data: ".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;

    private EventBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** None yet. */
    public static Builder builder() {
        return new Builder();
    }

    /** How much it is. */
    public int size() {
        return bytes.length;
    }

    /** Not copied: nobody writes into it. */
    byte[] bytes() {
        return bytes;
    }

    /** Collects events. Not thread-safe. */
    public static final class Builder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(1_024);

        private Builder() {}

        /** One more event. */
        public Builder add(String event, byte[] utf8) {
            return add(null, event, utf8);
        }

        /**
         * One more event.
         *
         * @param id what the viewer says as {@code Last-Event-ID} when it comes back; null: as
         *     before
         * @param event what the page listens for
         * @param utf8 text
         */
        public Builder add(@Nullable String id, String event, byte[] utf8) {
            if (!NAME.matcher(event).matches()) {
                throw new IllegalArgumentException("not an event's name: " + event);
            }
            if (id != null && !ID.matcher(id).matches()) {
                throw new IllegalArgumentException("not an event's id: " + id);
            }
            String head = (id == null ? "" : "id: " + id + "\n") + "event: " + event + "\n";
            out.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
            lines(utf8);
            return this;
        }

        /** True while there is no event. */
        public boolean isEmpty() {
            return out.size() == 0;
        }

        public EventBytes build() {
            return new EventBytes(out.toByteArray());
        }

        // Each line of the text is a field of its own; CR would end one too.
        private void lines(byte[] text) {
            out.writeBytes(FIELD);
            int from = 0;
            for (int at = 0; at < text.length; at++) {
                if (text[at] == '\n' || text[at] == '\r') {
                    out.write(text, from, at - from);
                    out.write('\n');
                    out.writeBytes(FIELD);
                    if (text[at] == '\r' && at + 1 < text.length && text[at + 1] == '\n') {
                        at++;
                    }
                    from = at + 1;
                }
            }
            out.write(text, from, text.length - from);
            out.write('\n');
            out.write('\n');
        }
    }
}
