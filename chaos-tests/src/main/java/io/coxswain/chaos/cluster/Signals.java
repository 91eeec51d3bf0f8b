package io.coxswain.chaos.cluster;

import java.io.IOException;

/** Signals that Java has no word for. Stateless. */
final class Signals {
    private Signals() {}

    /** What is sent. */
    enum Signal {
        STOP,
        CONT,
        TERM
    }

    /** Sends it; a process that is gone is no error. Returns when the kernel has it. */
    static void send(Signal signal, long pid) throws IOException {
        var kill =
                new ProcessBuilder("kill", "-" + signal.name(), Long.toString(pid))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            kill.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while signalling " + pid, e);
        }
    }
}
