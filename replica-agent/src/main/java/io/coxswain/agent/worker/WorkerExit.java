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
 */
public record WorkerExit(
        int status, String lastWords, @Nullable String killReason, boolean greeted) {
    /** Of a worker that said hello. */
    public WorkerExit(int status, String lastWords, @Nullable String killReason) {
        this(status, lastWords, killReason, true);
    }

    /**
     * One line that names the cause: reason, signal or status, then the most telling of the last
     * words.
     */
    public String describe() {
        var text = new StringBuilder();
        if (killReason != null) {
            text.append("killed by its agent: ").append(killReason);
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
