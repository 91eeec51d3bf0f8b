package io.coxswain.launcher.audit;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Nearest;
import io.coxswain.launcher.config.Place;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The fields of one entry, as they come, and what they say together. Used again for every entry.
 * Fields that no event has are passed over; a field is looked at only if the entry's event has it.
 */
final class EventFields {
    /** 142 years either way, so that differences in nanoseconds fit 63 bits. */
    private static final long MOST_SECONDS = 4_500_000_000L;

    private static final long MOST_COUNTED = 1_000_000_000_000_000L;

    private static final int NANO_DIGITS = 9;

    private enum Field {
        T,
        EVENT,
        ATTEMPT,
        PHASE,
        STEP,
        WORKERS,
        WORKER,
        LOST_TO,
        ACTIVE,
        TOTAL;

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private interface Maker {
        LogEvent make(EventFields fields) throws ConfigException;
    }

    private static final Map<String, Field> FIELDS = fields();
    private static final Map<String, Maker> EVENTS = events();
    private static final Map<String, LogEvent.Phase> PHASES = phases();

    private final String source;
    private final Map<Field, Object> values = new EnumMap<>(Field.class);
    private final Map<Field, TokenStreamLocation> places = new EnumMap<>(Field.class);
    private Place start = new Place("", 0, 0);

    EventFields(String source) {
        this.source = source;
    }

    private static Map<String, Field> fields() {
        var fields = new LinkedHashMap<String, Field>();
        Stream.of(Field.values()).forEach(field -> fields.put(field.key(), field));
        return fields;
    }

    private static Map<String, LogEvent.Phase> phases() {
        var phases = new LinkedHashMap<String, LogEvent.Phase>();
        Stream.of(LogEvent.Phase.values()).forEach(phase -> phases.put(phase.key(), phase));
        return phases;
    }

    private static Map<String, Maker> events() {
        var events = new LinkedHashMap<String, Maker>();
        events.put("job_start", _ -> new LogEvent.JobStart());
        events.put("job_end", _ -> new LogEvent.JobEnd());
        events.put("attempt_start", f -> new LogEvent.AttemptStart(f.whole(Field.ATTEMPT)));
        events.put(
                "phase_start",
                f ->
                        new LogEvent.PhaseStart(
                                f.phase(),
                                f.has(Field.STEP) ? f.whole(Field.STEP) : LogEvent.NO_STEP));
        events.put("phase_end", f -> new LogEvent.PhaseEnd(f.phase()));
        events.put(
                "step_start",
                f -> new LogEvent.StepStart(f.whole(Field.STEP), f.count(Field.WORKERS, 1)));
        events.put("data_end", f -> new LogEvent.DataEnd(f.whole(Field.STEP)));
        events.put("step_end", f -> new LogEvent.StepEnd(f.whole(Field.STEP)));
        events.put("save_start", f -> new LogEvent.SaveStart(f.whole(Field.STEP)));
        events.put("save_end", f -> new LogEvent.SaveEnd(f.whole(Field.STEP)));
        events.put("failure", EventFields::failure);
        events.put("membership", EventFields::membership);
        return events;
    }

    /** Forgets the last entry. */
    void begin(TokenStreamLocation at) {
        values.clear();
        places.clear();
        start = place(at);
    }

    /** Takes the value that the parser stands at, and what is in it. */
    void take(String name, JsonParser parser) {
        Field field = FIELDS.get(name);
        if (field == null) {
            parser.skipChildren();
            return;
        }
        JsonToken token = parser.currentToken();
        places.put(field, parser.currentTokenLocation());
        values.put(
                field,
                switch (token) {
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
                    case VALUE_STRING -> parser.getString();
                    case START_OBJECT -> new Odd("an object");
                    case START_ARRAY -> new Odd("a list");
                    default -> new Odd(String.valueOf(token.asString()));
                });
        parser.skipChildren();
    }

    private static Object number(JsonParser parser) {
        return parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                        && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
                ? (Object) parser.getLongValue()
                : parser.getDecimalValue();
    }

    /** A value of a kind that no field has. */
    private record Odd(String words) {}

    /** What the fields say. */
    LogEntry entry() throws ConfigException {
        Maker maker = named(Field.EVENT, EVENTS, "event");
        long atNanos = time();
        return new LogEntry(atNanos, start, maker.make(this));
    }

