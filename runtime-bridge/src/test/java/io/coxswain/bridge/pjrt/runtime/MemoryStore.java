package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.spi.ViewStore;
import io.coxswain.bridge.spi.ViewStoreException;
import io.coxswain.bridge.spi.ViewStoreException.Code;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/** A view's store in memory, for ranks in one process. */
final class MemoryStore implements ViewStore {
    private final Map<String, CompletableFuture<byte[]>> values = new ConcurrentHashMap<>();

    private CompletableFuture<byte[]> value(String key) {
        return values.computeIfAbsent(key, _ -> new CompletableFuture<>());
    }

    /** Whoever waits for that key hears that the view is over. */
    void end(String key) {
        value(key)
                .completeExceptionally(
                        new ViewStoreException(Code.EPOCH_OVER, "epoch_over: in the test"));
    }

    @Override
    public void set(String key, byte[] value) {
        value(key).complete(value);
    }

    @Override
    public byte[] get(String key, Duration limit) throws ViewStoreException {
        try {
            return value(key).get();
        } catch (ExecutionException e) {
            throw (ViewStoreException) e.getCause();
        } catch (InterruptedException e) {
            throw new ViewStoreException(Code.UNAVAILABLE, "interrupted");
        }
    }

    @Override
    public Optional<byte[]> tryGet(String key) {
        return Optional.ofNullable(value(key).getNow(null));
    }

    @Override
    public long add(String key, long amount) {
        throw new UnsupportedOperationException("no plugin adds");
    }

    @Override
    public boolean delete(String key) {
        throw new UnsupportedOperationException("no plugin deletes");
    }
}
