package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

class ExecutableCacheTest {
    private static final String KEY = ExecutableCache.key("m", "p", "t", "", "cpu");
    private static final byte[] PROGRAM = {1, 2, 3, 4, 5};

    @TempDir Path temp;

    private ExecutableCache cache() {
        return new ExecutableCache(temp.resolve("a").resolve("executables"));
    }

    private Path file() {
        return temp.resolve("a").resolve("executables").resolve(KEY + ".pjrt");
    }

    @Test
    void aProgramIsKeptAndReplaced() throws IOException {
        assertThat(cache().read(KEY)).isEmpty();
        cache().write(KEY, new byte[] {9});
        cache().write(KEY, PROGRAM);
        assertThat(cache().read(KEY)).hasValue(PROGRAM);
        assertThat(cache().read(ExecutableCache.key("m", "p", "t", "f", "cpu"))).isEmpty();
        try (var files = Files.list(file().getParent())) {
            assertThat(files).containsExactly(file());
        }
    }

    @Test
    void whateverCompilationDependsOnIsInTheKey() {
        Set<String> keys = new HashSet<>();
        for (List<String> parts :
                List.of(
                        List.of("m", "p", "t", "", "cpu"),
                        List.of("n", "p", "t", "", "cpu"),
                        List.of("m", "q", "t", "", "cpu"),
                        List.of("m", "p", "u", "", "cpu"),
                        List.of("m", "p", "t", "--f", "cpu"),
                        List.of("m", "p", "t", "", "cpu avx2"))) {
            keys.add(
                    ExecutableCache.key(
                            parts.get(0), parts.get(1), parts.get(2), parts.get(3), parts.get(4)));
        }
        assertThat(keys).hasSize(6).contains(KEY);
    }

    @Test
    void anyDamageIsFound() throws IOException {
        cache().write(KEY, PROGRAM);
        byte[] good = Files.readAllBytes(file());
        for (int at = 0; at < good.length; at += 11) {
            byte[] bad = good.clone();
            bad[at] ^= 4;
            Files.write(file(), bad);
            assertThat(cache().read(KEY)).as("byte %d flipped", at).isEmpty();
            Files.write(file(), Arrays.copyOf(good, at));
            assertThat(cache().read(KEY)).as("cut at %d", at).isEmpty();
        }
        Files.write(file(), Arrays.copyOf(good, good.length + 1));
        assertThat(cache().read(KEY)).isEmpty();
        Files.write(file(), good);
        assertThat(cache().read(KEY)).hasValue(PROGRAM);
    }

    @Test
    void aFolderThatCannotBeMadeIsNoHindrance() throws IOException {
        Files.writeString(temp.resolve("a"), "in the way");
        cache().write(KEY, PROGRAM);
        assertThat(cache().read(KEY)).isEmpty();
    }

    @Test
    void aCacheWithoutAFolderKeepsNothing() {
        ExecutableCache none = new ExecutableCache(null);
        none.write(KEY, PROGRAM);
        assertThat(none.read(KEY)).isEmpty();
        assertThat(none.isKeeping()).isFalse();
    }
}
