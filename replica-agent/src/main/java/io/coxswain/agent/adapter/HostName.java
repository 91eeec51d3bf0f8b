package io.coxswain.agent.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The name that this machine, or pod, gives itself. Asks no name server. */
final class HostName {
    private static final Path KERNEL = Path.of("/proc/sys/kernel/hostname");

    private HostName() {}

    /** The name; empty where the system does not tell. */
    static String own() {
        try {
            return Files.readString(KERNEL).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
