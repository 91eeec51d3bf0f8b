package io.coxswain.coordinator.app;

import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.pause.PauseState.Stage;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
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
    private final LongSupplier nowNanos;
    private final List<Asked> asked = new ArrayList<>();

    private static final class Asked {
        final String jobId;
        final Consumer<PauseOutcome> answer;

        /** What the job is asked for; how it stood already is seen when it is. */
        final JobEvent order;

        final boolean pause;
        boolean already;
        boolean told;

        Asked(String jobId, JobEvent order, boolean pause, Consumer<PauseOutcome> answer) {
            this.jobId = jobId;
            this.order = order;
            this.pause = pause;
            this.answer = answer;
        }
    }

    PauseDesk(JobDesk desk, String coordinatorId, LongSupplier nowNanos) {
        this.desk = desk;
        this.nowNanos = nowNanos;
        this.coordinatorId = coordinatorId;
    }

    void pause(CoordinatorInput.Pause pause, boolean leads) {
        String jobId = admitted(pause.jobId(), leads, pause.answer());
        if (jobId != null) {
            refuse(
                    one -> one.jobId.equals(jobId) && !one.pause,
                    "job " + jobId + " was paused again meanwhile");
            var order = new JobEvent.PauseRequested(reason(pause.reason()));
            asked.add(new Asked(jobId, order, true, pause.answer()));
            tell();
        }
    }

    void resume(CoordinatorInput.Resume resume, boolean leads) {
        String jobId = admitted(resume.jobId(), leads, resume.answer());
        if (jobId != null) {
            refuse(
                    one -> one.jobId.equals(jobId) && one.pause,
                    "job " + jobId + " was resumed meanwhile");
            asked.add(new Asked(jobId, new JobEvent.ResumeRequested(), false, resume.answer()));
            tell();
        }
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
            refusal = "no job runs";
        } else if (current != null && (named.isEmpty() || current.jobId().equals(named))) {
            return current.jobId();
        } else if (desk.book().waiting(named) != null) {
            refusal =
                    "job "
                            + named
                            + " waits in the queue and makes no steps: pause it when it runs, or"
                            + " cancel it";
        } else {
            refusal =
                    desk.book().ended(named) != null
                            ? "job " + named + " is over already"
                            : "there is no job " + named;
        }
        answer.accept(new PauseOutcome.Refused(refusal));
        return null;
    }

    // A job that ends is asked for nothing. That it has ended is said once its result is durable:
    // whoever leads no more cannot end it, and does not know yet. It may go on, too, if a member
    // is lost before it gave its final state.
    private void tell() {
        JobRun run = desk.run();
        for (Asked one : List.copyOf(asked)) {
            if (!one.told && (run == null || makesSteps(run.machine().phase()))) {
                Stage stage = stage();
                one.already =
                        one.pause
                                ? stage != Stage.NONE && stage != Stage.RESUMING
                                : stage == Stage.NONE;
                one.told = true;
                desk.tell(one.order);
            }
        }
    }

    private static boolean makesSteps(JobPhase phase) {
        return !phase.over() && phase != JobPhase.FINISHING && phase != JobPhase.RECORDING;
    }

    private Stage stage() {
        JobRun run = desk.run();
        return run == null ? Stage.NONE : run.machine().pause(nowNanos.getAsLong()).stage();
    }

    /** After each input: whoever has what it wants hears so. */
    void settle() {
        JobRun run = desk.run();
        if (asked.isEmpty() || run == null) {
            return;
        }
        tell();
        JobMachine machine = run.machine();
        Stage stage = stage();
        String jobId = run.jobId();
        for (Asked one : List.copyOf(asked)) {
            if (one.jobId.equals(jobId)
                    && one.told
                    && makesSteps(machine.phase())
                    && stage == (one.pause ? Stage.STANDING : Stage.NONE)) {
                asked.remove(one);
                long step = machine.completedStep();
                one.answer.accept(
                        one.pause
                                ? new PauseOutcome.Paused(jobId, step, one.already)
                                : new PauseOutcome.Resumed(jobId, step, one.already));
            }
        }
    }

    /** When to look again: who cannot be reached stops with time alone. */
    long nextDeadlineNanos() {
        return asked.isEmpty() ? Long.MAX_VALUE : nowNanos.getAsLong() + LOOK_NANOS;
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
