package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;

import java.util.List;

/**
 * Asks a plugin what it is. It is loaded in a process of its own, in a JVM like a worker's: a
 * plugin that aborts takes down nobody else.
 */
@FunctionalInterface
public interface PluginProbe {
    /**
     * What it said.
     *
     * @param apiVersion of PJRT, such as {@code 0.115}; empty if it could not be loaded
     * @param platform that its client names; empty if no client could be made
     * @param devices that a worker would have, in words
     * @param failure why it cannot be used, with its last words; empty if it can
     */
    record Answer(String apiVersion, String platform, List<String> devices, String failure) {
        public Answer {
            devices = List.copyOf(devices);
        }

        static Answer failed(String failure) {
            return new Answer("", "", List.of(), failure);
        }
    }

    /** Loads it, makes a client and ends both. */
    Answer ask(InstalledPlugin plugin) throws InterruptedException;
}
