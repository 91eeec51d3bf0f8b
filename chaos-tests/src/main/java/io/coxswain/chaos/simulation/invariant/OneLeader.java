package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.CreditRule;

import java.util.HashMap;
import java.util.Map;

/**
 * At most one coordinator's writes take effect per term; terms and epochs only grow; what must be
 * durable first is; nobody steps without a leader's word.
 */
public final class OneLeader implements Invariant {
    private static final JobLimits LIMITS = JobLimits.defaults();

    private final Map<String, Long> newestEpoch = new HashMap<>();
    private long newestTerm;

    @Override
    public String name() {
        return "I1 one leader";
    }

    private void broken(String text) {
        throw new InvariantViolated(name(), text);
    }

    @Override
    public void termTaken(String coordinator, long term) {
        if (term <= newestTerm) {
            broken(coordinator + " took term " + term + " after term " + newestTerm);
        }
        newestTerm = term;
    }

    @Override
    public void storeApplied(
            String coordinator, long writerTerm, long termInStore, StoreRecord record) {
        if (writerTerm != termInStore) {
            broken(
                    coordinator
                            + " of term "
                            + writerTerm
                            + " wrote "
                            + record.kind()
                            + " in term "
                            + termInStore);
        }
        if (record instanceof StoreRecord.ViewRecord view) {
            long before = newestEpoch.getOrDefault(view.jobId(), 0L);
            long epoch = view.view().epoch();
            if (epoch < before) {
                broken("epoch " + epoch + " of " + view.jobId() + " after epoch " + before);
            }
            newestEpoch.put(view.jobId(), epoch);
        }
    }

    @Override
    public void prepareSent(JobHistory job, View view, Placement placement, boolean recorded) {
        if (!recorded) {
            broken(
                    "members of epoch "
                            + view.epoch()
                            + " are told before "
                            + JobEffect.ViewState.PREPARING
                            + " is durable");
        }
    }

    @Override
    public void startSent(JobHistory job, long epoch, long through, boolean recorded) {
        if (!recorded) {
            broken("epoch " + epoch + " starts before its record is durable");
        }
        credits(job, epoch, through);
    }

    @Override
    public void grantSent(JobHistory job, long epoch, long through) {
        credits(job, epoch, through);
    }

    // Credits cover the lease twice by the measured step time, which no mean makes shorter than the
    // fastest step that the coordinator saw, or heard of (after a pause of its own, steps come in a
    // bunch and late); before it saw any there is a first credit.
    private void credits(JobHistory job, long epoch, long through) {
        ViewHistory view = job.of(epoch);
        if (view == null) {
            return;
        }
        long shortest = job.shortestStepNanos();
        long lag = Math.max(LIMITS.firstReportEvery(), LIMITS.reportNanos() / shortest);
        long ahead =
                Math.max(
                        CreditRule.firstSteps(
                                        LIMITS.leaseNanos(), job.spec().protectsAutomatically())
                                + lag,
                        shortest == Long.MAX_VALUE
                                ? 0
                                : 2 * (LIMITS.leaseNanos() / shortest + 1 + lag));
        if (through > view.completed() + ahead) {
            broken(
                    "credits of epoch "
                            + epoch
                            + " through step "
                            + through
                            + ", step "
                            + view.completed()
                            + " is completed and "
                            + ahead
                            + " more would do");
        }
    }

    @Override
    public void leaderWord(
            AgentView agent, AgentEvent word, long wireTerm, long newestTermSent, Outcome outcome) {
        if (wireTerm < newestTermSent && !outcome.leftStream()) {
            broken(
                    agent.name()
                            + " follows term "
                            + wireTerm
                            + " after term "
                            + newestTermSent
                            + ": "
                            + word);
        }
        if (outcome.promisedAfter() < outcome.promisedBefore()
                && !(word instanceof AgentEvent.JobEnded)) {
            broken(
                    agent.name()
                            + " promised epoch "
                            + outcome.promisedBefore()
                            + " and forgets it at "
                            + word);
        }
    }

    @Override
    public void stepBegun(JobHistory job, AgentView agent, long epoch, long step) {
        if (agent.leaseNanos() > 0 && agent.sinceLeaderWordNanos() > agent.leaseNanos()) {
            broken(
                    agent.name()
                            + " begins step "
                            + step
                            + " without a leader's word for "
                            + agent.sinceLeaderWordNanos() / 1_000_000
                            + " ms, its lease is "
                            + agent.leaseNanos() / 1_000_000
                            + " ms");
        }
    }
}
