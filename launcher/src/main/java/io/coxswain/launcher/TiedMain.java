package io.coxswain.launcher;

import io.coxswain.launcher.logs.Logs;

import java.io.IOException;

/**
 * The {@code coxswain} command for a process that must not outlive its parent, whatever ends that:
 * it ends in order when standard input closes.
 */
public final class TiedMain {
    private TiedMain() {}

    /** As {@link Main#main}. */
    public static void main(String[] args) {
        Logs.silent();
        Thread.ofPlatform().daemon().name("tie").start(TiedMain::awaitParent);
        System.exit(Main.execute(args));
    }

    private static void awaitParent() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is asked of it; the parent's end is the end of this stream.
            }
        } catch (IOException e) {
            // A broken stream says the same.
        }
        System.exit(ExitCode.TERMINATED);
    }
}
