package io.coxswain.agent.worker;

/**
 * How much of what a worker prints is kept.
 *
 * @param fileBytes length of a log file; the file before it is kept too
 * @param bytesPerSecond how much a second is kept in the long run; more is dropped and counted
 * @param burstBytes how much is kept at once after a silence
 */
public record OutputLimits(long fileBytes, long bytesPerSecond, long burstBytes) {
    /** Two files of 16 MiB, 1 MiB a second, 8 MiB at once. */
    public static final OutputLimits DEFAULT = new OutputLimits(16 << 20, 1 << 20, 8 << 20);

    private static final long LEAST_FILE = 64 << 10;
    private static final long LEAST_RATE = 4 << 10;

    public OutputLimits {
        if (fileBytes < LEAST_FILE) {
            throw new IllegalArgumentException(
                    "a worker's log file must have room for at least %d bytes, got %d"
                            .formatted(LEAST_FILE, fileBytes));
        }
        if (bytesPerSecond < LEAST_RATE) {
            throw new IllegalArgumentException(
                    "of a worker's output at least %d bytes a second must be kept, got %d"
                            .formatted(LEAST_RATE, bytesPerSecond));
        }
        if (burstBytes < bytesPerSecond) {
            throw new IllegalArgumentException(
                    "a worker's output at once must be at least what is kept in a second (%d bytes), got %d"
                            .formatted(bytesPerSecond, burstBytes));
        }
    }

    /** The same with other sizes; at once, eight seconds' worth is kept. */
    public static OutputLimits of(long fileBytes, long bytesPerSecond) {
        return new OutputLimits(fileBytes, bytesPerSecond, 8 * bytesPerSecond);
    }
}
