package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux tells of processes and of the loopback device. */
public final class ProcFiles {
    private static final long KIBI = 1024;

    private ProcFiles() {}

    /** The text after {@code key:} in the first line that begins so; empty if there is none. */
    public static String value(Path file, String key) {
        try (var lines = Files.lines(file)) {
            return lines.map(String::strip)
                    .filter(line -> line.startsWith(key) && line.indexOf(':') > 0)
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    /** A sum of fields that count in kB. */
    static long bytes(Path file, String... keys) throws EnvironmentException {
        long sum = 0;
        for (String key : keys) {
            String text = value(file, key);
            int unit = text.indexOf(" kB");
            if (unit < 0) {
                throw new EnvironmentException(
                        "no "
                                + key
                                + " in "
                                + file
                                + ": the process is gone, or this is not Linux");
            }
            sum += Long.parseLong(text.substring(0, unit)) * KIBI;
        }
        return sum;
    }

    /**
     * Bytes that came over the loopback device since it is up, of all processes; -1 where that is
     * not known.
     */
    static long loopbackBytes() {
        String counters = value(Path.of("/proc/net/dev"), "lo");
        return counters.isEmpty() ? -1 : Long.parseLong(counters.split(" +", 2)[0]);
    }
}
