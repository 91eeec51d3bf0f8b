package io.coxswain.coordinator.picture;

import java.util.List;

/**
 * States that a job leaves in a folder.
 *
 * @param failed parts of states that could not be written, so far
 * @param failing what cannot be written now, one line for each part, with path and reason
 */
public record ExportsPicture(long failed, List<String> failing) {
    /** Nothing failed. */
    public static final ExportsPicture NONE = new ExportsPicture(0, List.of());

    public ExportsPicture {
        failing = List.copyOf(failing);
    }
}
