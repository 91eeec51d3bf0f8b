package io.coxswain.coordinator;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * How a job went, with the fields of the {@code --report} file.
 *
 * @param job the job's id
 * @param steps completed
 * @param finalDigest lower-case hex, empty unless completed
 * @param finalLoss null unless completed
 * @param accuracy on the held-out samples, 0 to 1; null unless completed
 * @param samplesSeen over the completed history
 * @param environment name to value, for comparing runs
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
        Map<String, String> environment) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

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

    /** One interruption. */
    public record IncidentReport(
            int id,
            String cause,
            List<String> agents,
            long atStep,
            long resumedAtStep,
            long stepsLost,
            List<Source> sources,
            Phases phasesNanos,
            long totalNanos) {
        public IncidentReport {
            agents = List.copyOf(agents);
            sources = List.copyOf(sources);
        }
    }

    /**
     * Where a rank's state came from: {@code live}, {@code local}, {@code peer-copy}, {@code
     * fetched}, {@code init}.
     */
    public record Source(int rank, String source, String fromAgent, long bytes) {}

    /** Durations in nanoseconds. */
    public record Phases(long detect, long fence, long decide, long restore, long resume) {}

    public JobReport {
        samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
        incidents = List.copyOf(incidents);
        environment = ordered(environment);
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
        try {
            return JSON.readValue(json, JobReport.class);
        } catch (JacksonException broken) {
            throw new IllegalArgumentException(
                    "not a job report: " + broken.getOriginalMessage(), broken);
        }
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(map));
    }
}
