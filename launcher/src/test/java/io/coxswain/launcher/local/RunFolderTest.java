package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

class RunFolderTest {
    private static final int FILES = 300;

    @TempDir private Path home = Path.of("");

    @Test
    void deletesAFolderWithAllThatIsInIt() throws IOException {
        Path folder = home.resolve("a");
        Path inner = Files.createDirectories(folder.resolve("b"));
        Files.writeString(inner.resolve("file"), "x");

        RunFolder.delete(folder);

        assertThat(folder).doesNotExist();
        RunFolder.delete(folder);
    }

    /** An agent that does not close in time is still closing while its folder is deleted. */
    @Test
    void whatGoesMeanwhileByAnotherHandIsNoError() throws Exception {
        for (int round = 0; round < 20; round++) {
            Path folder = Files.createDirectory(home.resolve("round-" + round));
            for (int i = 0; i < FILES; i++) {
                Files.createFile(folder.resolve("file-" + i));
            }
            CompletableFuture<Void> other =
                    CompletableFuture.runAsync(() -> {
                        try {
                            for (int i = 0; i < FILES; i++) {
                                Files.deleteIfExists(folder.resolve("file-" + i));
                            }
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });

            RunFolder.delete(folder);

            other.get(50, TimeUnit.SECONDS);
            assertThat(folder).doesNotExist();
        }
    }
}
