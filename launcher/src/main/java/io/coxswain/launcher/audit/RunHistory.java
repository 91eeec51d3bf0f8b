package io.coxswain.launcher.audit;

import io.coxswain.launcher.audit.LogEvent.AttemptStart;
import io.coxswain.launcher.audit.LogEvent.DataEnd;
import io.coxswain.launcher.audit.LogEvent.Failure;
import io.coxswain.launcher.audit.LogEvent.JobEnd;
import io.coxswain.launcher.audit.LogEvent.JobStart;
import io.coxswain.launcher.audit.LogEvent.Membership;
import io.coxswain.launcher.audit.LogEvent.PhaseEnd;
import io.coxswain.launcher.audit.LogEvent.PhaseStart;
import io.coxswain.launcher.audit.LogEvent.SaveEnd;
import io.coxswain.launcher.audit.LogEvent.SaveStart;
import io.coxswain.launcher.audit.LogEvent.StepEnd;
import io.coxswain.launcher.audit.LogEvent.StepStart;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Place;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/**
 * What the run was doing at every instant, by its log (docs/goodput.md has the rules).
 *
 * <ul>
 *   <li>Of the phases, saves and the step that are under way, the one that began last has the time.
 *       If there is none: after a failure, until a process starts or steps go on, {@code
 *       RECOVERY_INFRA}; else {@code OTHER}.
 *   <li>A failure and an attempt's start cut whatever is under way. What the cut step took is lost.
 *   <li>The last failure before training goes on says from where; the finished steps from there on
 *       are lost.
 *   <li>Entries of one instant may stand in any order that makes sense: one that does not fit yet
 *       waits for the others.
 *   <li>What contradicts this is no log of a run: {@link ConfigException}, with its line.
 * </ul>
 *
 * Not thread-safe.
 */
final class RunHistory {
    /** Hears what happened, in an order that makes sense. */
    interface Observer {
        /** So much time passed, doing that. The wait for data is one even if it turns out later. */
        void spent(AuditCategory category, long nanos);

        /** It happened, after what was spent before it. */
        void happened(LogEntry entry);
    }

    /** Something under way. */
    private sealed interface Open {
        LogEntry since();

        record OfStep(LogEntry since, long step, boolean waited) implements Open {}

        record OfPhase(LogEntry since, LogEvent.Phase phase, AuditCategory category)
                implements Open {}

        record OfSave(LogEntry since, long step) implements Open {}
    }

    /** Entries of one instant that do not fit yet. Beyond that something is wrong in any order. */
    private static final int MOST_WAITING = 64;

    private final String source;
    private final Observer observer;
    private final RunAccount account = new RunAccount();
    private final List<Open> open = new ArrayList<>();
    private final Deque<LogEntry> waiting = new ArrayDeque<>();
    private final List<String> notes = new ArrayList<>();

    private @Nullable LogEntry last;
    private @Nullable LogEntry start;
    private @Nullable LogEntry end;
    private @Nullable LogEntry attempt;
    private long attemptNumber = -1;
    private boolean recovering;
    private boolean down;

    /** The failure that says from where training will go on, until it does. */
    private @Nullable LogEntry failure;

    private long resumesAt;
    private @Nullable LogEntry cut;
    private List<Open> wasCut = List.of();
    private int attempts;
    private int failures;
    private long entries;

    RunHistory(String source, Observer observer) {
        this.source = source;
        this.observer = observer;
    }

