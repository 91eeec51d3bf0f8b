package io.coxswain.agent.adapter;

import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.proto.bridge.v1.KeyValueRequest;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;

/**
 * What one worker has asked of the key-value store and not been answered: bounds it before it
 * reaches the decision loop, whose queue has no bound. Any thread.
 */
final class KeyValueIntake {
    private static final int MOST_REQUESTS = 1_024;
    private static final long MOST_BYTES = 32L << 20;

    /** Bytes of each request under way. */
    private final Map<Long, Integer> underWay = new HashMap<>();

    private long bytes;

    /** Takes a request in, or says why not. */
    synchronized @Nullable KeyValueReply admit(KeyValueRequest request) {
        if (!KeyValueMessages.isKnown(request)) {
            return KeyValueReply.refused(
                    "bad_request", "the request names no operation that this version knows");
        }
        if (underWay.containsKey(request.getId())) {
            return KeyValueReply.refused(
                    "bad_request",
                    "a request with the id "
                            + Long.toUnsignedString(request.getId())
                            + " is under way already");
        }
        int size = request.getSerializedSize();
        if (underWay.size() >= MOST_REQUESTS || bytes + size > MOST_BYTES) {
            return KeyValueReply.refused(
                    "too_many_requests",
                    "%d requests of %d bytes to the key-value store are under way; the most are %d of %d bytes"
                            .formatted(underWay.size(), bytes, MOST_REQUESTS, MOST_BYTES));
        }
        underWay.put(request.getId(), size);
        bytes += size;
        return null;
    }

    synchronized void answered(long id) {
        Integer size = underWay.remove(id);
        bytes -= size == null ? 0 : size;
    }

    /** Another worker: what the former one asked is nobody's any more. */
    synchronized void clear() {
        underWay.clear();
        bytes = 0;
    }
}
