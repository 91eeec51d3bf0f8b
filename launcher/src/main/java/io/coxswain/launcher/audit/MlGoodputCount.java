package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts as ml-goodput-measurement 0.2.3 does ({@code GoodputCalculator.get_job_goodput}) with the
 * entries that it would have had. It knows of steps only when they start: what lies between the
 * starts of two consecutive ones is training, and a step number that comes again is a disruption.
 *
 * <p>Beside that, what the run really did in the time that it takes for training is noted, so that
 * its figure can be explained. Keeps 32 bytes for each step since the last disruption that it
 * noticed.
 */
final class MlGoodputCount {
    private static final double SECOND = 1e9;
    private static final int FIRST_CAPACITY = 1_024;

    /** Sums of a checkpoint's saves or restores; the library takes their mean. */
    private static final class Mean {
        private long nanos;
        private int count;

        double seconds() {
            return nanos / SECOND / count;
        }
    }

    /** By order of start: the segment since the last disruption. */
    private long[] numbers = new long[FIRST_CAPACITY];

    private long[] starts = new long[FIRST_CAPACITY];
    private long[] computes = new long[FIRST_CAPACITY];
    private long[] waits = new long[FIRST_CAPACITY];
    private int length;

    /** What else happened between a step's start and the next one's; rare. */
    private final Map<Integer, EnumMap<AuditCategory, Long>> others = new HashMap<>();

    /** The step numbers of the segment as runs: first → last. */
    private final TreeMap<Long, Long> runs = new TreeMap<>();

    private final Map<MlEntry.What, Long> begun = new EnumMap<>(MlEntry.What.class);
    private final Map<Long, Mean> saves = new HashMap<>();
    private final Map<Long, Mean> restores = new HashMap<>();
    private final EnumMap<AuditCategory, Long> taken = new EnumMap<>(AuditCategory.class);

    private @Nullable Long firstJobStart;
    private long jobStart;
    private @Nullable Long jobEnd;
    private long lastNanos;
    private double productive;
    private double wasted;
    private double programStartup;
    private double infrastructure;
    private double initialization;
    private double preparation;
    private double dataLoading;
    private double dataLoadingSync;
    private boolean syncNext = true;
    private double lastLoading = Double.NaN;
    private int disruptions;
    private long mostProductive;
    private boolean waited;

    /** So much time passed, doing that. */
    void spent(AuditCategory category, long nanos) {
        lastNanos += nanos;
        if (length == 0) {
            return;
        }
        int slot = length - 1;
        switch (category) {
            case PRODUCTIVE -> computes[slot] += nanos;
            case DATA_WAIT -> waits[slot] += nanos;
            default ->
                    others.computeIfAbsent(slot, _ -> new EnumMap<>(AuditCategory.class))
                            .merge(category, nanos, Long::sum);
        }
    }

    /** A step is done; one that never said that it had its data did not wait for them. */
    void stepEnded() {
        if (!waited && length > 0) {
            computes[length - 1] += waits[length - 1];
            waits[length - 1] = 0;
        }
    }

    /** The next entry of its log. */
    void accept(MlEntry entry) {
        switch (entry) {
            case MlEntry.JobStart start -> {
                jobStart = start.atNanos();
                firstJobStart = firstJobStart == null ? (Long) jobStart : firstJobStart;
                lastNanos = jobStart;
            }
            case MlEntry.JobEnd end -> jobEnd = end.atNanos();
            case MlEntry.StepStart step -> step(step);
            case MlEntry.Mark mark -> mark(mark);
            case MlEntry.Checkpoint checkpoint -> {
                Mean mean =
                        (checkpoint.save() ? saves : restores)
                                .computeIfAbsent(checkpoint.step(), _ -> new Mean());
                mean.nanos += checkpoint.nanos();
                mean.count++;
            }
            case MlEntry.SliceCounts _ -> {
                // For ElasticGoodputCalculator, which adds to the categories, not to the sum.
            }
        }
    }

    private void step(MlEntry.StepStart step) {
        waited = false;
        if (contains(step.step())) {
            disruptions++;
            productive += segment(step.step());
            syncNext = true;
            if (!Double.isNaN(lastLoading)) {
                dataLoadingSync += lastLoading;
                lastLoading = Double.NaN;
            }
            infrastructure += Math.max(0, jobStart - starts[length - 1]) / SECOND;
            length = 0;
            runs.clear();
            others.clear();
        }
        if (length == numbers.length) {
            int capacity = Math.multiplyExact(length, 2);
            numbers = Arrays.copyOf(numbers, capacity);
            starts = Arrays.copyOf(starts, capacity);
            computes = Arrays.copyOf(computes, capacity);
            waits = Arrays.copyOf(waits, capacity);
        }
        numbers[length] = step.step();
        starts[length] = step.atNanos();
        computes[length] = 0;
        waits[length] = 0;
        length++;
        remember(step.step());
    }

