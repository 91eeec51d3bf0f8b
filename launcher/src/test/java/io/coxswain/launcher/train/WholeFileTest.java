package io.coxswain.launcher.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

final class WholeFileTest {
    @TempDir private Path folder = Path.of("");

    @Test
    void aLinkOrDeviceStaysWhatItIs() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "old and longer");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);

        WholeFile.check("--out", link);
        WholeFile.write(link, to -> Files.writeString(to, "new"));

        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("new");

        Path none = Path.of("/dev/null");
        WholeFile.check("--out", none);
        WholeFile.write(none, to -> Files.writeString(to, "new"));
        assertThat(Files.isRegularFile(none, LinkOption.NOFOLLOW_LINKS)).isFalse();
    }

    @Test
    void whatWasThereStaysWhenWritingFails() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "old");

        assertThatThrownBy(() ->
                        WholeFile.write(
                                file,
                                to -> {
                                    Files.writeString(to, "half");
                                    throw new IOException("no more");
                                }))
                .hasMessage("no more");

        assertThat(file).hasContent("old");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void whatCannotBeWrittenIsRefusedByTheOptionsName() {
        assertThatThrownBy(() -> WholeFile.check("--out", folder))
                .hasMessage(
                        "--out: "
                                + folder
                                + " cannot be written: expected a file name in an existing folder"
                                + " that can be written to");
        assertThatThrownBy(() -> WholeFile.check("--out", Path.of("/proc/none")))
                .hasMessageContaining("--out: /proc/none cannot be written: expected a file name");
    }
}
