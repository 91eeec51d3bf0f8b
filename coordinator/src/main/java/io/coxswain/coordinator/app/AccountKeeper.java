package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.ledger.GoodputLedger;

/** When a job's account is written, so that another leader can go on with it. */
final class AccountKeeper {
    private static final long NEVER = Long.MAX_VALUE;

    private final JobRun run;
    private final GoodputLedger ledger;
    private final IncidentBook incidents;
    private final CoordinatorSettings settings;
    private final JobRun.Context context;
    private final HistoryKeeper history = new HistoryKeeper();
    private long dueNanos = NEVER;
    private long writtenNanos;

    /** A step to which the job can go back is on account. */
    private boolean tellsOfSteps;

    private boolean closed;

    AccountKeeper(
            JobRun run,
            GoodputLedger ledger,
            IncidentBook incidents,
            CoordinatorSettings settings,
            JobRun.Context context,
            long nowNanos) {
        this.run = run;
        this.ledger = ledger;
        this.incidents = incidents;
        this.settings = settings;
        this.context = context;
        this.writtenNanos = nowNanos;
    }

    /** Steps were completed. True if that is to be written at once, else it is soon. */
    boolean stepped(long protectedStep) {
        if (!tellsOfSteps && protectedStep > 0) {
            // From now on whoever leads knows that the job is more than its seed.
            return true;
        }
        if (dueNanos == NEVER && !closed) {
            dueNanos = writtenNanos + settings.accountNanos();
        }
        return false;
    }

    void advance(long nowNanos) {
        if (dueNanos <= nowNanos && !run.over()) {
            write(nowNanos);
        }
    }

    long nextDeadlineNanos() {
        return dueNanos;
    }

    /** The result has the account. */
    void close() {
        closed = true;
        dueNanos = NEVER;
    }

    void write(long nowNanos) {
        JobMachine machine = run.machine();
        dueNanos = NEVER;
        writtenNanos = nowNanos;
        tellsOfSteps |= machine.protectedStep() > 0;
        StoreRecord.Account written =
                Reports.account(
                        context.term(),
                        machine,
                        run.jobTimeNanos(nowNanos),
                        OpenTimeRule.totals(machine, ledger, nowNanos),
                        ledger,
                        history.kept(ledger, nowNanos),
                        incidents.values());
        context.persist(
                written,
                run.durable(
                        new JobEvent.AccountPersisted(written.epoch(), written.completedStep())));
    }
}
