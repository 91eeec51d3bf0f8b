package io.coxswain.coordinator.app;

import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.pause.PauseState.Stage;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Who wants a job to stand or to go on, until it does. Of two who want the opposite the later one
 * has its way, and the other is told so. Owned by the decision loop.
 */
final class PauseDesk {
    private static final int MOST_REASON_CHARACTERS = 500;
    private static final long LOOK_NANOS = 250_000_000L;
    private static final String NO_REASON = "somebody asked for it";

    private final JobDesk desk;
    private final String coordinatorId;
    private final JobRun.Context context;
    private final List<Asked> asked = new ArrayList<>();

    private static final class Asked {
        private final String jobId;
        private final boolean pause;
        private final boolean already;
        private final Consumer<PauseOutcome> answer;

        /** Who answers is still the leader: the store said so, after it was asked. */
        private boolean sure;

        /** What the job is still to be told: it ends, or seems to. */
        private @Nullable JobEvent untold;

        Asked(String jobId, boolean pause, boolean already, Consumer<PauseOutcome> answer) {
            this.jobId = jobId;
            this.pause = pause;
            this.already = already;
            this.answer = answer;
            // Else a record is written, and a leader of the past cannot write one.
            sure = !already;
        }
    }

    PauseDesk(JobDesk desk, String coordinatorId, JobRun.Context context) {
        this.desk = desk;
        this.context = context;
        this.coordinatorId = coordinatorId;
    }

    void pause(CoordinatorInput.Pause pause, boolean leads) {
        String jobId = admitted(pause.jobId(), leads, pause.answer());
        if (jobId != null) {
            Stage stage = stage(jobId);
            boolean already = stage != Stage.NONE && stage != Stage.RESUMING;
            String reason = reason(pause.reason());
            ask(
                    new Asked(jobId, true, already, pause.answer()),
                    new JobEvent.PauseRequested(reason),
                    reason);
        }
    }

    void resume(CoordinatorInput.Resume resume, boolean leads) {
        String jobId = admitted(resume.jobId(), leads, resume.answer());
        if (jobId != null) {
            ask(
                    new Asked(jobId, false, stage(jobId) == Stage.NONE, resume.answer()),
                    new JobEvent.ResumeRequested(),
                    "");
        }
    }

    // Who asked for the contrary does not get it any more.
    private void ask(Asked one, JobEvent order, String reason) {
        refuse(
                other -> other.jobId.equals(one.jobId) && other.pause != one.pause,
                "job %s was %s meanwhile"
                        .formatted(one.jobId, one.pause ? "paused again" : "resumed"));
        asked.add(one);
        if (!one.sure) {
            context.persist(new StoreRecord.TermCheck(one.jobId), () -> one.sure = true);
        }
        JobBook.Waiting waits = desk.book().waiting(one.jobId);
        if (waits == null) {
            one.untold = order;
            tell();
        } else if (waits.hold.want(one.pause, reason)) {
            record(waits, one.pause, reason);
        }
    }

    private void record(JobBook.Waiting job, boolean paused, String reason) {
        String jobId = job.spec.jobId();
        long serial = job.hold.serial();
        context.persist(
                new StoreRecord.Pause(jobId, paused, reason, 0),
                () -> {
                    if (job.hold.recorded(serial) && desk.book().waiting(jobId) == job) {
                        context.publish(
                                paused
                                        ? new CoordinatorEvent.JobPaused(jobId, 0, reason)
                                        : new CoordinatorEvent.JobResumed(jobId, 0),
                                jobId,
                                0,
                                0);
                    }
                });
    }

    /** What people are told of a job that may not start. */
    static String heldInQueue(QueueHold hold) {
        return switch (hold.stage()) {
            case NONE, RESUMING -> "held in the queue until it is recorded that it may start";
            case RECORDING -> "held in the queue; pausing: " + hold.reason();
            case STOPPING, STANDING -> "held in the queue; paused: " + hold.reason();
        };
    }

