package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.Takeover;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The job that another leader ran, from the moment it is found until it goes on here: what agents
 * say meanwhile is kept. Owned by the decision loop.
 */
final class TakeoverDesk {
    private static final int MOST_ASKS = 1 << 16;

    private final CoordinatorSettings settings;
    private final JobRun.Context context;

    /** Jobs that ran under another leader, as the store has them, by id. */
    private final Map<String, StoredJob> found = new LinkedHashMap<>();

    private final List<Asked> asks = new ArrayList<>();
    private @Nullable Takeover current;
    private long order;

    private record Asked(AgentKey agent, KeyValueStore.Ask ask) {}

    TakeoverDesk(CoordinatorSettings settings, JobRun.Context context) {
        this.settings = settings;
        this.context = context;
    }

    /** What is under way; null: nothing. */
    @Nullable Takeover current() {
        return current;
    }

    /** A job as it stands in the store; one that never ran is none to be taken over. */
    void found(StoredJob job) {
        if (FoundJobs.ran(job)) {
            found.put(job.spec().jobId(), job);
        }
    }

    /** That job is the next one; true if it is to be taken over. */
    boolean begins(JobBook.Waiting job) {
        StoredJob ran = found.remove(job.spec.jobId());
        if (ran == null) {
            return false;
        }
        long now = context.nowNanos();
        var begun = new Takeover(job.spec, FoundJobs.of(ran), settings.jobLimits(), now);
        // Who was here before had another job, and holds nothing of this one.
        for (AgentProfile agent : context.attached()) {
            begun.attached(new Takeover.Present(agent, Inventory.EMPTY, null, 0, now));
        }
        current = begun;
        order = job.order;
        return true;
    }

    boolean isDue() {
        Takeover under = current;
        return under != null && under.isDue(context.nowNanos());
    }

    /** The job goes on: {@code owner} has it before the agents hear anything. */
    void end(Consumer<JobRun> owner) {
        Takeover under = current;
        if (under == null) {
            return;
        }
        long now = context.nowNanos();
        current = null;
        JobMachine machine = JobMachine.takenOver(under, settings.jobLimits(), now);
        var taken = new JobRun(under.spec(), order, settings, context, machine, now);
        taken.inherit(under.found());
        owner.accept(taken);
        taken.open(now);
        for (JobEvent event : under.heard()) {
            taken.feed(event, now);
        }
        for (Asked asked : asks) {
            taken.keyValues().asked(asked.agent(), asked.ask());
        }
        asks.clear();
    }

    void attached(CoordinatorInput.AgentAttached attached, boolean ofJob) {
        Takeover under = current;
        if (under != null) {
            under.attached(
                    new Takeover.Present(
                            attached.agent(),
                            ofJob ? attached.inventory() : Inventory.EMPTY,
                            ofJob ? attached.standing() : null,
                            ofJob ? attached.jobTimeNanos() : 0,
                            context.nowNanos()));
        }
    }

    void heard(JobEvent event) {
        Takeover under = current;
        if (under != null) {
            under.heard(event);
        }
    }

    void timeTold(AgentKey agent, long jobTimeNanos) {
        Takeover under = current;
        if (under != null) {
            under.timeTold(agent, jobTimeNanos, context.nowNanos());
        }
    }

    void asked(AgentKey agent, KeyValueStore.Ask ask) {
        if (current != null && asks.size() < MOST_ASKS) {
            asks.add(new Asked(agent, ask));
        }
    }

    void lost(AgentKey agent) {
        Takeover under = current;
        if (under != null) {
            under.lost(agent);
        }
    }

    /** The term is over. */
    void clear() {
        current = null;
        found.clear();
        asks.clear();
    }
}
