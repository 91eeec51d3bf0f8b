package io.coxswain.launcher.audit;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Place;

import java.math.BigDecimal;
import java.util.List;

/**
 * One entry of the log.
 *
 * @param atNanos its {@code t}, on a clock whose zero is anywhere
 * @param place where it is written
 */
public record LogEntry(long atNanos, Place place, LogEvent event) {
    /** Where it is written, for a text that names the file already. */
    String line() {
        return "line " + place.line();
    }

    ConfigException wrong(String complaint) {
        return new ConfigException(List.of(place + ": " + complaint));
    }

    /** {@code 12.5 s}. */
    static String seconds(long nanos) {
        return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString() + " s";
    }
}
