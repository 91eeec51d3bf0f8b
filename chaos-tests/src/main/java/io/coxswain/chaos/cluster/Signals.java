package io.coxswain.chaos.cluster;

import java.io.IOException;

/** Signals that Java has no word for. Stateless. */
final class Signals {
    private Signals() {}

    /** What is sent. */
    enum Signal {
        STOP,
        CONT,
        TERM,
        ABRT
    }

    /** Sends it; a process that is gone is no error. Returns when the kernel has it. */
    static void send(Signal signal, long pid) throws IOException {
        run("kill", "-" + signal.name(), Long.toString(pid));
    }

    /** Runs a command to its end, whatever that is. */
    static void run(String... command) throws IOException {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + String.join(" ", command), e);
        }
    }
}
