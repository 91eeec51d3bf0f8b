package io.coxswain.bridge.host;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.spi.ViewStore;
import io.coxswain.bridge.spi.ViewStoreException;
import io.coxswain.bridge.spi.ViewStoreException.Code;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.control.v1.KeyValueAdd;
import io.coxswain.proto.control.v1.KeyValueDelete;
import io.coxswain.proto.control.v1.KeyValueGet;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;
import io.coxswain.proto.control.v1.KeyValueSet;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Asks the agent for operations on the key-value store of a view, on the side channel, so that it
 * works while the main thread is inside a call of the runtime's. Any thread; each caller waits for
 * its own answer. The agent keeps the limits, but an abort ends what waits at once.
 */
final class KeyValueClient {
    private final FrameChannel channel;
    private final AbortGate gate;
    private final Map<Long, Waiting> waiting = new HashMap<>();
    private long lastId;
    private boolean closed;

    /** A request that has no answer yet. */
    private static final class Waiting {
        final long epoch;
        @Nullable KeyValueResult result;

        Waiting(long epoch) {
            this.epoch = epoch;
        }
    }

    KeyValueClient(FrameChannel channel, AbortGate gate) {
        this.channel = channel;
        this.gate = gate;
    }

    /** The store of that view. */
    ViewStore of(long epoch) {
        return new EpochStore(epoch);
    }

    /** The agent's answer; one that nobody waits for is dropped. */
    synchronized void answered(KeyValueAnswer answer) {
        Waiting request = waiting.get(answer.getId());
        if (request != null) {
            request.result = answer.getResult();
            notifyAll();
        }
    }

    /** The gate was raised: what waits in an epoch that is over waits no longer. */
    synchronized void aborted() {
        for (Waiting request : waiting.values()) {
            if (request.result == null && gate.isAborted(request.epoch)) {
                request.result = over(request.epoch);
            }
        }
        notifyAll();
    }

    /** The agent is gone. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    private KeyValueResult ask(long epoch, KeyValueOperation.Builder operation)
            throws ViewStoreException {
        long id;
        var request = new Waiting(epoch);
        synchronized (this) {
            id = ++lastId;
            waiting.put(id, request);
        }
        try {
            if (gate.isAborted(epoch)) {
                throw failure(over(epoch));
            }
            channel.send(
                    FromWorkerSide.newBuilder()
                            .setKeyValueRequest(
                                    KeyValueRequest.newBuilder()
                                            .setId(id)
                                            .setEpoch(epoch)
                                            .setOperation(operation))
                            .build());
            return await(request);
        } catch (IOException e) {
            throw new ViewStoreException(Code.UNAVAILABLE, "the agent is gone: " + e.getMessage());
        } catch (IllegalArgumentException e) {
            throw new ViewStoreException(Code.TOO_MUCH, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ViewStoreException(
                    Code.UNAVAILABLE, "interrupted while it waited for the key-value store");
        } finally {
            synchronized (this) {
                waiting.remove(id);
            }
        }
    }

    private synchronized KeyValueResult await(Waiting request)
            throws InterruptedException, ViewStoreException {
        // An abort may have come before the request was known here.
        while (request.result == null && !closed && !gate.isAborted(request.epoch)) {
            wait();
        }
        KeyValueResult result = request.result;
        if (result == null) {
            if (!closed) {
                throw failure(over(request.epoch));
            }
            throw new ViewStoreException(Code.UNAVAILABLE, "the agent is gone");
        }
        if (!result.getCode().isEmpty()) {
            throw failure(result);
        }
        return result;
    }

    private static ViewStoreException failure(KeyValueResult result) {
        return ViewStoreException.of(result.getCode(), result.getMessage());
    }

    private static KeyValueResult over(long epoch) {
        return KeyValueResult.newBuilder()
                .setCode("epoch_over")
                .setMessage("epoch " + Long.toUnsignedString(epoch) + " has ended")
                .build();
    }

    /** Binds an epoch. */
    private final class EpochStore implements ViewStore {
        private final long epoch;

        EpochStore(long epoch) {
            this.epoch = epoch;
        }

        @Override
        public void set(String key, byte[] value) throws ViewStoreException {
            ask(
                    epoch,
                    KeyValueOperation.newBuilder()
                            .setSet(
                                    KeyValueSet.newBuilder()
                                            .setKey(key)
                                            .setValue(ByteString.copyFrom(value))));
        }

        @Override
        public byte[] get(String key, Duration limit) throws ViewStoreException {
            // No time to wait is still an answer of "timed out", as the caller expects.
            return value(key, Math.max(1, nanos(limit)));
        }

        @Override
        public Optional<byte[]> tryGet(String key) throws ViewStoreException {
            try {
                return Optional.of(value(key, 0));
            } catch (ViewStoreException e) {
                if (e.code() == Code.NOT_FOUND) {
                    return Optional.empty();
                }
                throw e;
            }
        }

        @Override
        public long add(String key, long amount) throws ViewStoreException {
            return ask(
                            epoch,
                            KeyValueOperation.newBuilder()
                                    .setAdd(KeyValueAdd.newBuilder().setKey(key).setAmount(amount)))
                    .getNumber();
        }

        @Override
        public boolean delete(String key) throws ViewStoreException {
            return ask(
                                    epoch,
                                    KeyValueOperation.newBuilder()
                                            .setDelete(KeyValueDelete.newBuilder().setKey(key)))
                            .getNumber()
                    != 0;
        }

        private byte[] value(String key, long waitNanos) throws ViewStoreException {
            KeyValueResult result =
                    ask(
                            epoch,
                            KeyValueOperation.newBuilder()
                                    .setGet(
                                            KeyValueGet.newBuilder()
                                                    .addKeys(key)
                                                    .setWaitNanos(waitNanos)));
            if (result.getValuesCount() != 1) {
                throw new ViewStoreException(
                        Code.UNAVAILABLE,
                        "the store answered with %d values for one key"
                                .formatted(result.getValuesCount()));
            }
            return result.getValues(0).toByteArray();
        }

        private static long nanos(Duration limit) {
            try {
                return limit.toNanos();
            } catch (ArithmeticException e) {
                return limit.isNegative() ? 0 : Long.MAX_VALUE;
            }
        }
    }
}
