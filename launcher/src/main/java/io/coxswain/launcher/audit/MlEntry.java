package io.coxswain.launcher.audit;

import java.util.Locale;

/**
 * An entry of the log that the library ml-goodput-measurement (0.2.3) keeps, as its recorder writes
 * it.
 */
sealed interface MlEntry {
    /** A process starts; there is one for each attempt. */
    record JobStart(long atNanos) implements MlEntry {}

    /** The job is done. */
    record JobEnd(long atNanos) implements MlEntry {}

    /** The only thing that is said of a step. */
    record StepStart(long step, long atNanos) implements MlEntry {}

    /** Something begins or ends. */
    record Mark(What what, boolean begins, long atNanos) implements MlEntry {}

    /** A checkpoint was saved or restored; training waited for it. */
    record Checkpoint(boolean save, long step, long startNanos, long nanos) implements MlEntry {}

    /** Only {@code ElasticGoodputCalculator} knows it. */
    record SliceCounts(int active, int total, long atNanos) implements MlEntry {}

    /** What has a begin and an end. */
    enum What {
        TPU_INIT,
        TRAINING_PREP,
        DATA_LOADING,
        /** Only {@code ElasticGoodputCalculator} knows it. */
        ELASTIC_REINIT;

        String field(boolean begins) {
            return name().toLowerCase(Locale.ROOT) + (begins ? "_start_time" : "_end_time");
        }
    }
}