    private LogEvent failure() throws ConfigException {
        Object worker = value(Field.WORKER);
        if (!(worker instanceof String || worker instanceof Long)) {
            throw wrong(Field.WORKER, "expected the worker's number or name");
        }
        return new LogEvent.Failure(whole(Field.LOST_TO));
    }

    private LogEvent membership() throws ConfigException {
        int total = count(Field.TOTAL, 1);
        int active = count(Field.ACTIVE, 0);
        if (active > total) {
            throw wrong(Field.ACTIVE, "expected no more than the " + total + " in total");
        }
        return new LogEvent.Membership(active, total);
    }

    private LogEvent.Phase phase() throws ConfigException {
        return named(Field.PHASE, PHASES, "phase");
    }

    private <T> T named(Field field, Map<String, T> known, String what) throws ConfigException {
        if (!(value(field) instanceof String name)) {
            throw wrong(
                    field, "expected the name of a" + (what.equals("event") ? "n " : " ") + what);
        }
        T found = known.get(name);
        if (found == null) {
            throw new ConfigException(
                    List.of(
                            placeOf(field)
                                    + ": there is no "
                                    + what
                                    + " '"
                                    + name
                                    + "'"
                                    + hint(name, known.keySet())));
        }
        return found;
    }

    private static String hint(String name, Collection<String> known) {
        return Nearest.of(name, known)
                .map(nearest -> "; did you mean " + nearest + "?")
                .orElse("; expected one of " + String.join(", ", known));
    }

    private boolean has(Field field) {
        return values.containsKey(field);
    }

    private Object value(Field field) throws ConfigException {
        Object value = values.get(field);
        if (value == null) {
            Object event = values.get(Field.EVENT);
            throw new ConfigException(
                    List.of(
                            start
                                    + ": "
                                    + (event instanceof String name ? name : "the entry")
                                    + " lacks the field "
                                    + field.key()));
        }
        return value;
    }

    private int count(Field field, int least) throws ConfigException {
        long count = whole(field);
        if (count < least || count > Integer.MAX_VALUE) {
            throw wrong(field, "expected " + least + " to " + Integer.MAX_VALUE);
        }
        return (int) count;
    }

    private long whole(Field field) throws ConfigException {
        if (!(value(field) instanceof Long number) || number < 0 || number > MOST_COUNTED) {
            throw wrong(field, "expected a whole number from 0 to " + MOST_COUNTED);
        }
        return number;
    }

    /** Nearest nanosecond; a log in binary fractions of seconds is as good as one in decimals. */
    private long time() throws ConfigException {
        Object value = value(Field.T);
        if (value instanceof Long seconds && Math.abs(seconds) <= MOST_SECONDS) {
            return seconds * 1_000_000_000L;
        }
        if (value instanceof BigDecimal seconds) {
            // Digits before the point, reckoned before anything is scaled: 1e999999999 is JSON too.
            int whole = seconds.precision() - seconds.scale();
            if (seconds.signum() == 0 || whole < -NANO_DIGITS) {
                return 0;
            }
            if (whole <= Long.toString(MOST_SECONDS).length()
                    && seconds.abs().compareTo(BigDecimal.valueOf(MOST_SECONDS)) <= 0) {
                return seconds.setScale(NANO_DIGITS, RoundingMode.HALF_EVEN)
                        .unscaledValue()
                        .longValueExact();
            }
        }
        throw wrong(
                Field.T,
                "expected seconds as a number from -" + MOST_SECONDS + " to " + MOST_SECONDS);
    }

    private ConfigException wrong(Field field, String expected) {
        Object value = values.get(field);
        String found =
                value instanceof Odd odd
                        ? odd.words()
                        : value instanceof String text ? "'" + text + "'" : String.valueOf(value);
        return new ConfigException(
                List.of(
                        placeOf(field)
                                + ": "
                                + field.key()
                                + ": found "
                                + found
                                + ", "
                                + expected));
    }

    private Place placeOf(Field field) {
        TokenStreamLocation place = places.get(field);
        return place == null ? start : place(place);
    }

    private Place place(TokenStreamLocation at) {
        return new Place(source, at.getLineNr(), at.getColumnNr());
    }
}
