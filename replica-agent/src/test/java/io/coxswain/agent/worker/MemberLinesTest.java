package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

class MemberLinesTest {
    private final ByteArrayOutputStream all = new ByteArrayOutputStream();

    private final PrintedLines log =
            new PrintedLines() {
                @Override
                public void write(byte[] bytes, int length) {
                    all.write(bytes, 0, length);
                }

                @Override
                public byte[] tail(int most) {
                    return new byte[0];
                }

                @Override
                public long printed() {
                    return all.size();
                }

                @Override
                public byte[] since(long before) {
                    return new byte[0];
                }
            };

    private static void print(PrintedLines lines, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        lines.write(bytes, bytes.length);
    }

    private String log() {
        return all.toString(StandardCharsets.UTF_8);
    }

    @Test
    void linesOfTwoProcessesDoNotMix() {
        var first = new MemberLines(0, log);
        var second = new MemberLines(1, log);

        print(first, "half ");
        print(second, "whole\nand ");
        print(first, "a line\n");
        first.end();
        second.end();

        assertThat(log()).isEqualTo("[1] whole\n[0] half a line\n[1] and \n");
    }

    @Test
    void eachKeepsItsOwnWords() {
        var lines = new MemberLines(3, log);
        print(lines, "one\ntwo");

        assertThat(lines.tail(4)).isEqualTo("\ntwo".getBytes(StandardCharsets.UTF_8));
        assertThat(lines.since(4)).isEqualTo("two".getBytes(StandardCharsets.UTF_8));
        assertThat(lines.printed()).isEqualTo(7);
    }

    @Test
    void aLineWithoutAnEndIsCut() {
        var lines = new MemberLines(0, log);
        print(lines, "x".repeat(20_000));
        lines.end();

        assertThat(log().lines()).hasSize(3).allMatch(line -> line.startsWith("[0] x"));
        assertThat(log().replaceAll("[^x]", "")).hasSize(20_000);
    }
}
