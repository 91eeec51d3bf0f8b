package io.coxswain.launcher.admin;

import io.coxswain.launcher.console.Texts;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Answers of the admin plane in words. */
public final class AdminTexts {
    private AdminTexts() {}

    /** A job's phase as a word. */
    public static String phase(JobPhase phase) {
        return phase.name().replace("JOB_PHASE_", "").toLowerCase(Locale.ROOT);
    }

    /** True once a job can no longer change. */
    public static boolean ended(JobPhase phase) {
        return phase == JobPhase.JOB_PHASE_COMPLETED
                || phase == JobPhase.JOB_PHASE_FAILED
                || phase == JobPhase.JOB_PHASE_CANCELLED;
    }

    /** The coordinator, its jobs and its agents. */
    public static List<String> status(StatusResponse status) {
        var lines = new ArrayList<String>();
        lines.add("coordinator " + status.getCoordinatorId() + ", term " + status.getTerm());
        lines.add("");
        lines.addAll(jobs(status.getJobsList()));
        lines.add("");
        lines.addAll(agents(status.getAgentsList()));
        return lines;
    }

    /** A table of jobs. */
    public static List<String> jobs(List<JobStatus> jobs) {
        if (jobs.isEmpty()) {
            return List.of("no jobs");
        }
        var rows = new ArrayList<List<String>>();
        rows.add(
                List.of(
                        "JOB",
                        "PHASE",
                        "STEP",
                        "PROTECTED",
                        "LOSS",
                        "GOODPUT",
                        "INCIDENTS",
                        "DETAIL"));
        for (JobStatus job : jobs) {
            boolean stepped = job.getCompletedStep() > 0;
            rows.add(
                    List.of(
                            job.getJobId(),
                            phase(job.getPhase()),
                            job.getCompletedStep() + "/" + job.getSteps(),
                            Long.toString(job.getProtectedStep()),
                            stepped ? String.format(Locale.ROOT, "%.4f", job.getLoss()) : "-",
                            stepped ? Texts.percent(job.getGoodputRatio()) : "-",
                            Integer.toString(job.getIncidents()),
                            job.getDetail()));
        }
        return table(rows);
    }

    private static List<String> agents(List<AgentStatus> agents) {
        if (agents.isEmpty()) {
            return List.of("no agents");
        }
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("AGENT", "STATE", "RANK", "DOMAIN", "ENDPOINT", "MEMORY", "DETAIL"));
        for (AgentStatus agent : agents) {
            rows.add(
                    List.of(
                            agent.getAgentId(),
                            agent.getState(),
                            agent.getRank() < 0 ? "-" : Integer.toString(agent.getRank()),
                            agent.getFailureDomain(),
                            agent.getDataEndpoint(),
                            Texts.bytes(agent.getArenaBudgetBytes()),
                            agent.getDetail()));
        }
        return table(rows);
    }

    private static List<String> table(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        var lines = new ArrayList<String>();
        for (List<String> row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
