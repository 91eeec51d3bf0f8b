package io.coxswain.launcher.service;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.launcher.ExitCode;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * SIGTERM to an agent: its machine is taken away. The first has it drained and ends it then, or at
 * the deadline; a second one ends it at once. Thread-safe.
 */
public final class PreemptionNotice {
    private final ReplicaAgent agent;
    private final Duration deadline;
    private final Consumer<String> words;
    private final AtomicBoolean given = new AtomicBoolean();

    /**
     * @param words one line for people each
     */
    public PreemptionNotice(ReplicaAgent agent, Duration deadline, Consumer<String> words) {
        this.agent = agent;
        this.deadline = deadline;
        this.words = words;
    }

    /**
     * A signal came.
     *
     * @param end told the exit code when the process is to end
     */
    public void given(IntConsumer end) {
        String id = "agent " + agent.key().id();
        if (!given.compareAndSet(false, true)) {
            words.accept(id + " ends at once: SIGTERM came again");
            end.accept(ExitCode.TERMINATED);
            return;
        }
        words.accept(
                id
                        + " was given notice (SIGTERM): it ends when it is drained, after "
                        + deadline.toMillis()
                        + " ms at the latest");
        var _ =
                agent.leave("SIGTERM", deadline)
                        .thenAccept(drained -> {
                            words.accept(
                                    drained
                                            ? id + " ends: nothing depends on it"
                                            : id + " ends, and is not drained");
                            end.accept(drained ? ExitCode.COMPLETED : ExitCode.TERMINATED);
                        });
    }
}
