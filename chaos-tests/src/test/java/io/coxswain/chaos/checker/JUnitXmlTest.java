package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

import java.nio.file.Path;
import java.util.List;

import javax.xml.parsers.DocumentBuilderFactory;

class JUnitXmlTest {
    @TempDir private Path folder = Path.of("");

    /** Whatever processes print, a parser reads it. */
    @Test
    void writesWhatEveryParserReads() throws Exception {
        var everything = new StringBuilder();
        for (int unit = 0; unit <= Character.MAX_VALUE; unit++) {
            // A low half after a high one would be a pair: the other way round none is.
            everything.append((char) (Character.MAX_VALUE - unit));
        }
        String whole = "step 3 → 4 \uD83D\uDE00 <&\"'> ]]>\ttab\nline";
        Path file = folder.resolve("results.xml");

        JUnitXml.write(
                file,
                List.of(
                        new JUnitXml.Result("one", 1_500, "", whole),
                        new JUnitXml.Result(
                                "two\u0007",
                                20,
                                "fails\uD800\uFFFE\u001B[0m",
                                everything.toString()),
                        JUnitXml.Result.skipped("three", "it needs root")));

        Document read =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
        assertThat(read.getDocumentElement().getAttribute("failures")).isEqualTo("1");
        assertThat(read.getDocumentElement().getAttribute("skipped")).isEqualTo("1");
        var cases = read.getElementsByTagName("testcase");
        assertThat(cases.getLength()).isEqualTo(3);
        assertThat(cases.item(0).getTextContent()).contains(whole);
        assertThat(((Element) cases.item(1)).getAttribute("name")).isEqualTo("two?");
        assertThat(((Element) read.getElementsByTagName("failure").item(0)).getAttribute("message"))
                .isEqualTo("fails???[0m");
        assertThat(cases.item(1).getTextContent())
                .contains("ÿ", "\uFFFD", "\uE000")
                .doesNotContain("\uFFFF", "\uFFFE", "\u0085");
    }
}
