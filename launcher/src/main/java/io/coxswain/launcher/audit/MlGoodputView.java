package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What ml-goodput-measurement would have said of the run, and why it differs: the parts of {@code
 * differences} are in sum its productive seconds less ours.
 *
 * @param goodputPercent null where the library refuses: no time, or more training than time
 */
public record MlGoodputView(
        Count count, @Nullable Double goodputPercent, List<Difference> differences) {
    /** One reason for the difference. Seconds that it counts as training and we do not. */
    public record Difference(String what, double seconds, String why) {}

    /**
     * Its figures, in seconds.
     *
     * @param badput by its own names; without {@code DATA_LOADING_ASYNC}, which overlaps, and with
     *     the productive time they are in sum the job's, unless it counts something twice
     * @param savedSeconds saves that it takes off the training
     */
    public record Count(
            double totalSeconds,
            double productiveSeconds,
            Map<String, Double> badput,
            int disruptions,
            long maxProductiveStep,
            double programStartupSeconds,
            double savedSeconds) {
        public Count {
            badput = Collections.unmodifiableMap(badput);
        }
    }

    private static final double SECOND = 1e9;

    /** Less than anybody's clock can tell. */
    private static final double NOTHING = 1e-6;

    public MlGoodputView {
        differences = List.copyOf(differences);
    }

    /**
     * @param taken nanos of the time that it takes for training, by what the run did
     */
    static MlGoodputView of(RunAudit ours, Count count, Map<AuditCategory, Long> taken) {
        double total = count.totalSeconds();
        double productive = count.productiveSeconds();
        boolean refused = total <= 0 || productive < 0 || productive > total;
        return new MlGoodputView(
                count, refused ? null : 100 * productive / total, differences(ours, count, taken));
    }

    private static List<Difference> differences(
            RunAudit ours, Count count, Map<AuditCategory, Long> taken) {
        var differences = new ArrayList<Difference>();
        var rest = new EnumMap<AuditCategory, Long>(AuditCategory.class);
        rest.putAll(taken);
        Long training = rest.remove(AuditCategory.PRODUCTIVE);
        double steps =
                ((training == null ? 0 : training) - ours.nanos(AuditCategory.PRODUCTIVE)) / SECOND;
        Long saving = rest.remove(AuditCategory.CHECKPOINT_SAVE);
        double saves = (saving == null ? 0 : saving) / SECOND - count.savedSeconds();
        rest.forEach((category, nanos) ->
                add(differences, category.key(), nanos / SECOND, why(category)));
        add(
                differences,
                AuditCategory.CHECKPOINT_SAVE.key(),
                saves,
                saves > 0
                        ? "of a step that was saved more than once it takes the mean, and it takes"
                                + " saves that were cut for training"
                        : "it takes saves in lost stretches off the training that remained");
        add(
                differences,
                steps > 0 ? AuditCategory.LOST_WORK.key() : AuditCategory.PRODUCTIVE.key(),
                steps,
                steps > 0
                        ? "steps that were cut or rolled back without a step number coming again"
                        : "steps that it does not count: the last one of a segment, or all of a"
                                + " segment that is begun again below its first step or from 0");
        add(
                differences,
                "PROGRAM_STARTUP",
                -count.programStartupSeconds(),
                "what the first step of a segment took above the mean of the others");
        return differences;
    }

    private static void add(List<Difference> differences, String what, double seconds, String why) {
        if (Math.abs(seconds) >= NOTHING) {
            differences.add(new Difference(what, seconds, why));
        }
    }

    private static String why(AuditCategory category) {
        return switch (category) {
            case DATA_WAIT ->
                    "the time from one step's start to the next is training, wait and all";
            case STALL -> "it cannot see a hang: the next step only starts later";
            case RECONFIGURE -> "it is not told apart from the step before it";
            case RECOVERY_INFRA, RECOVERY_INIT, RECOVERY_RESTORE, RECOVERY_FIRST_DATA ->
                    "a restart that loses no step repeats no step number, so it is no disruption";
            case STARTUP, OTHER, LOST_WORK, PRODUCTIVE, CHECKPOINT_SAVE, CAPACITY_DOWN ->
                    "it lies between the starts of two steps";
        };
    }
}
