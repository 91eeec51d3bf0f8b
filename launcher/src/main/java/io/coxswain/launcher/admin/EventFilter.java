package io.coxswain.launcher.admin;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.config.ConfigException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which events are shown. What is missing is shown whatever is asked for.
 *
 * @param from the first sequence number, 0: all
 * @param job empty: of all jobs and of none
 * @param kinds empty: all
 */
public record EventFilter(long from, String job, Set<String> kinds) {
    public EventFilter {
        kinds = Set.copyOf(kinds);
    }

    /**
     * Checks what was asked for on the command line.
     *
     * @throws ConfigException if a number or a kind is none
     */
    public static EventFilter of(long from, String job, List<String> kinds) throws ConfigException {
        var complaints = new ArrayList<String>();
        if (from < 0) {
            complaints.add("--from " + from + ": a sequence number is at least 0");
        }
        List<String> known = known();
        var wanted = new HashSet<String>();
        for (String kind : kinds) {
            String match = known.stream().filter(kind::equalsIgnoreCase).findFirst().orElse("");
            if (match.isEmpty()) {
                complaints.add(
                        "--kind "
                                + kind
                                + ": no such kind of event; expected one of "
                                + String.join(", ", known));
            } else {
                wanted.add(match);
            }
        }
        if (!complaints.isEmpty()) {
            throw new ConfigException(complaints);
        }
        return new EventFilter(from, job, wanted);
    }

    /** All kinds, those of the journal itself last. */
    static List<String> known() {
        var known = new ArrayList<String>();
        for (Class<?> kind : CoordinatorEvent.class.getPermittedSubclasses()) {
            known.add(kind.getSimpleName());
        }
        known.add(JournalLine.OPENED);
        known.add(JournalLine.CLOSED);
        return known;
    }

    boolean wants(JournalLine line) {
        if (line.kind().equals("Gap")) {
            return true;
        }
        return line.sequence() >= from
                && (job.isEmpty() || job.equals(line.job()))
                && (kinds.isEmpty() || kinds.contains(line.kind()));
    }
}
