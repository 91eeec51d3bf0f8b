package io.coxswain.launcher.admin;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.Event;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Prints the events of a coordinator, one a line. */
public final class EventPrinter {
    /** Past events come at once; a pause this long means that they are all there. */
    private static final Duration QUIET = Duration.ofMillis(500);

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private sealed interface Told {
        record Happened(Event event) implements Told {}

        record Ended() implements Told {}

        record Failed(EnvironmentException failure) implements Told {}
    }

    private EventPrinter() {}

    /** Prints until the stream ends or, unless {@code follow}, until the past is told. */
    public static void print(
            AdminClient client,
            long from,
            String jobId,
            boolean follow,
            boolean json,
            PrintStream out)
            throws EnvironmentException, InterruptedException {
        BlockingQueue<Told> told = new LinkedBlockingQueue<>();
        Thread.ofVirtual()
                .name("events")
                .start(() -> {
                    try {
                        client.events(from, jobId, event -> told.add(new Told.Happened(event)));
                        told.add(new Told.Ended());
                    } catch (EnvironmentException e) {
                        told.add(new Told.Failed(e));
                    }
                });
        Duration patience = Duration.ofSeconds(5);
        while (true) {
            Told next =
                    follow ? told.take() : told.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
            switch (next) {
                case Told.Happened(Event event) -> {
                    out.println(json ? json(event) : text(event));
                    out.flush();
                    patience = QUIET;
                }
                case Told.Ended() -> {
                    return;
                }
                case Told.Failed(EnvironmentException failure) -> throw failure;
                case null -> {
                    return;
                }
            }
        }
    }

    private static String text(Event event) {
        return String.format(
                "%6d  %s  %s",
                event.getSequence(),
                TIME.format(Instant.ofEpochMilli(event.getWallMillis())),
                event.getText());
    }

    private static String json(Event event) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.put("sequence", event.getSequence());
        node.put("wallMillis", event.getWallMillis());
        node.put("term", event.getTerm());
        node.put("job", event.getJobId());
        node.put("epoch", event.getEpoch());
        node.put("step", event.getStep());
        node.put("kind", event.getKind());
        node.set("event", JsonMapper.shared().readTree(event.getJson()));
        return node.toString();
    }
}