    /**
     * Takes the next entry.
     *
     * @throws ConfigException if it contradicts those before it
     */
    void accept(LogEntry entry) throws ConfigException {
        LogEntry before = last;
        if (before != null && entry.atNanos() < before.atNanos()) {
            throw entry.wrong(
                    "t: the time goes back, from "
                            + LogEntry.seconds(before.atNanos())
                            + " in "
                            + before.line()
                            + " to "
                            + LogEntry.seconds(entry.atNanos()));
        }
        if (before != null && entry.atNanos() > before.atNanos()) {
            settle();
            if (end != null) {
                throw entry.wrong("comes after the job's end in " + end.line());
            }
            pass(before, entry.atNanos());
        }
        last = entry;
        entries++;
        if (objection(entry.event()) != null) {
            waiting.add(entry);
            if (waiting.size() > MOST_WAITING) {
                settle();
            }
            return;
        }
        apply(entry);
        Iterator<LogEntry> again = waiting.iterator();
        while (again.hasNext()) {
            LogEntry next = again.next();
            if (objection(next.event()) == null) {
                again.remove();
                apply(next);
                again = waiting.iterator();
            }
        }
    }

    /**
     * Ends the account where the log ends.
     *
     * @throws ConfigException if nothing can be accounted for
     */
    RunAudit finish() throws ConfigException {
        settle();
        LogEntry first = start;
        LogEntry latest = last;
        if (first == null || latest == null) {
            throw new ConfigException(
                    List.of(new Place(source, 1, 1) + ": the log has no entries"));
        }
        if (end == null) {
            notes.add(
                    "the log has no job_end: the account ends with its last entry, at "
                            + LogEntry.seconds(latest.atNanos()));
        }
        Open.OfStep unfinished = running();
        if (unfinished != null) {
            notes.add(
                    "step " + unfinished.step() + " had not finished: what it took counts as lost");
            account.loseStep();
        }
        if (failure != null) {
            notes.add(
                    "training had not gone on after the failure in "
                            + failure.line()
                            + ": the steps from "
                            + resumesAt
                            + " on count as lost");
            takeBack();
        }
        if (!account.counted()) {
            notes.add("the log does not say how many workers there are: only the wall time counts");
        }
        var audit =
                new RunAudit(
                        latest.atNanos() - first.atNanos(),
                        account.total(),
                        account.wallNanos(),
                        account.workerNanos(),
                        account.steps().count(),
                        attempts,
                        failures,
                        entries,
                        notes);
        long sum = audit.byWall().values().stream().mapToLong(Long::longValue).sum();
        if (sum != audit.wallNanos()) {
            throw new IllegalStateException(
                    "the categories sum to " + sum + " of " + audit.wallNanos() + " nanos");
        }
        return audit;
    }

    /** What still waits fits in no order. */
    private void settle() throws ConfigException {
        LogEntry first = waiting.peek();
        if (first != null) {
            throw first.wrong(String.valueOf(objection(first.event())));
        }
    }

    private void pass(LogEntry before, long untilNanos) throws ConfigException {
        long nanos = untilNanos - before.atNanos();
        AuditCategory category = doing();
        try {
            account.spend(category, nanos);
        } catch (ArithmeticException e) {
            throw before.wrong(
                    "one step takes more worker-time from here on than can be counted (292"
                            + " worker-years)");
        }
        observer.spent(category, nanos);
    }

    private AuditCategory doing() {
        if (open.isEmpty()) {
            return down ? AuditCategory.RECOVERY_INFRA : AuditCategory.OTHER;
        }
        return switch (open.getLast()) {
            case Open.OfStep step ->
                    step.waited() ? AuditCategory.PRODUCTIVE : AuditCategory.DATA_WAIT;
            case Open.OfPhase phase -> phase.category();
            case Open.OfSave _ -> AuditCategory.CHECKPOINT_SAVE;
        };
    }

    private AuditCategory category(LogEvent.Phase phase) {
        return switch (phase) {
            case INIT, PREP -> recovering ? AuditCategory.RECOVERY_INIT : AuditCategory.STARTUP;
            case FIRST_DATA ->
                    recovering ? AuditCategory.RECOVERY_FIRST_DATA : AuditCategory.STARTUP;
            case RESTORE -> recovering ? AuditCategory.RECOVERY_RESTORE : AuditCategory.STARTUP;
            case RECONFIGURE -> AuditCategory.RECONFIGURE;
            case STALL -> AuditCategory.STALL;
        };
    }

