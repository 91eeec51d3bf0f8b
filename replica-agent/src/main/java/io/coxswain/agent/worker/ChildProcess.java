package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A process that this agent started, and the thread that takes what it prints. Thread-safe. */
final class ChildProcess {
    /** A child that it left behind may hold its output open: nobody waits longer. */
    private static final long OUTPUT_END_MILLIS = 300;

    private static final int BUFFER_BYTES = 32 << 10;

    /** Takes what it prints, on a thread of its own. */
    interface Words {
        void took(byte[] bytes, int length);

        /** It and its children have closed their ends. */
        default void ended() {}
    }

    private final Process process;
    private final Thread output;

    private ChildProcess(Process process, Thread output) {
        this.process = process;
        this.output = output;
    }

    /**
     * Starts one; nothing of this process's own environment reaches it.
     *
     * @param name for the thread that reads
     * @param folder null: this process's
     * @param input where it reads from
     */
    static ChildProcess start(
            String name,
            List<String> command,
            Map<String, String> environment,
            @Nullable Path folder,
            ProcessBuilder.Redirect input,
            Words words)
            throws IOException {
        var builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        if (folder != null) {
            builder.directory(folder.toFile());
        }
        builder.redirectErrorStream(true);
        builder.redirectInput(input);
        Process started = builder.start();
        InputStream from = started.getInputStream();
        Thread reader =
                Thread.ofPlatform()
                        .name(name)
                        .daemon()
                        .start(() -> {
                            read(from, words);
                            words.ended();
                        });
        return new ChildProcess(started, reader);
    }

    private static void read(InputStream from, Words words) {
        byte[] buffer = new byte[BUFFER_BYTES];
        boolean broke = false;
        while (true) {
            try {
                int length = from.read(buffer);
                if (length < 0) {
                    return;
                }
                words.took(buffer, length);
            } catch (IOException e) {
                // At the process's end the stream is exchanged for one with what is left in it.
                if (broke) {
                    return;
                }
                broke = true;
            }
        }
    }

    Process process() {
        return process;
    }

    /** Waits for its end and its last words; who interrupts kills it. */
    int waitFor() {
        int status = awaitExit();
        try {
            output.join(OUTPUT_END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return status;
    }

    private int awaitExit() {
        while (true) {
            try {
                return process.waitFor();
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        }
    }
}
