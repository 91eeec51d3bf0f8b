package io.coxswain.launcher.admin;

import io.coxswain.coordinator.EventText;
import io.coxswain.launcher.console.Texts;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.JobHistory;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Answers of the admin plane in words. */
public final class AdminTexts {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

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

    /** What goes on and what blocks it, then all jobs and agents. */
    public static List<String> status(StatusResponse status) {
        var lines = new ArrayList<String>();
        lines.add(
                "coordinator "
                        + status.getCoordinatorId()
                        + (status.getTerm() == 0
                                ? ", does not lead"
                                : ", leads with term " + status.getTerm()));
        if (status.getStoreOutOfReach()) {
            lines.add(
                    "ZooKeeper is out of reach: steps go on under the view that is active, nothing"
                            + " is decided until it answers");
        }
        JsonNode picture = picture(status);
        if (picture.isObject()) {
            lines.addAll(PictureTexts.blocked(picture));
            JsonNode job = picture.path("job");
            if (job.isObject()) {
                lines.add("");
                lines.addAll(job(job));
            }
        }
        lines.add("");
        lines.addAll(jobs(status.getJobsList()));
        lines.addAll(metrics(status.getJobsList()));
        lines.add("");
        lines.addAll(agents(status.getAgentsList()));
        status.getMaintenanceList().stream()
                .filter(agent -> !agent.getAttached())
                .forEach(agent -> lines.add(PlannedWork.text(agent)));
        return lines;
    }

    /** The job that a picture is of. */
    private static List<String> job(JsonNode job) {
        var lines = new ArrayList<String>();
        lines.add(PictureTexts.progress(job));
        lines.addAll(PictureTexts.account(job));
        lines.addAll(PictureTexts.copies(job));
        JsonNode incidents = job.path("incidents");
        if (!incidents.isEmpty()) {
            lines.add(
                    Texts.count(job.path("counters").path("incidents").asLong(), "incident")
                            + ", the newest is "
                            + PictureTexts.incident(incidents.get(incidents.size() - 1)));
        }
        return lines;
    }

    /** One job: the table, and what the picture knows of it. */
    public static List<String> job(StatusResponse status) {
        var lines = new ArrayList<>(jobs(status.getJobsList()));
        JsonNode picture = picture(status);
        JsonNode job = picture.path("job");
        if (status.getJobsCount() > 0
                && status.getJobs(0).getJobId().equals(job.path("id").asString(""))) {
            lines.add("");
            lines.addAll(PictureTexts.blocked(picture));
            lines.addAll(job(job));
        }
        return lines;
    }

    private static JsonNode picture(StatusResponse status) {
        return status.getPictureJson().isEmpty()
                ? JSON.nullNode()
                : JSON.readTree(status.getPictureJson());
    }

    /** The same as JSON, indented; the picture is null if the coordinator gave none. */
    public static String json(StatusResponse status) {
        ObjectNode node = JSON.createObjectNode();
        node.put("coordinator", status.getCoordinatorId());
        node.put("term", status.getTerm());
        node.put("release", status.getRelease());
        node.put("protocol", status.getProtocolMajor() + "." + status.getProtocolMinor());
        node.put("storeOutOfReach", status.getStoreOutOfReach());
        node.put("nextSequence", status.getNextSequence());
        ObjectNode history = node.putObject("history");
        history.put("jobs", status.getHistory().getJobs());
        history.put("seconds", status.getHistory().getSeconds());
        history.put("forgotten", status.getHistory().getForgotten());
        node.set("jobs", jobNodes(status));
        ArrayNode agents = node.putArray("agents");
        for (AgentStatus agent : status.getAgentsList()) {
            ObjectNode one = agents.addObject();
            one.put("agent", agent.getAgentId());
            one.put("incarnation", agent.getIncarnation());
            one.put("state", agent.getState());
            one.put("rank", agent.getRank() < 0 ? null : agent.getRank());
            one.put("domain", agent.getFailureDomain());
            one.put("endpoint", agent.getDataEndpoint());
            one.put("host", agent.getHost());
            one.put("pid", agent.getPid());
            one.put("release", agent.getRelease());
            one.put("memoryBytes", agent.getArenaBudgetBytes());
            one.put("detail", agent.getDetail());
        }
        ArrayNode away = node.putArray("maintenance");
        status.getMaintenanceList().forEach(agent -> PlannedWork.put(agent, away.addObject()));
        node.set("picture", picture(status));
        return JSON.writeValueAsString(node);
    }

