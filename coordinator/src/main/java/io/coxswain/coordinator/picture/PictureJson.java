package io.coxswain.coordinator.picture;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.ledger.Category;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

import java.io.OutputStream;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * A {@link Picture} as JSON, with the names of the records' components. Durations are in seconds
 * ({@code …Nanos} becomes {@code …Seconds}), sums of slot time with all their digits; what is NaN
 * is null; instants are wall milliseconds. Stateless.
 */
public final class PictureJson {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    private static final int NANO_DIGITS = 9;

    private PictureJson() {}

    /** The picture as one line. */
    public static String of(Picture picture) {
        var text = new StringWriter(4_096);
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(json, picture);
        }
        return text.toString();
    }

    /** The same into {@code out}, which stays open; UTF-8. */
    public static void write(Picture picture, OutputStream out) {
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            write(json, picture);
        }
    }

    /**
     * What is short of the picture into {@code out}: neither agents nor, of the job, timeline,
     * curve, incidents, ranks' step times and holders.
     */
    public static void writeShort(Picture picture, OutputStream out) {
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            write(json, picture, false);
        }
    }

    /** Writes the picture as one object where {@code json} stands. */
    public static void write(JsonGenerator json, Picture picture) {
        write(json, picture, true);
    }

    private static void write(JsonGenerator json, Picture picture, boolean lists) {
        json.writeStartObject();
        json.writeNumberProperty("sequence", picture.sequence());
        json.writeNumberProperty("atMillis", picture.atMillis());
        json.writeStringProperty("coordinator", picture.coordinator());
        json.writeStringProperty("standing", picture.standing());
        json.writeNumberProperty("term", picture.term());
        json.writeName("blocked");
        blocked(json, picture.blocked());
        json.writeName("job");
        if (picture.job() == null) {
            json.writeNull();
        } else {
            job(json, picture.job(), lists);
        }
        json.writeArrayPropertyStart("queued");
        for (QueuedJob queued : picture.queued()) {
            json.writeStartObject();
            json.writeStringProperty("id", queued.id());
            json.writeStringProperty("name", queued.name());
            json.writeNumberProperty("position", queued.position());
            json.writeNumberProperty("slots", queued.slots());
            json.writeNumberProperty("steps", queued.steps());
            json.writeStringProperty("held", queued.held());
            json.writeEndObject();
        }
        json.writeEndArray();
        if (lists) {
            list(json, "agents", picture.agents(), PictureJson::agent);
        }
        json.writeNumberProperty("cellMillis", picture.cellMillis());
        json.writeNumberProperty("fencedMessages", picture.fencedMessages());
        json.writeStringProperty("leader", picture.leader());
        json.writeStringProperty("leaderPage", picture.leaderPage());
        list(json, "maintenance", picture.maintenance(), PictureJson::maintenance);
        json.writeEndObject();
    }

    private static void maintenance(JsonGenerator json, CoordinatorStatus.Maintenance agent) {
        json.writeStartObject();
        json.writeStringProperty("id", agent.agentId());
        json.writeStringProperty("state", agent.state().key());
        strings(json, "causes", agent.causes());
        json.writeStringProperty("reason", agent.reason());
        json.writeStringProperty("detail", agent.detail());
        json.writeBooleanProperty("attached", agent.attached());
        json.writeNumberProperty("rank", agent.rank());
        json.writeEndObject();
    }

    private static void blocked(JsonGenerator json, Blocked blocked) {
        json.writeStartObject();
        json.writeBooleanProperty("healthy", blocked.healthy());
        json.writeStringProperty("what", blocked.what());
        json.writeNumberProperty("sinceMillis", blocked.sinceMillis());
        strings(json, "waitsOn", blocked.waitsOn());
        json.writeStringProperty("next", blocked.next());
        json.writeEndObject();
    }

    private static void job(JsonGenerator json, JobPicture job, boolean lists) {
        json.writeStartObject();
        json.writeStringProperty("id", job.id());
        json.writeStringProperty("name", job.name());
        json.writeStringProperty("phase", job.phase());
        json.writeStringProperty("detail", job.detail());
        json.writeNumberProperty("epoch", job.epoch());
        json.writeNumberProperty("steps", job.steps());
        json.writeNumberProperty("completedStep", job.completedStep());
        json.writeNumberProperty("protectedStep", job.protectedStep());
        json.writeNumberProperty("protectedLagSteps", job.protectedLagSteps());
        seconds(json, "protectedLagSeconds", job.protectedLagNanos());
        number(json, "loss", job.loss());
        number(json, "stepsPerSecond", job.stepsPerSecond());
        json.writeNumberProperty("slots", job.slots());
        json.writeNumberProperty("replicas", job.replicas());
        json.writeNumberProperty("shards", job.shards());
        json.writeObjectPropertyStart("labels");
        job.labels().forEach(json::writeStringProperty);
        json.writeEndObject();
        json.writeNumberProperty("startedMillis", job.startedMillis());
        seconds(json, "elapsedSeconds", job.elapsedNanos());
        json.writeArrayPropertyStart("windows");
        for (Window window : job.windows()) {
            window(json, window);
        }
        json.writeEndArray();
        if (lists) {
            list(json, "timeline", job.timeline(), PictureJson::bucket);
        }
        json.writeName("counters");
        counters(json, job.counters());
        json.writeName("stepTimes");
        stepTimes(json, job.stepTimes(), lists);
        json.writeName("reliability");
        reliability(json, job.reliability());
        json.writeName("copies");
        copies(json, job.copies(), lists);
        if (lists) {
            list(json, "incidents", job.incidents(), PictureJson::incident);
            list(json, "curve", job.curve(), PictureJson::point);
        }
        json.writeObjectPropertyStart("exports");
        json.writeNumberProperty("failed", job.exports().failed());
        strings(json, "failing", job.exports().failing());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static <T> void list(
            JsonGenerator json, String name, List<T> all, BiConsumer<JsonGenerator, T> writer) {
        json.writeArrayPropertyStart(name);
        all.forEach(one -> writer.accept(json, one));
        json.writeEndArray();
    }

    /** A point of the curve where {@code json} stands. */
    public static void point(JsonGenerator json, Point point) {
        json.writeStartObject();
        json.writeNumberProperty("step", point.step());
        json.writeNumberProperty("millis", point.millis());
        number(json, "loss", point.loss());
        number(json, "stepsPerSecond", point.stepsPerSecond());
        json.writeEndObject();
    }

    private static void window(JsonGenerator json, Window window) {
        json.writeStartObject();
        json.writeStringProperty("name", window.name());
        seconds(json, "seconds", window.nanos());
        seconds(json, "slotSeconds", window.slotNanos());
        number(json, "ratio", window.ratio());
        categories(json, "slotSecondsByCategory", window.slotNanosByCategory());
        json.writeEndObject();
    }

    /** A stretch of the timeline where {@code json} stands. */
    public static void bucket(JsonGenerator json, Bucket bucket) {
        json.writeStartObject();
        json.writeNumberProperty("fromMillis", bucket.fromMillis());
        json.writeNumberProperty("untilMillis", bucket.untilMillis());
        json.writeObjectPropertyStart("slotSeconds");
        bucket.slotSeconds().forEach((category, value) -> number(json, category.key(), value));
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void counters(JsonGenerator json, Counters counters) {
        json.writeStartObject();
        seconds(json, "productiveSlotSeconds", counters.productiveSlotNanos());
        seconds(json, "retractedSlotSeconds", counters.retractedSlotNanos());
        categories(json, "lossSlotSeconds", counters.lossSlotNanos());
        json.writeNumberProperty("stepsCompleted", counters.stepsCompleted());
        json.writeNumberProperty("stepsRolledBack", counters.stepsRolledBack());
        json.writeNumberProperty("incidents", counters.incidents());
        json.writeNumberProperty("recoveries", counters.recoveries());
        json.writeNumberProperty("copyBytes", counters.copyBytes());
        json.writeNumberProperty("copiesVerified", counters.copiesVerified());
        json.writeNumberProperty("corruptions", counters.corruptions());
        json.writeNumberProperty("fencedMessages", counters.fencedMessages());
        json.writeNumberProperty("skippedSnapshots", counters.skippedSnapshots());
        json.writeNumberProperty("views", counters.views());
        json.writeEndObject();
    }

    private static void stepTimes(JsonGenerator json, StepFigures figures, boolean lists) {
        json.writeStartObject();
        seconds(json, "medianSeconds", figures.medianNanos());
        seconds(json, "p95Seconds", figures.p95Nanos());
        number(json, "bestMedianSeconds", figures.bestMedianNanos() / 1e9);
        number(json, "slowdown", figures.slowdown());
        seconds(json, "slowdownSlotSeconds", figures.slowdownSlotNanos());
        json.writeStringProperty("straggler", figures.straggler());
        if (lists) {
            list(json, "ranks", figures.ranks(), PictureJson::rank);
        }
        json.writeEndObject();
    }

    /** A rank's step times where {@code json} stands. */
    public static void rank(JsonGenerator json, RankSteps rank) {
        json.writeStartObject();
        json.writeNumberProperty("rank", rank.rank());
        seconds(json, "medianSeconds", rank.medianNanos());
        seconds(json, "p95Seconds", rank.p95Nanos());
        seconds(json, "executeMedianSeconds", rank.executeMedianNanos());
        number(json, "spread", rank.spread());
        json.writeEndObject();
    }

    private static void reliability(JsonGenerator json, Reliability reliability) {
        json.writeStartObject();
        json.writeNumberProperty("failures", reliability.failures());
        number(json, "mtbfSeconds", reliability.mtbfSeconds());
        number(json, "mttrSeconds", reliability.mttrSeconds());
        number(json, "ettr", reliability.ettr());
        number(json, "mfu", reliability.mfu());
        json.writeEndObject();
    }

    private static void copies(JsonGenerator json, CopiesPicture copies, boolean lists) {
        json.writeStartObject();
        json.writeNumberProperty("wanted", copies.wanted());
        json.writeNumberProperty("least", copies.least());
        if (lists) {
            list(json, "holders", copies.holders(), PictureJson::holder);
        }
        strings(json, "deficits", copies.deficits());
        json.writeStringProperty("survives", copies.survives());
        json.writeBooleanProperty("anySingleHostFatal", copies.anySingleHostFatal());
        json.writeStringProperty("snapshots", copies.snapshots());
        json.writeEndObject();
    }

    /** An instance of a shard where {@code json} stands. */
    public static void holder(JsonGenerator json, HolderPicture holder) {
        json.writeStartObject();
        json.writeNumberProperty("shard", holder.shard());
        json.writeNumberProperty("rank", holder.rank());
        json.writeStringProperty("agent", holder.agent());
        json.writeStringProperty("domain", holder.domain());
        json.writeBooleanProperty("owner", holder.owner());
        json.writeEndObject();
    }

    /** An incident where {@code json} stands. */
    public static void incident(JsonGenerator json, IncidentPicture incident) {
        json.writeStartObject();
        json.writeNumberProperty("id", incident.id());
        json.writeStringProperty("cause", incident.cause());
        strings(json, "agents", incident.agents());
        json.writeNumberProperty("atStep", incident.atStep());
        json.writeNumberProperty("resumedAtStep", incident.resumedAtStep());
        json.writeNumberProperty("stepsLost", incident.stepsLost());
        json.writeNumberProperty("beganMillis", incident.beganMillis());
        json.writeBooleanProperty("closed", incident.closed());
        json.writeBooleanProperty("planned", incident.planned());
        json.writeStringProperty("phase", incident.phase());
        json.writeObjectPropertyStart("phaseSeconds");
        incident.phaseNanos().forEach((phase, nanos) -> seconds(json, phase, nanos));
        json.writeEndObject();
        json.writeStringProperty("reason", incident.reason());
        seconds(json, "costSlotSeconds", incident.costSlotNanos());
        json.writeStringProperty("traceId", incident.traceId());
        json.writeArrayPropertyStart("sources");
        for (IncidentPicture.Source source : incident.sources()) {
            json.writeStartObject();
            json.writeNumberProperty("rank", source.rank());
            json.writeStringProperty("agent", source.agent());
            json.writeStringProperty("source", source.source());
            json.writeStringProperty("fromAgent", source.fromAgent());
            json.writeNumberProperty("bytes", source.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /** An agent where {@code json} stands. */
    public static void agent(JsonGenerator json, AgentPicture agent) {
        json.writeStartObject();
        json.writeStringProperty("id", agent.id());
        json.writeStringProperty("incarnation", agent.incarnation());
        json.writeStringProperty("domain", agent.domain());
        json.writeStringProperty("host", agent.host());
        json.writeStringProperty("state", agent.state());
        json.writeNumberProperty("rank", agent.rank());
        json.writeStringProperty("detail", agent.detail());
        json.writeNumberProperty("copiesHeld", agent.copiesHeld());
        json.writeNumberProperty("arenaBudgetBytes", agent.arenaBudgetBytes());
        json.writeNumberProperty("arenaUsedBytes", agent.arenaUsedBytes());
        json.writeStringProperty("cells", agent.cells());
        json.writeEndObject();
    }

    private static void categories(
            JsonGenerator json, String name, Map<Category, BigInteger> nanos) {
        json.writeObjectPropertyStart(name);
        nanos.forEach((category, value) -> seconds(json, category.key(), value));
        json.writeEndObject();
    }

    private static void strings(JsonGenerator json, String name, List<String> values) {
        json.writeArrayPropertyStart(name);
        values.forEach(json::writeString);
        json.writeEndArray();
    }

    private static void seconds(JsonGenerator json, String name, long nanos) {
        seconds(json, name, BigInteger.valueOf(nanos));
    }

    // All digits, without an exponent: whoever reads decimals has them, others the nearest double.
    private static void seconds(JsonGenerator json, String name, BigInteger nanos) {
        json.writeName(name);
        json.writeNumber(plain(nanos));
    }

    private static String plain(BigInteger nanos) {
        return nanos.signum() == 0
                ? "0"
                : new BigDecimal(nanos, NANO_DIGITS).stripTrailingZeros().toPlainString();
    }

    // JSON has no NaN.
    private static void number(JsonGenerator json, String name, double value) {
        if (Double.isFinite(value)) {
            json.writeNumberProperty(name, value);
        } else {
            json.writeNullProperty(name);
        }
    }

    private static void number(JsonGenerator json, String name, float value) {
        if (Float.isFinite(value)) {
            json.writeNumberProperty(name, value);
        } else {
            json.writeNullProperty(name);
        }
    }
}
