package io.coxswain.launcher.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class TokenFileTest {
    @TempDir private Path folder = Path.of("");

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("token"), text);
    }

    @Test
    void itIsTheFilesOneLine() throws IOException {
        assertThat(TokenFile.read(file(" 0123456789abcdef\r\n"))).isEqualTo("0123456789abcdef");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0123456789abcde", "two words 0123456789", "a\nb0123456789abcdef"})
    void anythingElseSaysHowToMakeOne(String text) throws IOException {
        Path file = file(text);
        assertThatThrownBy(() -> TokenFile.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("umask 077");
    }

    @Test
    void whatIsNotThereOrFarTooLongIsSaid() throws IOException {
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> TokenFile.read(none)).hasMessageContaining("is not there");
        Path large = file("x".repeat(5_000));
        assertThatThrownBy(() -> TokenFile.read(large)).hasMessageContaining("larger than");
    }

    @Test
    void whoOpensThePortToTheNetworkIsWarned() {
        assertThat(new HttpAddress("127.0.0.1", 0).warning()).isEmpty();
        assertThat(new HttpAddress("localhost", 0).warning()).isEmpty();
        assertThat(new HttpAddress("0.0.0.0", 0).warning())
                .contains("EVERYBODY", "--http-token-file");
        assertThat(new HttpAddress("::", 0).withToken("0123456789abcdef").warning())
                .contains("open to the network")
                .doesNotContain("EVERYBODY");
    }
}
