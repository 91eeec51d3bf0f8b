package io.coxswain.launcher.logs;

import org.jspecify.annotations.Nullable;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** {@code 2026-11-22 20:15:01.123 INFO Coordinator: text}, then the stack trace if there is one. */
final class OneLineFormatter extends Formatter {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    @Override
    public String format(LogRecord entry) {
        var text = new StringBuilder(160);
        TIME.formatTo(entry.getInstant(), text);
        text.append(' ').append(entry.getLevel().getName()).append(' ');
        @Nullable String logger = entry.getLoggerName();
        if (logger != null) {
            text.append(logger.substring(logger.lastIndexOf('.') + 1)).append(": ");
        }
        text.append(formatMessage(entry)).append(System.lineSeparator());
        @Nullable Throwable thrown = entry.getThrown();
        if (thrown != null) {
            var trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            text.append(trace);
        }
        return text.toString();
    }
}
