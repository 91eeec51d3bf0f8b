package io.coxswain.coordinator;

import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * How a job went, with the fields of the {@code --report} file.
 *
 * @param job the job's id
 * @param steps completed
 * @param finalDigest lower-case hex, empty unless completed
 * @param finalLoss null unless completed
 * @param accuracy on the held-out samples, 0 to 1; null unless completed, and if the program does
 *     not evaluate
 * @param samplesSeen over the completed history
 * @param environment name to value, for comparing runs
 * @param metrics what the program reported: the last value of each name
 * @param evidence what was kept of failures, the newest; long ones are cut
 */
public record JobReport(
        String job,
        boolean completed,
        long steps,
        String finalDigest,
        @Nullable Double finalLoss,
        @Nullable Double accuracy,
        long samplesSeen,
        List<Long> samplesDistinctPerPass,
        Goodput goodput,
        List<IncidentReport> incidents,
        Map<String, String> environment,
        Map<String, Double> metrics,
        List<EvidenceReport> evidence) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final JsonMapper LINE = JsonMapper.shared();

    /**
     * The account, in slot-nanoseconds. The categories add up to {@code totalSlotNanos} exactly.
     * They are whole numbers in JSON too, of any size: a reader that takes numbers for doubles, as
     * JavaScript does, is exact up to 2⁵³, which are 104 days of one slot, and has 16 digits
     * beyond.
     *
     * @param ratio productive ÷ total, 0 where nothing ran
     * @param windows the account of the newest 5 minutes, hour, day and of the run
     * @param figures what people compare beside it; null where nobody kept them
     */
    public record Goodput(
            int slots,
            long elapsedNanos,
            BigInteger totalSlotNanos,
            Map<String, BigInteger> categories,
            double ratio,
            List<GoodputWindow> windows,
            @Nullable Figures figures) {
        public Goodput {
            categories = ordered(categories);
            // Reports of earlier versions have none.
            windows = windows == null ? List.of() : List.copyOf(windows);
        }

        /** The account alone. */
        public Goodput(
                int slots,
                long elapsedNanos,
                BigInteger totalSlotNanos,
                Map<String, BigInteger> categories,
                double ratio) {
            this(slots, elapsedNanos, totalSlotNanos, categories, ratio, List.of(), null);
        }
    }

    /**
     * The account of a run's end.
     *
     * @param window {@code 5m}, {@code 1h}, {@code 24h} or {@code run}
     * @param elapsedNanos job time covered
     */
    public record GoodputWindow(
            String window,
            long elapsedNanos,
            BigInteger totalSlotNanos,
            Map<String, BigInteger> categories,
            double ratio) {
        public GoodputWindow {
            categories = ordered(categories);
        }
    }

    /**
     * Figures beside the account. Null: unknown, or never happened.
     *
     * @param bestMedianNanos the least median step time that the job sustained
     * @param slowdown the newest sustained median over the best, less one
     * @param slowdownSlotNanos what that cost; it is productive time in the account
     * @param straggler who was slow by its own time at the end
     * @param ettr the share of the slots' time in which the job trained, whatever a step cost
     * @param mfu model FLOPs utilisation, where the job states what it needs
     */
    public record Figures(
            long stepMedianNanos,
            long stepP95Nanos,
            @Nullable Double bestMedianNanos,
            @Nullable Double slowdown,
            BigInteger slowdownSlotNanos,
            String straggler,
            List<RankFigures> ranks,
            long stepsCompleted,
            long stepsRolledBack,
            int failures,
            @Nullable Double mtbfSeconds,
            @Nullable Double mttrSeconds,
            double ettr,
            @Nullable Double mfu,
            long copyBytes) {
        public Figures {
            ranks = List.copyOf(ranks);
        }
    }

    /** Step times of one rank at the end. */
    public record RankFigures(
            int rank,
            long stepMedianNanos,
            long stepP95Nanos,
            long executeMedianNanos,
            double spread) {}

    /**
     * One interruption.
     *
     * @param kind what began it: {@code host}, {@code spare}, {@code software}, {@code hang},
     *     {@code link}, {@code corruption} or {@code planned}
     * @param beganNanos job time of the last sign of life of what failed first
     * @param beganMillis the same as wall time; 0: unknown
     * @param waterfall the phases in the order in which they came
     * @param reason of the recovery decision; empty: there was none
     * @param waitedFor the agents that some phase waited for
     * @param repeats how often its cause was met at that step, this time included
     * @param costSlotNanos what it cost; null: unknown
     */
    public record IncidentReport(
            int id,
            String cause,
            List<String> agents,
            long atStep,
            long resumedAtStep,
            long stepsLost,
            List<Source> sources,
            Phases phasesNanos,
            long totalNanos,
            boolean closed,
            String kind,
            long beganNanos,
            long beganMillis,
            List<Stretch> waterfall,
            String reason,
            List<String> waitedFor,
            int repeats,
            @Nullable BigInteger costSlotNanos) {
        public IncidentReport {
            agents = List.copyOf(agents);
            sources = List.copyOf(sources);
            waterfall = List.copyOf(waterfall);
            waitedFor = List.copyOf(waitedFor);
        }

        /**
         * What is to be told of an incident.
         *
         * @param beganMillis wall time; 0: unknown
         * @param mostSources the first so many ranks' sources: there may be 100,000
         */
        public static IncidentReport of(Incident incident, long beganMillis, int mostSources) {
            Incident.Phases phases = incident.phases();
            return new IncidentReport(
                    incident.id(),
                    incident.cause(),
                    incident.agents(),
                    incident.atStep(),
                    incident.resumedAtStep(),
                    incident.stepsLost(),
                    incident.sources().stream().limit(mostSources).map(Source::of).toList(),
                    new Phases(
                            phases.detect(),
                            phases.fence(),
                            phases.decide(),
                            phases.restore(),
                            phases.resume()),
                    phases.total(),
                    incident.closed(),
                    incident.kind().name().toLowerCase(Locale.ROOT),
                    incident.beganNanos(),
                    beganMillis,
                    incident.stretches().stream().map(Stretch::of).toList(),
                    incident.reason() == null ? "" : incident.reason().text(),
                    incident.waitedFor(),
                    incident.repeats(),
                    incident.costSlotNanos());
        }

        /** The same with the sources of the first so many ranks: there may be 100,000. */
        public IncidentReport withSources(int most) {
            return sources.size() <= most
                    ? this
                    : new IncidentReport(
                            id,
                            cause,
                            agents,
                            atStep,
                            resumedAtStep,
                            stepsLost,
                            sources.subList(0, most),
                            phasesNanos,
                            totalNanos,
                            closed,
                            kind,
                            beganNanos,
                            beganMillis,
                            waterfall,
                            reason,
                            waitedFor,
                            repeats,
                            costSlotNanos);
        }

        /** As JSON, on one line. */
        public String toJson() {
            return LINE.writeValueAsString(this);
        }

        /**
         * Reads {@link #toJson()} back.
         *
         * @throws IllegalArgumentException if the text is none
         */
        public static IncidentReport fromJson(String json) {
            try {
                return LINE.readValue(json, IncidentReport.class);
            } catch (JacksonException broken) {
                throw new IllegalArgumentException(
                        "not an incident: " + broken.getOriginalMessage(), broken);
            }
        }
    }

    /**
     * One phase, once: {@code detect}, {@code fence}, {@code decide}, {@code restore} or {@code
     * resume}.
     *
     * @param epoch that was being installed; 0: none yet
     * @param beganNanos job time
     * @param reason why it began; may be empty
     * @param waitedFor who came last or never
     */
    public record Stretch(
            String phase,
            long epoch,
            long beganNanos,
            long nanos,
            String reason,
            List<String> waitedFor) {
        public Stretch {
            waitedFor = List.copyOf(waitedFor);
        }

        private static Stretch of(Incident.Stretch stretch) {
            return new Stretch(
                    stretch.phase().name().toLowerCase(Locale.ROOT),
                    stretch.epoch(),
                    stretch.beganNanos(),
                    stretch.nanos(),
                    stretch.reason(),
                    stretch.waitedFor());
        }
    }

    /**
     * Where a rank's state came from: {@code live}, {@code local}, {@code peer-copy}, {@code
     * fetched}, {@code init}.
     */
    public record Source(int rank, String source, String fromAgent, long bytes) {
        private static Source of(Incident.Source source) {
            return new Source(source.rank(), source.source(), source.fromAgent(), source.bytes());
        }
    }

    /** Durations in nanoseconds. */
    public record Phases(long detect, long fence, long decide, long restore, long resume) {}

    /**
     * What was kept of a failure.
     *
     * @param incident to which it belongs; 0: none
     * @param rank -1: none
     * @param step that was being made; 0: none
     * @param pieces their texts by their names
     */
    public record EvidenceReport(
            int incident,
            String agent,
            int rank,
            long step,
            String reason,
            Map<String, String> pieces) {
        public EvidenceReport {
            pieces = ordered(pieces);
        }
    }

    /** The report of a job whose program said nothing. */
    public JobReport(
            String job,
            boolean completed,
            long steps,
            String finalDigest,
            @Nullable Double finalLoss,
            @Nullable Double accuracy,
            long samplesSeen,
            List<Long> samplesDistinctPerPass,
            Goodput goodput,
            List<IncidentReport> incidents,
            Map<String, String> environment) {
        this(
                job,
                completed,
                steps,
                finalDigest,
                finalLoss,
                accuracy,
                samplesSeen,
                samplesDistinctPerPass,
                goodput,
                incidents,
                environment,
                Map.of(),
                List.of());
    }

    /** The same with another environment. */
    public JobReport withEnvironment(Map<String, String> values) {
        return new JobReport(
                job,
                completed,
                steps,
                finalDigest,
                finalLoss,
                accuracy,
                samplesSeen,
                samplesDistinctPerPass,
                goodput,
                incidents,
                values,
                metrics,
                evidence);
    }

    /** The same with what the program said. */
    public JobReport with(Map<String, Double> lastMetrics, List<EvidenceReport> kept) {
        return new JobReport(
                job,
                completed,
                steps,
                finalDigest,
                finalLoss,
                accuracy,
                samplesSeen,
                samplesDistinctPerPass,
                goodput,
                incidents,
                environment,
                lastMetrics,
                kept);
    }

    public JobReport {
        // Reports of older versions have none.
        metrics = ordered(Objects.requireNonNullElse(metrics, Map.of()));
        evidence = List.copyOf(Objects.requireNonNullElse(evidence, List.of()));
        samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
        incidents = List.copyOf(incidents);
        environment = ordered(environment);
    }

    /** The same with those incidents. */
    public JobReport withIncidents(List<IncidentReport> others) {
        return new JobReport(
                job,
                completed,
                steps,
                finalDigest,
                finalLoss,
                accuracy,
                samplesSeen,
                samplesDistinctPerPass,
                goodput,
                others,
                environment,
                metrics,
                evidence);
    }

    /** The report as the JSON of the {@code --report} file. */
    public String toJson() {
        return JSON.writeValueAsString(this);
    }

    /**
     * Reads {@link #toJson()} back.
     *
     * @throws IllegalArgumentException if the text is no report
     */
    public static JobReport fromJson(String json) {
        JobReport report;
        try {
            report = JSON.readValue(json, JobReport.class);
        } catch (JacksonException broken) {
            // What a record needs and does not find is of no use to who wrote the file.
            String why =
                    broken.getCause() instanceof NullPointerException
                            ? "fields are missing"
                            : broken.getOriginalMessage();
            throw new IllegalArgumentException("not a job report: " + why, broken);
        }
        if (report == null) {
            throw new IllegalArgumentException("not a job report: null");
        }
        return report;
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(map));
    }
}
