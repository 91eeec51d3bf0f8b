package io.coxswain.chaos.checker;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Results in the form that test servers read. Stateless. */
public final class JUnitXml {
    private static final String SUITE = "coxswain.chaos";
    private static final double MILLIS = 1_000;

    private JUnitXml() {}

    /**
     * One scenario's result.
     *
     * @param failure empty if it holds
     * @param output what was seen
     * @param skipped why it was not played; empty if it was
     */
    public record Result(String name, long millis, String failure, String output, String skipped) {
        /** One that was played. */
        public Result(String name, long millis, String failure, String output) {
            this(name, millis, failure, output, "");
        }

        /** One that this machine cannot play. */
        public static Result skipped(String name, String why) {
            return new Result(name, 0, "", "", why);
        }

        /** That of an outcome. */
        public static Result of(Outcome outcome) {
            return new Result(
                    outcome.scenario(),
                    outcome.took().toMillis(),
                    outcome.holds()
                            ? ""
                            : String.join(
                                    "; ",
                                    outcome.verdicts().stream()
                                            .filter(verdict -> !verdict.holds())
                                            .map(verdict ->
                                                    verdict.oracle() + ": " + verdict.says())
                                            .toList()),
                    String.join(System.lineSeparator(), outcome.lines()));
        }
    }

    /** Writes the file. */
    public static void write(Path file, List<Result> results) throws IOException {
        try (Writer out = Files.newBufferedWriter(file)) {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", SUITE);
            xml.writeAttribute("tests", Integer.toString(results.size()));
            xml.writeAttribute(
                    "failures",
                    Long.toString(
                            results.stream().filter(one -> !one.failure().isEmpty()).count()));
            xml.writeAttribute("errors", "0");
            xml.writeAttribute(
                    "skipped",
                    Long.toString(
                            results.stream().filter(one -> !one.skipped().isEmpty()).count()));
            xml.writeAttribute("time", seconds(results.stream().mapToLong(Result::millis).sum()));
            for (Result result : results) {
                xml.writeStartElement("testcase");
                xml.writeAttribute("classname", SUITE);
                xml.writeAttribute("name", printable(result.name()));
                xml.writeAttribute("time", seconds(result.millis()));
                if (!result.failure().isEmpty()) {
                    xml.writeStartElement("failure");
                    xml.writeAttribute("message", printable(result.failure()));
                    xml.writeEndElement();
                }
                if (!result.skipped().isEmpty()) {
                    xml.writeStartElement("skipped");
                    xml.writeAttribute("message", printable(result.skipped()));
                    xml.writeEndElement();
                }
                xml.writeStartElement("system-out");
                xml.writeCharacters(printable(result.output()));
                xml.writeEndElement();
                xml.writeEndElement();
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.3f", millis / MILLIS);
    }

    // XML has no way to write other control characters, halves of surrogate pairs, U+FFFE and
    // U+FFFF.
    private static String printable(String text) {
        var printable = new StringBuilder(text.length());
        text.codePoints().forEach(point -> printable.appendCodePoint(isXml(point) ? point : '?'));
        return printable.toString();
    }

    private static boolean isXml(int point) {
        return point == '\t'
                || point == '\n'
                || point == '\r'
                || (point >= 0x20 && point < 0x7F)
                || (point > 0x9F && point < Character.MIN_SURROGATE)
                || (point > Character.MAX_SURROGATE && point <= 0xFFFD)
                || point >= Character.MIN_SUPPLEMENTARY_CODE_POINT;
    }
}