    private boolean contains(long step) {
        Map.Entry<Long, Long> run = runs.floorEntry(step);
        return run != null && run.getValue() >= step;
    }

    private void remember(long step) {
        Map.Entry<Long, Long> before = runs.lowerEntry(step);
        runs.put(before != null && before.getValue() == step - 1 ? before.getKey() : step, step);
    }

    private void mark(MlEntry.Mark mark) {
        if (mark.begins()) {
            begun.put(mark.what(), mark.atNanos());
            return;
        }
        waited |= mark.what() == MlEntry.What.DATA_LOADING;
        Long since = begun.remove(mark.what());
        if (since == null) {
            return;
        }
        double seconds = (mark.atNanos() - since) / SECOND;
        switch (mark.what()) {
            case TPU_INIT -> initialization += seconds;
            case TRAINING_PREP -> preparation += seconds;
            case DATA_LOADING -> {
                lastLoading = seconds;
                dataLoading += seconds;
                if (syncNext) {
                    dataLoadingSync += seconds;
                    syncNext = false;
                }
            }
            case ELASTIC_REINIT -> {
                // For ElasticGoodputCalculator.
            }
        }
    }

    /** What the segment gives if training went on with {@code step}, which it has reached. */
    private double segment(long step) {
        if (step == 0) {
            // As there: the progress of a segment that is begun again from 0 is in no category.
            return 0;
        }
        long least = runs.firstKey();
        double total = 0;
        double first = 0;
        int rest = 0;
        int counted = 0;
        for (int i = 1; i < length; i++) {
            double seconds = (starts[i] - starts[i - 1]) / SECOND;
            if (numbers[i] > step) {
                wasted += seconds;
            } else if (numbers[i] - 1 == numbers[i - 1]) {
                total += seconds;
                counted++;
                mostProductive = numbers[i - 1];
                take(i - 1);
                if (numbers[i - 1] == least) {
                    first = seconds;
                } else {
                    rest++;
                }
            }
        }
        if (counted == 0 || rest == 0) {
            return total;
        }
        double extra = Math.max(0, first - (total - first) / rest);
        programStartup += extra;
        return total - extra;
    }

    private void take(int slot) {
        taken.merge(AuditCategory.PRODUCTIVE, computes[slot], Long::sum);
        taken.merge(AuditCategory.DATA_WAIT, waits[slot], Long::sum);
        EnumMap<AuditCategory, Long> more = others.get(slot);
        if (more != null) {
            more.forEach((category, nanos) -> taken.merge(category, nanos, Long::sum));
        }
    }

    /**
     * Ends the count; a job that has not ended is asked for at the log's last instant.
     *
     * @param ours the account that its figure is explained against
     */
    MlGoodputView finish(RunAudit ours) {
        double saved = saves.values().stream().mapToDouble(Mean::seconds).sum();
        double restored = restores.values().stream().mapToDouble(Mean::seconds).sum();
        mostProductive = 0;
        if (length > 0) {
            long last = runs.lastEntry().getValue();
            productive += segment(last);
            if (jobEnd != null) {
                int slot = length - 1;
                while (numbers[slot] != last) {
                    take(slot--);
                }
                take(slot);
                productive += (jobEnd - starts[slot]) / SECOND;
                mostProductive = last;
            }
            productive -= saved;
        } else {
            productive = 0;
        }
        long begin = firstJobStart == null ? lastNanos : firstJobStart;
        double total = ((jobEnd == null ? lastNanos : jobEnd) - begin) / SECOND;
        var badput = new LinkedHashMap<String, Double>();
        badput.put("TPU_INITIALIZATION", initialization);
        badput.put("TRAINING_PREP", preparation);
        badput.put("PROGRAM_STARTUP", programStartup);
        badput.put("DATA_LOADING_SYNC", dataLoadingSync);
        badput.put("UNPRODUCTIVE_CHECKPOINT_SAVE_TIME", saved);
        badput.put("UNPRODUCTIVE_CHECKPOINT_RESTORE_TIME", restored);
        badput.put("WASTED_PROGRESS_FROM_DISRUPTION", wasted);
        badput.put("INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION", infrastructure);
        badput.put("DATA_LOADING_ASYNC", dataLoading - dataLoadingSync);
        badput.replaceAll((_, seconds) -> seconds < 0 || seconds > total ? 0 : seconds);
        double async = badput.getOrDefault("DATA_LOADING_ASYNC", 0.0);
        double sum = badput.values().stream().mapToDouble(Double::doubleValue).sum() - async;
        badput.put("OTHER", Math.max(0, total - productive - sum));
        return MlGoodputView.of(
                ours,
                new MlGoodputView.Count(
                        total,
                        productive,
                        badput,
                        disruptions,
                        mostProductive,
                        programStartup,
                        length > 0 ? saved : 0),
                taken);
    }
}
