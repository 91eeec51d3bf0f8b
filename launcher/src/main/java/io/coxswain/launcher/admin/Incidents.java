package io.coxswain.launcher.admin;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.IncidentsResponse;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The interruptions of one job, from a coordinator or from a journal.
 *
 * @param job empty: there is none
 */
public record Incidents(String job, List<ToldIncident> incidents) {
    private static final double NANOS_PER_MILLI = 1e6;

    public Incidents {
        incidents = List.copyOf(incidents);
    }

    /** As a coordinator's answer has them. */
    static Incidents of(IncidentsResponse answer) {
        var told = new ArrayList<ToldIncident>();
        for (int i = 0; i < answer.getIncidentJsonCount(); i++) {
            told.add(
                    new ToldIncident(
                            JobReport.IncidentReport.fromJson(answer.getIncidentJson(i)),
                            i < answer.getTraceIdsCount() ? answer.getTraceIds(i) : ""));
        }
        return new Incidents(answer.getJobId(), told);
    }

    /**
     * As the leader knows them; of the job that runs or ended last if {@code job} is empty.
     *
     * @param incident 0: all
     * @throws EnvironmentException if there is no such job, or nobody answers
     */
    public static Incidents ask(AdminClient.Address address, String job, int incident)
            throws EnvironmentException {
        try (AdminClient client = AdminClient.connect(address)) {
            return of(client.incidents(job, incident));
        }
    }

    /** As a journal tells them; of its last job if {@code job} is empty. */
    public static Incidents read(Path journal, String job, PrintStream err)
            throws EnvironmentException {
        var jobs = new LinkedHashMap<String, Map<Integer, ToldIncident>>();
        EventPrinter.read(
                journal,
                new EventFeed.Listener() {
                    @Override
                    public boolean line(JournalLine line) {
                        if (!line.job().isEmpty()) {
                            take(line, jobs.computeIfAbsent(line.job(), _ -> new TreeMap<>()), err);
                        }
                        return true;
                    }

                    @Override
                    public void notice(String text) {
                        err.println("coxswain: " + text);
                    }
                },
                err);
        if (jobs.isEmpty() || (!job.isEmpty() && !jobs.containsKey(job))) {
            throw new EnvironmentException(
                    (job.isEmpty() ? "no job" : "no job " + job)
                            + " is in the journal "
                            + journal
                            + (jobs.isEmpty()
                                    ? ""
                                    : "; there are " + String.join(", ", jobs.keySet())));
        }
        String of = job.isEmpty() ? List.copyOf(jobs.keySet()).getLast() : job;
        return new Incidents(of, List.copyOf(jobs.getOrDefault(of, Map.of()).values()));
    }

    private static void take(JournalLine line, Map<Integer, ToldIncident> into, PrintStream err) {
        if (line.incident() == 0) {
            return;
        }
        CoordinatorEvent event;
        try {
            event = line.event();
        } catch (IllegalArgumentException broken) {
            err.println(
                    "coxswain: event "
                            + line.sequence()
                            + ": "
                            + broken.getMessage()
                            + "; it is left out");
            return;
        }
        Incident incident =
                switch (event) {
                    case CoordinatorEvent.IncidentProgressed progressed -> progressed.incident();
                    case CoordinatorEvent.IncidentClosed closed -> closed.incident();
                    case null, default -> null;
                };
        if (incident != null) {
            // Its phases end with the event that tells of them.
            long spent = Math.round(incident.phases().total() / NANOS_PER_MILLI);
            into.put(
                    incident.id(),
                    new ToldIncident(
                            JobReport.IncidentReport.of(
                                    incident, line.wallMillis() - spent, Integer.MAX_VALUE),
                            line.traceId()));
        }
    }
}
