package io.coxswain.launcher;

/**
 * What the exit code of {@code coxswain} says. Part of the command's contract: documented in its
 * help.
 */
public final class ExitCode {
    /** The job completed; the command did what was asked. */
    public static final int COMPLETED = 0;

    /** The job failed, was refused or was cancelled. */
    public static final int FAILED = 1;

    /** The command line, or a file that it names, cannot be used. */
    public static final int USAGE = 2;

    /**
     * This machine or its neighbours are not as needed: a port in use, too little shared memory,
     * nobody listening.
     */
    public static final int ENVIRONMENT = 3;

    /** A bug in Coxswain. */
    public static final int BUG = 70;

    /** Ended by SIGINT (Ctrl-C), 128 + 2. The virtual machine sets it. */
    public static final int INTERRUPTED = 130;

    /** Ended by SIGTERM, 128 + 15. The virtual machine sets it. */
    public static final int TERMINATED = 143;

    private ExitCode() {}
}
