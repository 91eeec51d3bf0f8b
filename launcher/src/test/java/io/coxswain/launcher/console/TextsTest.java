package io.coxswain.launcher.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

class TextsTest {
    @Test
    void durationsHaveTheUnitThatFits() {
        assertThat(Texts.duration(250_000)).isEqualTo("0.3 ms");
        assertThat(Texts.duration(214_400_000)).isEqualTo("214 ms");
        assertThat(Texts.duration(6_140_000_000L)).isEqualTo("6.1 s");
        assertThat(Texts.duration(150_000_000_000L)).isEqualTo("2 min 30 s");
        assertThat(Texts.duration(9_000_000_000_000L)).isEqualTo("2 h 30 min");
    }

    @Test
    void bytesCountInThousands() {
        assertThat(Texts.bytes(999)).isEqualTo("999 B");
        assertThat(Texts.bytes(1_500)).isEqualTo("1.5 kB");
        assertThat(Texts.bytes(999_999)).isEqualTo("1.0 MB");
        assertThat(Texts.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
    }

    @Test
    void listsReadLikeSentences() {
        assertThat(Texts.list(List.of())).isEmpty();
        assertThat(Texts.list(List.of("a"))).isEqualTo("a");
        assertThat(Texts.list(List.of("a", "b", "c"))).isEqualTo("a, b and c");
        assertThat(Texts.count(1, "step")).isEqualTo("1 step");
        assertThat(Texts.count(0, "step")).isEqualTo("0 steps");
    }

    @Test
    void linesGoAboveTheStatus() {
        var out = new ByteArrayOutputStream();
        var terminal = new Terminal(new PrintStream(out, true, StandardCharsets.UTF_8), true);

        terminal.status("working");
        terminal.line("news");
        terminal.status("");

        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        "working\r\u001b[2Knews" + System.lineSeparator() + "working\r\u001b[2K");
    }

    @Test
    void aTerminalThatKnowsOnlyAsciiGetsThat() {
        var out = new ByteArrayOutputStream();
        var terminal = new Terminal(new PrintStream(out, true, StandardCharsets.US_ASCII), true);

        terminal.line("2 × 2 …");

        assertThat(out.toString(StandardCharsets.US_ASCII))
                .isEqualTo("2 x 2 ..." + System.lineSeparator());
        assertThat(terminal.bar(0.5, 4)).isEqualTo("##..");
    }
}
