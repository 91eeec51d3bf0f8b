package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.picture.Picture;

/** What the page shows. Every answer is there at once: none waits for the decision loop. */
public interface PageSource {
    /** The newest picture. */
    Picture picture();

    /** Of the first event that is not there yet. */
    long nextSequence();

    /**
     * Delivers events, as {@link io.coxswain.coordinator.Coordinator#listen(long,
     * CoordinatorListener)} does.
     */
    Subscription listen(long fromSequence, CoordinatorListener listener);
}
