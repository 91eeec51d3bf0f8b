package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.KeyValueStore;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;
import io.coxswain.bridge.spi.ViewStore;
import io.coxswain.bridge.spi.ViewStoreException;

import java.time.Duration;
import java.util.Optional;

/**
 * A rank whose client finds those of the view's other ranks.
 *
 * @param rank from 0
 * @param ranks how many there are
 */
record Node(int rank, int ranks, ViewStore store) {
    /** The view's store, as a plugin uses it. */
    KeyValueStore keyValues() {
        return new Keys(store);
    }

    /** An operation of the store's. */
    @FunctionalInterface
    private interface Use<T> {
        T of(ViewStore store) throws ViewStoreException;
    }

    private record Keys(ViewStore store) implements KeyValueStore {
        @Override
        public byte[] get(String key, Duration limit) throws PjrtException {
            return use(store -> store.get(key, limit));
        }

        @Override
        public Optional<byte[]> tryGet(String key) throws PjrtException {
            return use(store -> store.tryGet(key));
        }

        @Override
        public void put(String key, byte[] value) throws PjrtException {
            var _ =
                    use(store -> {
                        store.set(key, value);
                        return value;
                    });
        }

        private <T> T use(Use<T> use) throws PjrtException {
            try {
                return use.of(store);
            } catch (ViewStoreException e) {
                throw new PjrtException(code(e.code()), String.valueOf(e.getMessage()), e);
            }
        }

        private static Code code(ViewStoreException.Code code) {
            return switch (code) {
                case NOT_FOUND -> Code.NOT_FOUND;
                case TIMED_OUT -> Code.DEADLINE_EXCEEDED;
                case EPOCH_OVER -> Code.ABORTED;
                case BAD_REQUEST -> Code.INVALID_ARGUMENT;
                case TOO_MUCH -> Code.RESOURCE_EXHAUSTED;
                case UNAVAILABLE -> Code.UNAVAILABLE;
            };
        }
    }
}
