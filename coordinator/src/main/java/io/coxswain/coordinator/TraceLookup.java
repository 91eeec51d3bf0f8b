package io.coxswain.coordinator;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/**
 * The traces that a coordinator has begun, for links from events, incidents and exemplars. Any
 * thread; never blocks. Ids are 32 hexadecimal digits, empty where nothing was traced or where it
 * was too long ago.
 */
public interface TraceLookup {
    /** Nothing is traced. */
    TraceLookup NONE =
            new TraceLookup() {
                @Override
                public String ofIncident(String jobId, int incident) {
                    return "";
                }

                @Override
                public String ofStep(String jobId, long step) {
                    return "";
                }
            };

    /** The trace of an incident. */
    String ofIncident(String jobId, int incident);

    /** The trace of the sampled steps that this one is of. */
    String ofStep(String jobId, long step);

    /** The trace of what an event tells of. */
    default String of(SequencedEvent event) {
        int incident = EventText.incident(event.event());
        if (incident > 0) {
            return ofIncident(event.jobId(), incident);
        }
        return event.event() instanceof CoordinatorEvent.StepsCompleted steps
                ? ofStep(event.jobId(), steps.step())
                : "";
    }
}
