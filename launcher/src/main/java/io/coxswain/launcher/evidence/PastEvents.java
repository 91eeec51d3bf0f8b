package io.coxswain.launcher.evidence;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.proto.admin.v1.Event;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The events that a coordinator still keeps. */
final class PastEvents {
    private PastEvents() {}

    /**
     * Those of a job up to now, the newest at most so many.
     *
     * @param job whose events; those of no job, such as an agent's loss, come too
     */
    static List<Event> of(AdminClient client, String job, int most) throws EnvironmentException {
        long next = client.status(job).getNextSequence();
        var events = new ArrayDeque<Event>();
        if (next <= 1) {
            return List.of();
        }
        client.eventsUntil(
                next - 1,
                event -> {
                    if (event.getJobId().isEmpty() || event.getJobId().equals(job)) {
                        if (events.size() == most) {
                            events.removeFirst();
                        }
                        events.addLast(event);
                    }
                });
        return new ArrayList<>(events);
    }
}
