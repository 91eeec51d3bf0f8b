package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process beside the worker's that serves all processes of a view. Says where on a line of its
 * output; all other lines are for people. It must end when its standard input does: so it ends with
 * this agent, however that ends.
 */
final class ViewService {
    /** What the line begins with that says where it serves. */
    static final String MARK = "coxswain-service ";

    private static final int LAST_WORDS_BYTES = 4 << 10;

    /** A line that may say where: longer ones are no such line. */
    private static final int LONG_LINE = 1 << 10;

    /** What happens to it, from threads of its own; each once. */
    interface Events {
        void serves(String address);

        /**
         * It is gone.
         *
         * @param cause how it ended, with its last words
         * @param asked it was ended here
         */
        void gone(String cause, boolean asked);
    }

    private final String name;
    private final PrintedLines printed;
    private final Events events;
    private final CountDownLatch settled = new CountDownLatch(1);
    private final Departure gone = new Departure();

    // Of the thread that reads its output.
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean served;

    private boolean ended;
    private @Nullable Process process;
    private String killReason = "";

    /**
     * @param name for threads and words
     * @param printed takes its lines
     */
    ViewService(String name, PrintedLines printed, Events events) {
        this.name = name;
        this.printed = printed;
        this.events = events;
    }

    /** Starts it, on a thread of its own. */
    void launch(List<String> command, Map<String, String> environment, @Nullable Path folder) {
        Thread.ofPlatform()
                .name("view-service-" + name)
                .daemon()
                .start(() -> live(command, environment, folder));
    }

    private void live(
            List<String> command, Map<String, String> environment, @Nullable Path folder) {
        String cause;
        try {
            ChildProcess started = spawn(command, environment, folder);
            if (started == null) {
                cause = "was ended: " + killReason();
            } else {
                int status = started.waitFor();
                BridgeLink.closeQuietly(started.process().getOutputStream());
                printed.end();
                String words = lastWords();
                cause =
                        (killReason().isEmpty()
                                        ? "ended with status " + status
                                        : "was ended: " + killReason())
                                + (words.isEmpty() ? "" : "; last words: " + words);
            }
        } catch (IOException e) {
            cause = "did not start: " + e.getMessage();
        }
        boolean asked;
        synchronized (this) {
            asked = ended;
        }
        settled.countDown();
        events.gone(cause, asked);
        gone.happened();
    }

    private @Nullable ChildProcess spawn(
            List<String> command, Map<String, String> environment, @Nullable Path folder)
            throws IOException {
        synchronized (this) {
            if (ended) {
                return null;
            }
            ChildProcess started =
                    ChildProcess.start(
                            "view-service-output-" + name,
                            command,
                            environment,
                            folder,
                            ProcessBuilder.Redirect.PIPE,
                            new Words());
            process = started.process();
            return started;
        }
    }

    private final class Words implements ChildProcess.Words {
        @Override
        public void took(byte[] bytes, int length) {
            if (served) {
                printed.write(bytes, length);
            } else {
                look(bytes, length);
            }
        }

        @Override
        public void ended() {
            show();
        }
    }

    /** Before it serves: line by line. */
    private void look(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            line.write(bytes[i]);
            if (bytes[i] != '\n' && line.size() < LONG_LINE) {
                continue;
            }
            String text = line.toString(StandardCharsets.UTF_8).strip();
            if (!served && text.startsWith(MARK) && text.length() > MARK.length()) {
                line.reset();
                served = true;
                settled.countDown();
                events.serves(text.substring(MARK.length()).strip());
            } else {
                show();
            }
        }
        if (served) {
            show();
        }
    }

    private void show() {
        if (line.size() > 0) {
            printed.write(line.toByteArray(), line.size());
            line.reset();
        }
    }

    private String lastWords() {
        return new String(printed.tail(LAST_WORDS_BYTES), StandardCharsets.UTF_8).strip();
    }

    private synchronized String killReason() {
        return killReason;
    }

    /** Waits until it serves or is gone; ends it if that takes longer. */
    void requireSettled(long patienceNanos) throws InterruptedException {
        if (!settled.await(patienceNanos, TimeUnit.NANOSECONDS)) {
            endNow(
                    "it did not say within %d ms where it serves"
                            .formatted(TimeUnit.NANOSECONDS.toMillis(patienceNanos)));
        }
    }

    /** Ends it after a while, for those who still use it. Blocks. */
    void endAfter(long nanos, String reason) {
        try {
            if (gone.within(nanos)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        endNow(reason);
    }

    /** From here on its end is no failure. */
    synchronized void unneeded() {
        ended = true;
    }

    /** Ends it at once. */
    synchronized void endNow(String reason) {
        ended = true;
        if (killReason.isEmpty()) {
            killReason = reason;
        }
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }

    synchronized long pid() {
        Process running = process;
        return running == null || !running.isAlive() ? 0 : running.pid();
    }

    void awaitGone() {
        gone.awaitUninterruptibly();
    }
}
