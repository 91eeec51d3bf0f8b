package io.coxswain.coordinator.app;

import io.coxswain.coordinator.picture.Picture;

/** Where pictures go. Neither blocks nor throws. A coordinator without one makes none. */
public interface PicturePort {
    /** The time shown to people. */
    long wallMillis();

    /** The trace of an incident; empty: none. */
    default String traceId(String jobId, int incident) {
        return "";
    }

    /** Who leads, for a coordinator that does not. */
    default KnownLeader leader() {
        return KnownLeader.NOBODY;
    }

    /** The newest picture; the one before is out of date. */
    void publish(Picture picture);
}
