package io.coxswain.launcher.audit;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;

/**
 * Writes {@link MlEntry}s as the JSON payloads that ml-goodput-measurement's recorder hands to its
 * logger, one a line. Times are seconds on the log's own clock.
 */
final class MlGoodputFile implements Closeable {
    private static final JsonFactory JSON = JsonFactory.builder().rootValueSeparator("\n").build();

    private final String jobName;
    private final JsonGenerator json;

    MlGoodputFile(String jobName, OutputStream out) {
        this.jobName = jobName;
        this.json = JSON.createGenerator(ObjectWriteContext.empty(), out);
    }

    /**
     * Writes one line.
     *
     * @throws UncheckedIOException if the stream cannot be written
     */
    void write(MlEntry entry) {
        try {
            line(entry);
        } catch (JacksonException e) {
            throw new UncheckedIOException(new IOException(e.getOriginalMessage(), e));
        }
    }

    private void line(MlEntry entry) {
        json.writeStartObject();
        json.writeStringProperty("job_name", jobName);
        switch (entry) {
            case MlEntry.JobStart start -> seconds("job_start_time", start.atNanos());
            case MlEntry.JobEnd end -> seconds("job_end_time", end.atNanos());
            case MlEntry.StepStart step -> {
                json.writeNumberProperty("step_count", step.step());
                seconds("step_start_time", step.atNanos());
            }
            case MlEntry.Mark mark -> seconds(mark.what().field(mark.begins()), mark.atNanos());
            case MlEntry.Checkpoint checkpoint -> checkpoint(checkpoint);
            case MlEntry.SliceCounts counts -> {
                json.writeNumberProperty("active_slices", counts.active());
                json.writeNumberProperty("total_slices", counts.total());
                json.writeNumberProperty("available_slices", counts.active());
                seconds("elastic_slice_counts_timestamp", counts.atNanos());
            }
        }
        json.writeEndObject();
    }

    /** The parts that the log does not know are 0; the calculator uses the whole alone. */
    private void checkpoint(MlEntry.Checkpoint checkpoint) {
        json.writeNumberProperty("step", checkpoint.step());
        json.writeStringProperty("event_type", checkpoint.save() ? "save" : "restore");
        json.writeStringProperty("directory", "unknown");
        if (checkpoint.save()) {
            json.writeNumberProperty("wait_for_prev_duration_secs", 0);
            seconds("checkpointer_blocking_duration_secs", checkpoint.nanos());
            json.writeNumberProperty("get_old_steps_duration_secs", 0);
            seconds("checkpoint_manager_blocking_start_time", checkpoint.startNanos());
            seconds("checkpoint_manager_blocking_duration_secs", checkpoint.nanos());
        } else {
            seconds("checkpointer_duration_secs", checkpoint.nanos());
            seconds("checkpoint_manager_start_time", checkpoint.startNanos());
            seconds("checkpoint_manager_duration_secs", checkpoint.nanos());
        }
    }

    /** With a point always: the calculator leaves out sums that are whole numbers to Python. */
    private void seconds(String name, long nanos) {
        BigDecimal seconds = BigDecimal.valueOf(nanos, 9).stripTrailingZeros();
        json.writeNumberProperty(name, seconds.setScale(Math.max(1, seconds.scale())));
    }

    @Override
    public void close() throws IOException {
        try {
            json.writeRaw('\n');
            json.close();
        } catch (JacksonException e) {
            throw new IOException(e.getOriginalMessage(), e);
        }
    }
}
