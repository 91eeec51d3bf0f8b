package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.liveness.HangRule;

/**
 * What time counts as that no report covers yet. Slots that step are taken to be productive, but
 * not for longer than a step of the job may take: then something hangs or is gone, and until that
 * is found, or a step comes after all and says what it was, its time is detection. Pure.
 */
final class OpenTimeRule {
    private OpenTimeRule() {}

    static Category of(JobMachine machine, GoodputLedger ledger, long nowNanos) {
        return of(
                machine.phase(),
                machine.runningCategory(),
                nowNanos - ledger.newestNanos(),
                HangRule.budgetNanos(machine.stepTimes()));
    }

    /** The account up to now, open time and all. */
    static GoodputLedger.Totals totals(JobMachine machine, GoodputLedger ledger, long nowNanos) {
        return ledger.openTotals(nowNanos, of(machine, ledger, nowNanos));
    }

    /**
     * The rule.
     *
     * @param openNanos since the newest booking
     * @param budgetNanos that a step may take
     */
    static Category of(JobPhase phase, Category running, long openNanos, long budgetNanos) {
        boolean late = openNanos > budgetNanos;
        return phase == JobPhase.ACTIVE && running == Category.PRODUCTIVE && late
                ? Category.DETECTION
                : running;
    }
}