    /** Why the event cannot happen now; null if it can. */
    private @Nullable String objection(LogEvent event) {
        if (start == null && !(event instanceof JobStart)) {
            return "the log does not begin with job_start";
        }
        return switch (event) {
            case JobStart _ ->
                    start == null ? null : "job_start stands twice, first in " + start.line();
            case JobEnd _ -> end == null ? null : "job_end stands twice, first in " + end.line();
            case AttemptStart begun ->
                    attempt == null || begun.attempt() > attemptNumber
                            ? null
                            : "attempt "
                                    + begun.attempt()
                                    + " starts after attempt "
                                    + attemptNumber
                                    + " in "
                                    + attempt.line();
            case PhaseStart begun -> {
                Open same = find(open, isPhase(begun.phase()));
                yield same != null
                        ? begun.phase().key()
                                + " starts, but is under way since "
                                + same.since().line()
                        : withoutProcess(begun.phase().key());
            }
            case PhaseEnd ended ->
                    notUnderWay(ended.phase().key() + " ends", isPhase(ended.phase()));
            case StepStart begun -> stepObjection(begun);
            case DataEnd ended -> {
                String what = "the data wait of step " + ended.step() + " ends";
                String missing = notUnderWay(what, isStep(ended.step()));
                Open.OfStep step = running();
                yield missing == null && step != null && step.waited() ? what + " twice" : missing;
            }
            case StepEnd ended -> stepEndObjection(ended);
            case SaveStart begun -> saveObjection(begun);
            case SaveEnd ended ->
                    notUnderWay("the save of step " + ended.step() + " ends", isSave(ended.step()));
            case Failure failed ->
                    !account.steps().known() || failed.lostTo() <= account.steps().next()
                            ? null
                            : "lost_to: training cannot go on from step "
                                    + failed.lostTo()
                                    + ": "
                                    + finished();
            case Membership _ -> null;
        };
    }

    private @Nullable String withoutProcess(String what) {
        return attempt == null ? what + " starts before the first attempt_start" : null;
    }

    private String finished() {
        long next = account.steps().next();
        return next == 0
                ? "no step is finished"
                : "only the steps before " + next + " are finished";
    }

    private @Nullable String stepObjection(StepStart begun) {
        String what = "step " + begun.step();
        String early = withoutProcess(what);
        if (early != null) {
            return early;
        }
        if (!open.isEmpty()) {
            Open other = open.getLast();
            return what + " starts during " + name(other) + " of " + other.since().line();
        }
        if (account.counted() && begun.workers() > account.total()) {
            return what
                    + " runs on "
                    + begun.workers()
                    + " workers, but there are only "
                    + account.total();
        }
        if (failure != null) {
            return begun.step() == resumesAt
                    ? null
                    : what
                            + " starts, but the failure in "
                            + failure.line()
                            + " says that training will go on from step "
                            + resumesAt;
        }
        return !account.steps().known() || begun.step() <= account.steps().next()
                ? null
                : what + " starts, but " + finished();
    }

    private @Nullable String stepEndObjection(StepEnd ended) {
        String what = "step " + ended.step() + " ends";
        String missing = notUnderWay(what, isStep(ended.step()));
        if (missing != null || open.isEmpty()) {
            return missing;
        }
        Open top = open.getLast();
        LogEntry now = last;
        // What begins at this instant may as well begin after the step.
        boolean inside =
                !(top instanceof Open.OfStep)
                        && now != null
                        && top.since().atNanos() < now.atNanos();
        return inside ? what + " during " + name(top) + " of " + top.since().line() : null;
    }

    private @Nullable String saveObjection(SaveStart begun) {
        String what = "a save of step " + begun.step();
        Open other = find(open, Open.OfSave.class::isInstance);
        if (other != null) {
            return what + " starts during " + name(other) + " of " + other.since().line();
        }
        return account.steps().known() && begun.step() > account.steps().next()
                ? what + " starts, but " + finished()
                : withoutProcess(what);
    }