    private static String reason(String given) {
        String line = given.strip().replaceAll("[\\p{Cntrl}\\s]+", " ");
        return line.isEmpty()
                ? NO_REASON
                : line.substring(0, Math.min(line.length(), MOST_REASON_CHARACTERS));
    }

    // The job that is meant; null: it cannot be paused or resumed, and who asked was told.
    private @Nullable String admitted(String named, boolean leads, Consumer<PauseOutcome> answer) {
        JobSpec current = desk.current();
        String refusal;
        if (!leads) {
            refusal = "coordinator " + coordinatorId + " does not lead";
        } else if (named.isEmpty() && current == null) {
            refusal =
                    desk.book().waiting().isEmpty()
                            ? "no job runs"
                            : "no job runs: name the one in the queue that is meant";
        } else if (current != null && (named.isEmpty() || current.jobId().equals(named))) {
            return current.jobId();
        } else if (desk.book().waiting(named) != null) {
            return named;
        } else {
            refusal =
                    desk.book().ended(named) != null
                            ? "job " + named + " is over already"
                            : "there is no job " + named;
        }
        answer.accept(new PauseOutcome.Refused(refusal));
        return null;
    }

    // A job that ends is told nothing. That it has ended is said once its result is durable: a
    // leader of the past cannot end it, and does not know that. It may go on, too, if a member is
    // lost before it gave its final state.
    private void tell() {
        JobRun run = desk.run();
        for (Asked one : List.copyOf(asked)) {
            JobEvent order = one.untold;
            if (order != null && (run == null || !ends(run))) {
                one.untold = null;
                desk.tell(order);
            }
        }
    }

    private static boolean ends(JobRun run) {
        JobPhase phase = run.machine().phase();
        return phase.over() || phase == JobPhase.FINISHING || phase == JobPhase.RECORDING;
    }

    private Stage stage(String jobId) {
        JobBook.Waiting waits = desk.book().waiting(jobId);
        if (waits != null) {
            return waits.hold.stage();
        }
        JobRun run = desk.run();
        return run == null ? Stage.NONE : run.machine().pause(context.nowNanos()).stage();
    }

    /** After each input: whoever has what it wants hears so. */
    void settle() {
        if (asked.isEmpty()) {
            return;
        }
        tell();
        JobRun run = desk.run();
        for (Asked one : List.copyOf(asked)) {
            JobRun of = run != null && run.jobId().equals(one.jobId) && !ends(run) ? run : null;
            if ((of != null || desk.book().waiting(one.jobId) != null)
                    && one.sure
                    && one.untold == null
                    && stage(one.jobId) == (one.pause ? Stage.STANDING : Stage.NONE)) {
                asked.remove(one);
                answer(one, of == null ? 0 : of.completedStep());
            }
        }
    }

    private static void answer(Asked one, long step) {
        one.answer.accept(
                one.pause
                        ? new PauseOutcome.Paused(one.jobId, step, one.already)
                        : new PauseOutcome.Resumed(one.jobId, step, one.already));
    }

    /** When to look again: who cannot be reached stops with time alone. */
    long nextDeadlineNanos() {
        return asked.isEmpty() ? Long.MAX_VALUE : context.nowNanos() + LOOK_NANOS;
    }

    /** That job is over. */
    void ended(String jobId) {
        refuse(one -> one.jobId.equals(jobId), "job " + jobId + " is over");
    }

    /** The term is over. */
    void clear() {
        refuse(
                _ -> true,
                "leadership was lost before it was known whether the job stands or goes on: ask the"
                        + " leader again");
    }

    private void refuse(Predicate<Asked> whom, String reason) {
        for (Asked one : List.copyOf(asked)) {
            if (whom.test(one)) {
                asked.remove(one);
                one.answer.accept(new PauseOutcome.Refused(reason));
            }
        }
    }
}
