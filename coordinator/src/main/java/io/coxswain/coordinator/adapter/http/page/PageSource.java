package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.picture.Picture;

import java.util.List;

/** What the page shows. Every answer is there at once: none waits for the decision loop. */
public interface PageSource {
    /** The newest picture. */
    Picture picture();

    /** Of the first event that is not there yet. */
    long nextSequence();

    /**
     * The events from that one on, in order. Where the first of them are not kept any more they
     * begin with a {@link io.coxswain.coordinator.core.event.CoordinatorEvent.Gap}.
     *
     * @param fromSequence 0: the oldest kept
     */
    List<SequencedEvent> events(long fromSequence);
}