    /** How long ended jobs are kept; no line where whoever answered does not lead. */
    public static List<String> history(JobHistory history) {
        if (history.getJobs() == 0) {
            return List.of();
        }
        return List.of(
                "",
                "ended jobs are kept: the newest "
                        + history.getJobs()
                        + (history.getSeconds() == 0
                                ? ""
                                : ", for "
                                        + Texts.duration(history.getSeconds() * 1_000_000_000L)
                                        + " at most")
                        + (history.getForgotten() == 0
                                ? ""
                                : "; "
                                        + history.getForgotten()
                                        + " older ones were forgotten since this leader leads"));
    }

    /** The jobs as a JSON array, indented. */
    public static String jobsJson(StatusResponse status) {
        return JSON.writeValueAsString(jobNodes(status));
    }

    private static ArrayNode jobNodes(StatusResponse status) {
        ArrayNode jobs = JSON.createArrayNode();
        for (JobStatus job : status.getJobsList()) {
            ObjectNode one = jobs.addObject();
            one.put("job", job.getJobId());
            one.put("name", job.getName());
            one.put("phase", phase(job.getPhase()));
            one.put("detail", job.getDetail());
            one.put("epoch", job.getEpoch());
            one.put("completedStep", job.getCompletedStep());
            one.put("protectedStep", job.getProtectedStep());
            one.put("steps", job.getSteps());
            one.put("batch", job.getBatch());
            one.put("loss", job.getLoss());
            one.put("goodputRatio", job.getGoodputRatio());
            one.put("incidents", job.getIncidents());
            ObjectNode metrics = one.putObject("metrics");
            new TreeMap<>(job.getMetricsMap()).forEach(metrics::put);
            one.put("metricsStep", job.getMetricsStep());
            ArrayNode warnings = one.putArray("warnings");
            job.getWarningsList().forEach(warnings::add);
            ObjectNode labels = one.putObject("labels");
            new TreeMap<>(job.getLabelsMap()).forEach(labels::put);
            one.set(
                    "report",
                    job.getReportJson().isEmpty()
                            ? JSON.nullNode()
                            : JSON.readTree(job.getReportJson()));
        }
        return jobs;
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
                        "LABELS",
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
                            labels(job),
                            job.getDetail()));
        }
        return Texts.table(rows);
    }

    /** What the programs reported, a line for each job that did. */
    public static List<String> metrics(List<JobStatus> jobs) {
        var lines = new ArrayList<String>();
        for (JobStatus job : jobs) {
            if (job.getMetricsCount() > 0) {
                lines.add(
                        "  "
                                + job.getJobId()
                                + ", step "
                                + job.getMetricsStep()
                                + ": "
                                + EventText.metrics(new TreeMap<>(job.getMetricsMap())));
            }
        }
        return lines;
    }

    private static String labels(JobStatus job) {
        var labels = new ArrayList<String>();
        new TreeMap<>(job.getLabelsMap()).forEach((key, value) -> labels.add(key + "=" + value));
        return labels.isEmpty() ? "-" : String.join(",", labels);
    }

    private static List<String> agents(List<AgentStatus> agents) {
        if (agents.isEmpty()) {
            return List.of("no agents");
        }
        var rows = new ArrayList<List<String>>();
        rows.add(
                List.of(
                        "AGENT",
                        "STATE",
                        "RANK",
                        "DOMAIN",
                        "ENDPOINT",
                        "HOST",
                        "PID",
                        "MEMORY",
                        "DETAIL"));
        for (AgentStatus agent : agents) {
            rows.add(
                    List.of(
                            agent.getAgentId(),
                            agent.getState(),
                            agent.getRank() < 0 ? "-" : Integer.toString(agent.getRank()),
                            agent.getFailureDomain(),
                            agent.getDataEndpoint(),
                            agent.getHost().isEmpty() ? "-" : agent.getHost(),
                            agent.getPid() == 0 ? "-" : Long.toString(agent.getPid()),
                            Texts.bytes(agent.getArenaBudgetBytes()),
                            agent.getDetail()));
        }
        return Texts.table(rows);
    }
}