    /** Null too for what was cut at this very instant: then it is all the same. */
    private @Nullable String notUnderWay(String what, Predicate<Open> wanted) {
        if (find(open, wanted) != null) {
            return null;
        }
        LogEntry cutBy = cut;
        LogEntry now = last;
        if (cutBy == null || now == null || find(wasCut, wanted) == null) {
            return what + ", but it is not under way";
        }
        return cutBy.atNanos() == now.atNanos()
                ? null
                : what + ", but it was cut by " + cutBy.line();
    }

    private static String name(Open open) {
        return switch (open) {
            case Open.OfStep step -> "step " + step.step();
            case Open.OfPhase phase -> phase.phase().key();
            case Open.OfSave save -> "the save of step " + save.step();
        };
    }

    private static Predicate<Open> isPhase(LogEvent.Phase phase) {
        return open -> open instanceof Open.OfPhase(_, LogEvent.Phase which, _) && which == phase;
    }

    private static Predicate<Open> isStep(long step) {
        return open -> open instanceof Open.OfStep(_, long which, _) && which == step;
    }

    private static Predicate<Open> isSave(long step) {
        return open -> open instanceof Open.OfSave(_, long which) && which == step;
    }

    private static @Nullable Open find(List<Open> among, Predicate<Open> wanted) {
        for (Open one : among) {
            if (wanted.test(one)) {
                return one;
            }
        }
        return null;
    }

    private Open.@Nullable OfStep running() {
        return find(open, Open.OfStep.class::isInstance) instanceof Open.OfStep step ? step : null;
    }

    private void apply(LogEntry entry) {
        switch (entry.event()) {
            case JobStart _ -> start = entry;
            case JobEnd _ -> end = entry;
            case AttemptStart begun -> {
                cut(entry);
                attempt = entry;
                attempts++;
                attemptNumber = begun.attempt();
                recovering = begun.attempt() > 0;
                down = false;
            }
            case PhaseStart begun ->
                    open.add(new Open.OfPhase(entry, begun.phase(), category(begun.phase())));
            case PhaseEnd ended -> open.removeIf(isPhase(ended.phase()));
            case StepStart begun -> beginStep(entry, begun);
            case DataEnd ended ->
                    open.replaceAll(one ->
                            one instanceof Open.OfStep step && step.step() == ended.step()
                                    ? new Open.OfStep(step.since(), step.step(), true)
                                    : one);
            case StepEnd ended -> {
                Open.OfStep step = running();
                // Another one may be running, where this one was cut at this very instant.
                if (step != null && step.step() == ended.step()) {
                    account.finishStep(step.waited());
                    open.remove(step);
                }
            }
            case SaveStart begun -> open.add(new Open.OfSave(entry, begun.step()));
            case SaveEnd ended -> open.removeIf(isSave(ended.step()));
            case Failure failed -> {
                cut(entry);
                failure = entry;
                resumesAt = failed.lostTo();
                failures++;
                recovering = true;
                down = true;
            }
            case Membership members -> account.members(members.active(), members.total());
        }
        observer.happened(entry);
    }

    private void beginStep(LogEntry entry, StepStart begun) {
        StepBook steps = account.steps();
        if (!steps.known()) {
            steps.beginAt(begun.step());
        }
        if (failure != null) {
            takeBack();
        } else if (begun.step() < steps.next()) {
            account.rollBackTo(begun.step());
        }
        down = false;
        account.beginStep(begun.workers());
        open.add(new Open.OfStep(entry, begun.step(), false));
    }

    private void takeBack() {
        if (account.steps().known()) {
            account.rollBackTo(resumesAt);
        }
        failure = null;
    }

    private void cut(LogEntry by) {
        if (running() != null) {
            account.loseStep();
        }
        if (!open.isEmpty()) {
            wasCut = List.copyOf(open);
            cut = by;
            open.clear();
        }
    }
}
