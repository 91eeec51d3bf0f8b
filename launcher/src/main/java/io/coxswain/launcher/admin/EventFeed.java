package io.coxswain.launcher.admin;

import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import java.time.Duration;

/** The events of whoever leads, across losses of the connection and changes of the leader. */
public final class EventFeed {
    private static final Duration BETWEEN_TRIES = Duration.ofMillis(500);

    /** Who hears. */
    public interface Listener {
        /** Takes one event; false: enough. */
        boolean line(JournalLine line);

        /** The connection went or came; for a person. */
        void notice(String text);
    }

    private EventFeed() {}

    /** An event as a journal has it. */
    public static JournalLine line(Event event) {
        return new JournalLine(
                event.getSequence(),
                event.getMonotonicNanos(),
                event.getWallMillis(),
                event.getTerm(),
                event.getJobId(),
                event.getEpoch(),
                event.getStep(),
                event.getIncident(),
                event.getTraceId(),
                event.getKind(),
                event.getJson());
    }

    /**
     * Tells what is kept from {@code from} on, 0: from the oldest; ends with the newest there was
     * when it was asked.
     */
    public static void past(AdminClient client, long from, Listener to)
            throws EnvironmentException {
        long last = client.status("").getNextSequence() - 1;
        if (last < 1 || from > last) {
            return;
        }
        client.eventsWhile(from, event -> to.line(line(event)) && event.getSequence() < last);
    }

    /**
     * Goes on until the listener has enough: whoever leads next is asked when the connection is
     * lost, from where it broke off or, since sequence numbers are of one coordinator's life, from
     * that one's beginning.
     *
     * @throws EnvironmentException if nobody answers at the first try, or asking again is of no use
     */
    public static void follow(AdminClient.Address address, long from, Listener to)
            throws EnvironmentException, InterruptedException {
        var position = new Position(from);
        boolean connected = false;
        boolean told = false;
        while (true) {
            String lost;
            try (AdminClient client = AdminClient.connect(address)) {
                StatusResponse status = client.status("");
                // One that stepped down keeps its streams and has nothing more to say.
                boolean byName = address.coordinator() != null;
                if (connected && !byName && status.getTerm() == 0) {
                    throw new EnvironmentException(
                            "coordinator " + status.getCoordinatorId() + " leads no more");
                }
                String instance = status.getInstance();
                if (connected) {
                    to.notice(
                            "connected to coordinator "
                                    + status.getCoordinatorId()
                                    + ", term "
                                    + status.getTerm()
                                    + (instance.equals(position.instance)
                                            ? ", going on with event " + position.next
                                            : ": another one; its events from the oldest kept"));
                }
                if (!instance.equals(position.instance)) {
                    position.next = connected ? 0 : from;
                    position.instance = instance;
                }
                connected = true;
                told = false;
                position.leaderLost = false;
                client.eventsWhile(position.next, event -> position.take(event, to, byName));
                if (position.enough) {
                    return;
                }
                lost = position.leaderLost ? "it leads no more" : "the coordinator ended";
            } catch (EnvironmentException e) {
                if (!connected || e.isLasting()) {
                    throw e;
                }
                lost = String.valueOf(e.getMessage());
            }
            if (!told) {
                told = true;
                to.notice("the events broke off: " + lost + "; waiting for a leader");
            }
            Thread.sleep(BETWEEN_TRIES);
        }
    }

    private static final class Position {
        private long next;
        private @Nullable String instance;
        private boolean enough;
        private boolean leaderLost;

        Position(long next) {
            this.next = next;
        }

        boolean take(Event event, Listener to, boolean byName) {
            next = event.getSequence() + 1;
            enough = !to.line(line(event));
            leaderLost = !byName && event.getKind().equals("LeadershipLost");
            return !enough && !leaderLost;
        }
    }
}
