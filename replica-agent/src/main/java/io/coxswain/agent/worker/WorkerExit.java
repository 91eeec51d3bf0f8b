package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;

/**
 * How a worker process ended.
 *
 * @param status the exit status as the operating system gave it; 128 + n stands for signal n; -1
 *     when the process never started
 * @param lastWords the end of what it printed, at most 16,000 bytes of it
 * @param killReason why the supervisor took it down, null when it went by itself
 * @param greeted whether it ever said hello
 * @param who which of several processes it was; empty if the worker is one
 */
public record WorkerExit(
        int status, String lastWords, @Nullable String killReason, boolean greeted, String who) {
    /** The status of a process that somebody else started: nobody here knows it. */
    static final int LEFT = -2;

    /** Of a worker that is one process. */
    public WorkerExit(int status, String lastWords, @Nullable String killReason, boolean greeted) {
        this(status, lastWords, killReason, greeted, "");
    }

    WorkerExit of(String process) {
        return new WorkerExit(status, lastWords, killReason, greeted, process);
    }

    /** Of a worker that said hello. */
    public WorkerExit(int status, String lastWords, @Nullable String killReason) {
        this(status, lastWords, killReason, true);
    }

    /**
     * One line that names the cause: reason, signal or status, then the most telling of the last
     * words.
     */
    public String describe() {
        var text = new StringBuilder(who.isEmpty() ? "" : who + ": ");
        if (killReason != null) {
            text.append(status == LEFT ? "ended by its agent: " : "killed by its agent: ")
                    .append(killReason);
        } else if (status == LEFT) {
            text.append("the worker ended its connections; whoever started it knows why");
        } else if (status == -1) {
            text.append("did not start");
        } else if (status > 128 && status <= 128 + 64) {
            text.append("worker died of signal ")
                    .append(status - 128)
                    .append(signalName(status - 128));
        } else {
            text.append("worker exited with status ").append(status);
            if (!greeted) {
                text.append(
                        " before it said hello (a program must call coxswain.run, or"
                                + " coxswain.jax.run)");
            }
        }
        String line = LastWords.telling(lastWords);
        if (!line.isEmpty()) {
            text.append("; last words: ").append(line);
        }
        return text.toString();
    }

    private static String signalName(int signal) {
        return switch (signal) {
            case 2 -> " (SIGINT)";
            case 6 -> " (SIGABRT)";
            case 9 -> " (SIGKILL)";
            case 11 -> " (SIGSEGV)";
            case 15 -> " (SIGTERM)";
            default -> "";
        };
    }
}
