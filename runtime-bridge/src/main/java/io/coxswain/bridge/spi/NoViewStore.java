package io.coxswain.bridge.spi;

import java.time.Duration;
import java.util.Optional;

/** A view's store where nobody serves one. */
enum NoViewStore implements ViewStore {
    INSTANCE;

    @Override
    public void set(String key, byte[] value) throws ViewStoreException {
        throw missing();
    }

    @Override
    public byte[] get(String key, Duration limit) throws ViewStoreException {
        throw missing();
    }

    @Override
    public Optional<byte[]> tryGet(String key) throws ViewStoreException {
        throw missing();
    }

    @Override
    public long add(String key, long amount) throws ViewStoreException {
        throw missing();
    }

    @Override
    public boolean delete(String key) throws ViewStoreException {
        throw missing();
    }

    private static ViewStoreException missing() {
        return new ViewStoreException(
                ViewStoreException.Code.UNAVAILABLE, "nobody serves a key-value store here");
    }
}
