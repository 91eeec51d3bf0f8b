package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Clients of several nodes that find each other. The mock alone: real ones need GPUs. */
class KeyValueStoreTest {
    private MockPlugin mock;

    @BeforeEach
    void open() throws Exception {
        mock = MockPlugin.compiled();
    }

    @AfterEach
    void nothingIsLeft() throws Throwable {
        if (mock != null) {
            mock.assertClean();
        }
    }

    /** In memory, for the nodes of one test. */
    private static class Store implements KeyValueStore {
        private final Map<String, CompletableFuture<byte[]>> values = new ConcurrentHashMap<>();

        private CompletableFuture<byte[]> value(String key) {
            return values.computeIfAbsent(key, _ -> new CompletableFuture<>());
        }

        @Override
        public byte[] get(String key, Duration limit) throws PjrtException {
            try {
                return value(key).get(limit.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                throw new PjrtException(
                        Code.DEADLINE_EXCEEDED, "nobody put '%s'".formatted(key), e);
            } catch (InterruptedException | ExecutionException e) {
                throw new PjrtException(Code.INTERNAL, "the store broke", e);
            }
        }

        @Override
        public Optional<byte[]> tryGet(String key) throws PjrtException {
            return Optional.ofNullable(value(key).getNow(null));
        }

        @Override
        public void put(String key, byte[] value) throws PjrtException {
            value(key).complete(value);
        }
    }

    private PjrtClient node(long node, long of, KeyValueStore store) throws PjrtException {
        return mock.load().createClient(Map.of("kv_node", node, "kv_of", of), store);
    }

    @Test
    void nodesMeet() throws Exception {
        Store store = new Store();
        List<CompletableFuture<String>> nodes = new ArrayList<>();
        for (long node = 0; node < 3; node++) {
            long self = node;
            CompletableFuture<String> version = new CompletableFuture<>();
            nodes.add(version);
            Thread.ofPlatform()
                    .start(() -> {
                        try {
                            String told;
                            try (PjrtClient client = node(self, 3, store)) {
                                told = client.platformVersion();
                            }
                            // Told after the close: the test looks for what is left.
                            version.complete(told);
                        } catch (Throwable e) {
                            version.completeExceptionally(e);
                        }
                    });
        }
        for (CompletableFuture<String> node : nodes) {
            assertThat(node.get(50, TimeUnit.SECONDS)).isEqualTo("mock with n0 n1 n2");
        }
        assertThat(store.tryGet("node/2").map(value -> new String(value, StandardCharsets.UTF_8)))
                .contains("n2");
    }

    @Test
    void anEmptyValueIsAValue() throws Exception {
        Store store = new Store();
        store.put("node/0", new byte[0]);
        try (PjrtClient client = node(1, 1, store)) {
            assertThat(client.platformVersion()).isEqualTo("mock with ");
        }
    }

    @Test
    void withoutAStoreThePluginSaysSo() {
        PluginFixture.assertRefused(
                Code.FAILED_PRECONDITION,
                "mock: there is no key-value store",
                () -> mock.load().createClient(Map.of("kv_node", 0L, "kv_of", 1L)));
    }

    @Test
    void aStoresErrorKeepsItsCodeOnTheWayThroughThePlugin() {
        KeyValueStore late =
                new Store() {
                    @Override
                    public byte[] get(String key, Duration limit) throws PjrtException {
                        assertThat(limit).hasSeconds(30);
                        return super.get(key, Duration.ZERO);
                    }
                };
        PluginFixture.assertRefused(
                Code.DEADLINE_EXCEEDED, "nobody put 'node/1'", () -> node(0, 2, late));
    }

    @Test
    void whateverAStoreThrowsEndsNothingButTheCall() {
        for (Throwable thrown :
                List.of(new IllegalStateException("boom"), new StackOverflowError("boom"))) {
            KeyValueStore broken =
                    new Store() {
                        @Override
                        public void put(String key, byte[] value) {
                            KeyValueStoreTest.<RuntimeException>sneak(thrown);
                        }
                    };
            PluginFixture.assertRefused(
                    Code.INTERNAL,
                    "the key-value store failed: " + thrown,
                    () -> node(0, 1, broken));
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }
}
