package io.coxswain.launcher.audit;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Place;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads an event log, entry by entry: a JSON object whose field {@code events} is the list of
 * entries, or that list alone. Other fields of the object are passed over. Keeps one entry at a
 * time, so memory does not grow with the log.
 */
public final class LogReader {
    private static final JsonFactory JSON =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    /** Takes the entries, in the log's order. */
    public interface Sink {
        /**
         * Takes the next one.
         *
         * @throws ConfigException to refuse the log
         */
        void accept(LogEntry entry) throws ConfigException;
    }

    private final String source;
    private final Sink sink;

    private LogReader(String source, Sink sink) {
        this.source = source;
        this.sink = sink;
    }

    /**
     * Reads the file.
     *
     * @throws ConfigException with line and column if it is no such log or cannot be read, or if
     *     {@code sink} refuses an entry
     */
    public static void read(Path file, Sink sink) throws ConfigException {
        String name = file.toString();
        if (Files.isDirectory(file)) {
            throw new ConfigException(List.of(name + ": is a folder, expected an event log"));
        }
        try (InputStream in = Files.newInputStream(file)) {
            read(name, in, sink);
        } catch (NoSuchFileException e) {
            throw new ConfigException(List.of(name + ": no such file"));
        } catch (IOException e) {
            throw new ConfigException(List.of(name + ": cannot be read: " + e.getMessage()));
        }
    }

    /**
     * Reads a stream to its end; {@code source} is its name in complaints.
     *
     * @throws ConfigException as for a file
     */
    static void read(String source, InputStream in, Sink sink) throws ConfigException, IOException {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), in)) {
            new LogReader(source, sink).log(parser);
        } catch (JacksonIOException e) {
            throw e.getCause();
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            Place place =
                    at == null
                            ? new Place(source, 0, 0)
                            : new Place(source, at.getLineNr(), at.getColumnNr());
            throw new ConfigException(
                    List.of(place + ": not valid JSON: " + e.getOriginalMessage()));
        }
    }

    private void log(JsonParser parser) throws ConfigException {
        JsonToken first = parser.nextToken();
        if (first == JsonToken.START_ARRAY) {
            entries(parser);
        } else if (first == JsonToken.START_OBJECT) {
            fields(parser);
        } else if (first == null) {
            throw wrong(parser, "is empty, expected an object with the field events");
        } else {
            throw wrong(
                    parser, "found " + words(first) + ", expected an object with the field events");
        }
        if (parser.nextToken() != null) {
            throw wrong(parser, "something follows the end of the log");
        }
    }

    private void fields(JsonParser parser) throws ConfigException {
        boolean found = false;
        TokenStreamLocation start = parser.currentTokenLocation();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            JsonToken value = parser.nextToken();
            if (!name.equals("events")) {
                parser.skipChildren();
                continue;
            }
            found = true;
            if (value != JsonToken.START_ARRAY) {
                throw wrong(parser, "events: found " + words(value) + ", expected a list");
            }
            entries(parser);
        }
        if (!found) {
            throw wrong(start, "the log has no field events");
        }
    }

    private void entries(JsonParser parser) throws ConfigException {
        var fields = new EventFields(source);
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_ARRAY;
                token = parser.nextToken()) {
            if (token != JsonToken.START_OBJECT) {
                throw wrong(
                        parser,
                        "found "
                                + words(token)
                                + ", expected an entry such as {\"t\": 0.0, \"event\":"
                                + " \"job_start\"}");
            }
            fields.begin(parser.currentTokenLocation());
            for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                parser.nextToken();
                fields.take(name, parser);
            }
            sink.accept(fields.entry());
        }
    }

    private static String words(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> "text";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            default -> token.asString() == null ? "something else" : token.asString();
        };
    }

    private ConfigException wrong(JsonParser parser, String complaint) {
        return wrong(parser.currentTokenLocation(), complaint);
    }

    private ConfigException wrong(TokenStreamLocation at, String complaint) {
        return new ConfigException(
                List.of(
                        new Place(
                                        source,
                                        Math.max(1, at.getLineNr()),
                                        Math.max(1, at.getColumnNr()))
                                + ": "
                                + complaint));
    }
}
