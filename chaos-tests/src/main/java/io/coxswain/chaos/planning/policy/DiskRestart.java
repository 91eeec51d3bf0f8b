package io.coxswain.chaos.planning.policy;

import io.coxswain.chaos.planning.engine.Account;
import io.coxswain.chaos.planning.engine.Conditions;
import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.chaos.planning.engine.Shortages;
import io.coxswain.chaos.planning.engine.StepClock;
import io.coxswain.chaos.planning.engine.Survival;
import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.ledger.StepLosses;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeMap;

/**
 * The usual way: checkpoints to disk now and then, and a restart of everything from the newest one
 * after each failure. Machines that failed are replaced by spares; without one the job waits for a
 * repair. All slots do the same, so one stands for all. O(log) a failure.
 */
public final class DiskRestart {
    private enum Phase {
        RUNNING,
        RESTARTING,
        WAITING
    }

    private record Later(long atNanos, int order, Runnable what) implements Comparable<Later> {
        @Override
        public int compareTo(Later other) {
            return atNanos != other.atNanos
                    ? Long.compare(atNanos, other.atNanos)
                    : Integer.compare(order, other.order);
        }
    }

    private final Conditions conditions;
    private final DiskSettings disk;
    private final StepClock clock;
    private final Account account = new Account();
    private final PriorityQueue<Later> queue = new PriorityQueue<>();
    private final boolean[] down;
    private final boolean[] member;
    private final TreeMap<String, Long> failures = new TreeMap<>();
    private final Shortages shortages;

    /** Checkpoints to which corruption that is not found yet will roll back. */
    private final List<Long> suspected = new ArrayList<>();

    private Phase phase = Phase.RESTARTING;
    private int order;
    private int restart;
    private long now;
    private long beganNanos;
    private long base;
    private int up;
    private int leastIdle;
    private long interruptions;
    private long stepsLost;

    private DiskRestart(Conditions conditions, DiskSettings disk) {
        this.conditions = conditions;
        this.disk = disk;
        long every =
                disk.intervalNanos() <= 0
                        ? Long.MAX_VALUE / 4
                        : Math.max(
                                1,
                                Math.round((double) disk.intervalNanos() / conditions.stepNanos()));
        clock = new StepClock(conditions.stepNanos(), disk.stallNanos(), every);
        int machines = conditions.fleet().machines();
        down = new boolean[machines];
        member = new boolean[machines];
        java.util.Arrays.fill(member, 0, conditions.ranks(), true);
        up = machines;
        leastIdle = conditions.spares();
        shortages = new Shortages(conditions.leastShrink());
    }

    /** Plays the whole trace. */
    public static Outcome run(Conditions conditions, DiskSettings disk, FailureTrace trace) {
        return new DiskRestart(conditions, disk).run(trace);
    }

    private Outcome run(FailureTrace trace) {
        account.book(List.of(new LedgerEntry.Opened(1, 0)));
        later(conditions.costs().joinNanos() + conditions.loadNanos(), started());
        for (Failure failure : trace.failures()) {
            later(failure.atNanos(), () -> strike(failure));
        }
        long end = conditions.durationNanos();
        while (!queue.isEmpty() && queue.peek().atNanos() < end) {
            Later next = queue.remove();
            now = next.atNanos();
            next.what().run();
        }
        now = end;
        if (phase == Phase.RUNNING) {
            stop(end);
        }
        shortages.end(end);
        account.closeLife(end, running(), BigInteger.ZERO);
        return outcome(end);
    }

    private Outcome outcome(long end) {
        var slots = BigInteger.valueOf(conditions.ranks());
        var categories = new java.util.EnumMap<Category, BigInteger>(Category.class);
        account.totals().forEach((key, nanos) -> categories.put(key, nanos.multiply(slots)));
        var timeline = new ArrayList<Account.Point>();
        for (Account.Point point : account.timeline()) {
            timeline.add(
                    new Account.Point(
                            point.atNanos(),
                            point.productiveSeconds() * conditions.ranks(),
                            point.totalSeconds() * conditions.ranks()));
        }
        return new Outcome(
                "disk",
                conditions.ranks(),
                end,
                account.totalNanos().multiply(slots),
                categories,
                interruptions,
                failures,
                stepsLost,
                0,
                shortages.over(),
                leastIdle,
                "whatever the disk survives",
                Survival.UNKNOWN,
                Outcome.Phases.NONE,
                disk.intervalNanos() <= 0 ? 0 : clock.every(),
                timeline);
    }

    private void later(long atNanos, Runnable what) {
        queue.add(new Later(atNanos, order++, what));
    }

    private Runnable started() {
        int mine = ++restart;
        return () -> {
            if (mine == restart) {
                book(running());
                phase = Phase.RUNNING;
                beganNanos = now;
                account.sample(now);
            }
        };
    }

