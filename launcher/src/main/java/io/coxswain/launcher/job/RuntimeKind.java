package io.coxswain.launcher.job;

import io.coxswain.launcher.config.ConfigSection;

import java.nio.file.Path;

/** Reads the {@code runtime} section of one kind of runtime. */
@FunctionalInterface
interface RuntimeKind {
    /**
     * The file around the section, as far as the runtime depends on it.
     *
     * @param root the file
     * @param runtime the section
     * @param collectives the section of that name
     * @param folder that relative paths start at
     * @param data the training data
     * @param dataIsHere whether they can be looked into
     * @param mustBeHere whether the job runs on this machine
     * @param across who reduces between ranks, {@code agent} or {@code runtime}
     */
    record Around(
            ConfigSection root,
            ConfigSection runtime,
            ConfigSection collectives,
            Path folder,
            Path data,
            boolean dataIsHere,
            boolean mustBeHere,
            int replicas,
            int shards,
            int batch,
            int microshards,
            String across) {
        /** Complains that agents must reduce. */
        void refuseRuntimeCollectives(String why) {
            if (across.equals("runtime")) {
                collectives.complain("across", why);
            }
        }
    }

    /** Reads it, and complains of what does not fit. */
    RuntimeSection read(Around around);
}
