package io.coxswain.launcher.admin;

import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.coordinator.journal.JournalReader;
import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Prints events, one a line. */
public final class EventPrinter implements EventFeed.Listener {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final EventFilter filter;
    private final boolean json;
    private final PrintStream out;
    private final PrintStream err;

    /**
     * @param json one JSON object a line, as in a journal, instead of words
     */
    public EventPrinter(EventFilter filter, boolean json, PrintStream out, PrintStream err) {
        this.filter = filter;
        this.json = json;
        this.out = out;
        this.err = err;
    }

    /** Prints what a coordinator keeps and, with {@code follow}, what comes. */
    public void print(AdminClient.Address address, boolean follow)
            throws EnvironmentException, InterruptedException {
        if (follow) {
            EventFeed.follow(address, filter.from(), this);
            return;
        }
        try (AdminClient client = AdminClient.connect(address)) {
            EventFeed.past(client, filter.from(), this);
        }
    }

    /** Prints a journal. */
    public void print(Path journal) throws EnvironmentException {
        read(journal, this, err);
    }

    static void read(Path journal, EventFeed.Listener to, PrintStream err)
            throws EnvironmentException {
        try {
            JournalReader.read(
                    journal, to::line, complaint -> err.println("coxswain: " + complaint));
        } catch (NoSuchFileException e) {
            throw new EnvironmentException("there is no journal " + journal, e);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot read the journal " + journal + ": " + e.getMessage(), e);
        }
    }

    @Override
    public boolean line(JournalLine line) {
        if (filter.wants(line)) {
            out.println(json ? line.toJson() : text(line));
            // A reader such as head has enough at some point.
            return !out.checkError();
        }
        return true;
    }

    @Override
    public void notice(String text) {
        err.println("coxswain: " + text);
    }

    private static String text(JournalLine line) {
        return String.format(
                "%6d  %s  %s",
                line.sequence(), TIME.format(Instant.ofEpochMilli(line.wallMillis())), words(line));
    }

    private static String words(JournalLine line) {
        try {
            return line.text();
        } catch (IllegalArgumentException ofAnotherVersion) {
            return line.kind() + " " + line.data();
        }
    }
}
