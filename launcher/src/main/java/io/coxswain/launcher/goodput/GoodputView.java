package io.coxswain.launcher.goodput;

import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/**
 * What a coordinator tells of a job's goodput, in the form of its picture: of the job that runs or
 * ran last from the picture itself, of an older one from its report. Seconds keep all their digits.
 */
public final class GoodputView {
    /** The stretches that are told. */
    public static final List<String> WINDOWS = List.of("5m", "1h", "24h", "run");

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                    .build();

    /** What of a picture's job is about goodput, in this order. */
    private static final List<String> FIELDS =
            List.of(
                    "id",
                    "name",
                    "phase",
                    "slots",
                    "steps",
                    "completedStep",
                    "protectedStep",
                    "protectedLagSteps",
                    "protectedLagSeconds",
                    "elapsedSeconds",
                    "windows",
                    "counters",
                    "stepTimes",
                    "reliability",
                    "incidents");

    private GoodputView() {}

    /**
     * The job asked for, or the one that runs or ran last if {@code jobId} is empty; null where
     * there is no account of it.
     *
     * @param status asked for with its picture
     */
    public static @Nullable ObjectNode of(StatusResponse status, String jobId) {
        String text = status.getPictureJson();
        JsonNode picture = text.isEmpty() ? JSON.nullNode() : JSON.readTree(text);
        JsonNode job = picture.path("job");
        if (job.isObject() && (jobId.isEmpty() || jobId.equals(job.path("id").asString("")))) {
            ObjectNode view = JSON.createObjectNode();
            for (String field : FIELDS) {
                if (job.has(field)) {
                    view.set(field, job.get(field));
                }
            }
            view.set("blocked", picture.path("blocked"));
            return view;
        }
        for (JobStatus one : status.getJobsList()) {
            if (one.getJobId().equals(jobId) && !one.getReportJson().isEmpty()) {
                return fromReport(one);
            }
        }
        return null;
    }

    private static ObjectNode fromReport(JobStatus job) {
        JsonNode report = JSON.readTree(job.getReportJson());
        JsonNode goodput = report.path("goodput");
        ObjectNode view = JSON.createObjectNode();
        view.put("id", job.getJobId());
        view.put("name", job.getName());
        view.put("phase", report.path("completed").asBoolean() ? "completed" : "ended");
        view.set("slots", goodput.path("slots"));
        view.put("steps", job.getSteps());
        view.set("completedStep", report.path("steps"));
        view.put("elapsedSeconds", seconds(goodput.path("elapsedNanos")));
        ArrayNode windows = view.putArray("windows");
        if (goodput.path("windows").isEmpty()) {
            window(windows, "run", goodput);
        }
        for (JsonNode window : goodput.path("windows")) {
            window(windows, window.path("window").asString(""), window);
        }
        figures(view, goodput.path("figures"));
        ArrayNode incidents = view.putArray("incidents");
        for (JsonNode incident : report.path("incidents")) {
            ObjectNode one = incidents.addObject();
            one.set("id", incident.path("id"));
            one.set("cause", incident.path("cause"));
            one.set("stepsLost", incident.path("stepsLost"));
            if (incident.path("costSlotNanos").isNumber()) {
                one.put("costSlotSeconds", seconds(incident.path("costSlotNanos")));
            }
        }
        return view;
    }

    private static void window(ArrayNode windows, String name, JsonNode from) {
        ObjectNode window = windows.addObject();
        window.put("name", name);
        window.put("seconds", seconds(from.path("elapsedNanos")));
        window.put("slotSeconds", seconds(from.path("totalSlotNanos")));
        window.set("ratio", from.path("ratio"));
        ObjectNode categories = window.putObject("slotSecondsByCategory");
        for (Map.Entry<String, JsonNode> category : from.path("categories").properties()) {
            categories.put(category.getKey(), seconds(category.getValue()));
        }
    }

    private static void figures(ObjectNode view, JsonNode figures) {
        if (!figures.isObject()) {
            return;
        }
        ObjectNode steps = view.putObject("stepTimes");
        steps.put("medianSeconds", seconds(figures.path("stepMedianNanos")));
        steps.put("p95Seconds", seconds(figures.path("stepP95Nanos")));
        steps.set("slowdown", figures.path("slowdown"));
        steps.put("slowdownSlotSeconds", seconds(figures.path("slowdownSlotNanos")));
        steps.set("straggler", figures.path("straggler"));
        ObjectNode reliability = view.putObject("reliability");
        for (String field : List.of("failures", "mtbfSeconds", "mttrSeconds", "ettr", "mfu")) {
            reliability.set(field, figures.path(field));
        }
    }

    private static BigDecimal seconds(JsonNode nanos) {
        return nanos.isNumber()
                ? nanos.decimalValue().movePointLeft(9).stripTrailingZeros()
                : BigDecimal.ZERO;
    }

    /** The same with one window only. */
    public static ObjectNode only(ObjectNode view, String window) {
        ArrayNode kept = JSON.createArrayNode();
        for (JsonNode one : view.path("windows")) {
            if (window.equals(one.path("name").asString(""))) {
                kept.add(one);
            }
        }
        view.set("windows", kept);
        return view;
    }

    /** Indented JSON. */
    public static String json(ObjectNode view) {
        return JSON.writeValueAsString(view);
    }
}
