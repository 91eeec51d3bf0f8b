package io.coxswain.chaos.planning;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.function.Function;

/** Options that take quantities; what is wrong with one is said by the command. */
final class Converters {
    private static final long MOST_NANOS = 3_650L * 86_400 * 1_000_000_000;

    private Converters() {}

    /** Nanoseconds. */
    static final class Time implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return asked(value, Converters::time);
        }
    }

    /** Nanoseconds; {@code none} is 0. */
    static final class TimeOrNone implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return value.equals("none") ? 0L : asked(value, Converters::time);
        }
    }

    /** Bytes. */
    static final class Size implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return asked(value, Quantities::bytes);
        }
    }

    /** Bytes a second. */
    static final class Rate implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            return asked(value, Quantities::rate);
        }
    }

    /** As long as a run may be at most, so that no sum of times overflows. */
    static long time(String value) {
        long nanos = Quantities.nanos(value);
        if (nanos > MOST_NANOS) {
            throw new IllegalArgumentException("'" + value + "': expected at most 3650d");
        }
        return nanos;
    }

    private static <T> T asked(String value, Function<String, T> read) {
        try {
            return read.apply(value);
        } catch (IllegalArgumentException wrong) {
            throw new TypeConversionException(String.valueOf(wrong.getMessage()));
        }
    }
}