    private Category running() {
        return switch (phase) {
            case RUNNING -> Category.PRODUCTIVE;
            case RESTARTING -> interruptions == 0 ? Category.STARTUP : Category.RECOVERY_RESTORE;
            case WAITING -> Category.CONTROLLER_WAIT;
        };
    }

    private void book(Category category) {
        account.book(List.of(new LedgerEntry.Stretch(0, category, now)));
    }

    private void strike(Failure failure) {
        Scope scope = failure.scope();
        int first = conditions.fleet().firstOf(scope, failure.target());
        int end = conditions.fleet().endOf(scope, failure.target());
        boolean any = false;
        boolean hit = false;
        for (int machine = first; machine < end; machine++) {
            any |= !down[machine];
            hit |= !down[machine] && member[machine];
        }
        if (!any) {
            return;
        }
        failures.merge(failure.component(), 1L, Long::sum);
        switch (scope) {
            case AGENT, RACK, SWITCH, POWER -> {
                for (int machine = first; machine < end; machine++) {
                    takeOut(machine, failure.repairNanos());
                }
                if (hit) {
                    interrupted(conditions.costs().detectNanos());
                }
            }
            case WORKER, HANG -> {
                if (hit) {
                    interrupted(
                            scope == Scope.HANG
                                    ? conditions.costs().hangNanos()
                                    : conditions.costs().workerDetectNanos());
                }
            }
            case CORRUPTION -> {
                if (hit && phase == Phase.RUNNING) {
                    long good = checkpoint(clock.reached(base, now - beganNanos));
                    suspected.add(good);
                    later(
                            now + conditions.costs().auditLagNanos(),
                            () -> convict(first, good, failure));
                }
            }
        }
    }

    private void convict(int machine, long good, Failure failure) {
        takeOut(machine, failure.repairNanos());
        interrupted(0);
        suspected.remove(Long.valueOf(good));
        if (base > good) {
            account.book(List.of(new LedgerEntry.RolledBack(good)));
            stepsLost += base - good;
            base = good;
        }
    }

    private void takeOut(int machine, long repairNanos) {
        if (down[machine]) {
            return;
        }
        down[machine] = true;
        up--;
        leastIdle = Math.min(leastIdle, up - conditions.ranks());
        shortages.missing(conditions.ranks() - up, now);
        later(
                now + Math.max(1, repairNanos),
                () -> {
                    down[machine] = false;
                    up++;
                    shortages.missing(conditions.ranks() - up, now);
                    if (phase == Phase.WAITING) {
                        restart(0);
                    }
                });
    }

    private void interrupted(long detectNanos) {
        if (phase == Phase.RUNNING) {
            long step = stop(now);
            interruptions++;
            long good = checkpoint(step);
            account.book(List.of(new LedgerEntry.RolledBack(good)));
            account.book(List.of(new LedgerEntry.Settled(settled(good))));
            stepsLost += step - good;
            base = good;
        } else {
            book(running());
        }
        account.sample(now);
        restart(detectNanos);
    }

    /** Up to where nothing is rolled back any more: also not by corruption that is found later. */
    private long settled(long checkpoint) {
        long settled = checkpoint;
        for (long good : suspected) {
            settled = Math.min(settled, good);
        }
        return settled;
    }

    /** Steps stop; returns the last completed one. */
    private long stop(long atNanos) {
        long step = clock.reached(base, atNanos - beganNanos);
        if (step > base) {
            account.book(
                    List.of(
                            new LedgerEntry.Steps(
                                    0,
                                    base + 1,
                                    step,
                                    beganNanos + clock.nanos(base, step),
                                    new StepLosses(
                                            0,
                                            0,
                                            clock.snapshots(base, step) * disk.stallNanos(),
                                            0))));
        }
        return step;
    }

    private long checkpoint(long step) {
        return Math.max(base, step / clock.every() * clock.every());
    }

    private void restart(long detectNanos) {
        if (phase == Phase.WAITING) {
            book(Category.CONTROLLER_WAIT);
        }
        if (!man()) {
            shortages.begin(now);
            restart++;
            phase = Phase.WAITING;
            return;
        }
        shortages.end(now);
        phase = Phase.RESTARTING;
        now = Math.min(now + detectNanos, conditions.durationNanos());
        book(Category.DETECTION);
        later(now + disk.restartNanos() + disk.readNanos(), started());
    }

    /** Gives every rank a machine that is up; false when there are too few. */
    private boolean man() {
        if (up < conditions.ranks()) {
            return false;
        }
        int spare = 0;
        for (int machine = 0; machine < member.length; machine++) {
            if (member[machine] && down[machine]) {
                while (member[spare] || down[spare]) {
                    spare++;
                }
                member[machine] = false;
                member[spare] = true;
            }
        }
        return true;
    }
}
