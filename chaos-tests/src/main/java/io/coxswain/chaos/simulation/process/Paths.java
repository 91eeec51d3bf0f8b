package io.coxswain.chaos.simulation.process;

import io.coxswain.coordinator.app.StoreRecord;

/** Where what stands in the store. */
final class Paths {
    static final String TERM = "/controller/term";
    static final String LEADER = "/controller/leader";
    static final String MAINTENANCE = "/controller/maintenance";
    static final String ELECTION = "/election/";
    static final String AGENTS = "/agents/";
    static final String JOBS = "/jobs/";

    private Paths() {}

    static String record(String jobId, StoreRecord.Kind kind) {
        return kind == StoreRecord.Kind.SET_ASIDES ? MAINTENANCE : JOBS + jobId + "/" + kind.name();
    }
}
