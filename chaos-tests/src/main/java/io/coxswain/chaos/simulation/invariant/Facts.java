package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** Keeps what really happened and tells the invariants of it. */
public final class Facts {
    /** The hooks that a kind of invariant overrides. */
    private static final ClassValue<Set<String>> HOOKS =
            new ClassValue<>() {
                @Override
                protected Set<String> computeValue(Class<?> type) {
                    return Arrays.stream(type.getMethods())
                            .filter(method ->
                                    Invariant.class.isAssignableFrom(method.getDeclaringClass())
                                            && !method.getDeclaringClass().equals(Invariant.class))
                            .map(Method::getName)
                            .collect(Collectors.toSet());
                }
            };

    private final List<Invariant> invariants;
    private final Invariant[] accounted;
    private final Invariant[] applied;
    private final Invariant[] committed;
    private final Invariant[] copyAcknowledged;
    private final Invariant[] declaredLost;
    private final Invariant[] executed;
    private final Invariant[] floorGranted;
    private final Invariant[] floorTold;
    private final Invariant[] freed;
    private final Invariant[] grantSent;
    private final Invariant[] inventoryTold;
    private final Invariant[] leaderWord;
    private final Invariant[] loaded;
    private final Invariant[] placementSent;
    private final Invariant[] prepareSent;
    private final Invariant[] published;
    private final Invariant[] reduced;
    private final Invariant[] reported;
    private final Invariant[] restored;
    private final Invariant[] snapshotAsked;
    private final Invariant[] startSent;
    private final Invariant[] stepBegun;
    private final Invariant[] storeApplied;
    private final Invariant[] takenOver;
    private final Invariant[] begun;
    private final Invariant[] termTaken;
    private final Invariant[] workerKilled;
    private final Invariant[] afterEvent;
    private final Map<String, JobHistory> jobs = new LinkedHashMap<>();
    private final Hurts hurts = new Hurts();
    private final LongSupplier clock;
    private String newestLeader = "";

    public Facts(LongSupplier clock, List<Invariant> invariants) {
        this.clock = clock;
        this.invariants = List.copyOf(invariants);
        accounted = overriding(invariants, "accounted");
        applied = overriding(invariants, "applied");
        committed = overriding(invariants, "committed");
        copyAcknowledged = overriding(invariants, "copyAcknowledged");
        declaredLost = overriding(invariants, "declaredLost");
        executed = overriding(invariants, "executed");
        floorGranted = overriding(invariants, "floorGranted");
        floorTold = overriding(invariants, "floorTold");
        freed = overriding(invariants, "freed");
        grantSent = overriding(invariants, "grantSent");
        inventoryTold = overriding(invariants, "inventoryTold");
        leaderWord = overriding(invariants, "leaderWord");
        loaded = overriding(invariants, "loaded");
        placementSent = overriding(invariants, "placementSent");
        prepareSent = overriding(invariants, "prepareSent");
        published = overriding(invariants, "published");
        reduced = overriding(invariants, "reduced");
        reported = overriding(invariants, "reported");
        restored = overriding(invariants, "restored");
        snapshotAsked = overriding(invariants, "snapshotAsked");
        startSent = overriding(invariants, "startSent");
        stepBegun = overriding(invariants, "stepBegun");
        storeApplied = overriding(invariants, "storeApplied");
        takenOver = overriding(invariants, "takenOver");
        begun = overriding(invariants, "begun");
        termTaken = overriding(invariants, "termTaken");
        workerKilled = overriding(invariants, "workerKilled");
        afterEvent = overriding(invariants, "afterEvent");
    }

    // Most invariants look at few of the things that happen: the others are not asked.
    private static Invariant[] overriding(List<Invariant> invariants, String hook) {
        return invariants.stream()
                .filter(invariant -> HOOKS.get(invariant.getClass()).contains(hook))
                .toArray(Invariant[]::new);
    }

    private static void tell(Invariant[] listeners, Consumer<Invariant> word) {
        for (Invariant listener : listeners) {
            word.accept(listener);
        }
    }

    public List<Invariant> invariants() {
        return invariants;
    }

    /** Whoever asked was told that this job stands after that step. */
    public void stands(JobHistory job, long step) {
        job.stands = true;
        job.stoodAt = step;
    }

    /** Somebody wants it to go on, or to end. */
    public void mayStep(JobHistory job) {
        job.stands = false;
    }

    /** Something that must not be was seen at once. */
    public void broken(String number, String text) {
        for (Invariant invariant : invariants) {
            if (invariant.name().startsWith(number + " ")) {
                throw new InvariantViolated(invariant.name(), text);
            }
        }
        throw new InvariantViolated(number, text);
    }

    public void submitted(JobHistory job) {
        job.hurtSinceFloor.addAll(hurts.at(clock.getAsLong()));
        jobs.put(job.spec.jobId(), job);
    }

    public Collection<JobHistory> jobs() {
        return jobs.values();
    }

    public @Nullable JobHistory job(String jobId) {
        return jobs.get(jobId);
    }

    // ---------------------------------------------------------------- coordinators

    public void termTaken(String coordinator, long term) {
        newestLeader = coordinator;
        tell(termTaken, i -> i.termTaken(coordinator, term));
    }

    /** A new leader goes on with a job; {@code attached} are the agents that it has heard of. */
    public void takenOver(
            CoordinatorEvent.JobTakenOver event,
            Collection<? extends AgentView> attached,
            boolean faultsNear) {
        JobHistory job = jobs.get(event.job());
        ViewHistory view = job == null ? null : job.activeView();
        if (job == null) {
            return;
        }
        int there = 0;
        int left = 0;
        for (AgentView agent : attached) {
            if (view != null && view.view.rankOf(agent.profile().key()) >= 0) {
                there++;
                left += agent.promisedEpoch() > view.view.epoch() ? 1 : 0;
            }
        }
        int members = there;
        int gone = left;
        long now = clock.getAsLong();
        tell(takenOver, i -> i.takenOver(job, event, members, gone, faultsNear, now));
    }

    /** A leader is about to write an account. */
    public void accountMade(StoreRecord.Account account) {
        JobHistory job = jobs.get(account.jobId());
        if (job != null && account.jobTimeNanos() == 0) {
            long now = clock.getAsLong();
            tell(begun, i -> i.begun(job, now));
        }
    }

    public void storeApplied(
            String coordinator, long writerTerm, long termInStore, StoreRecord record) {
        tell(storeApplied, i -> i.storeApplied(coordinator, writerTerm, termInStore, record));
        JobHistory job = jobs.get(record.jobId());
        if (job != null
                && record instanceof StoreRecord.ViewRecord planned
                && planned.state() == JobEffect.ViewState.PREPARING) {
            // From here on members may be told of it. Written again after an unknown outcome it is
            // the same view.
            if (job.over) {
                broken("I4", job.spec.jobId() + " ended, and a view of it is planned: " + planned);
            }
            ViewHistory known = job.of(planned.view().epoch());
            if (known == null || !known.view.equals(planned.view())) {
                job.planned(planned.view(), planned.lineage());
            }
        }
        if (job != null
                && record instanceof StoreRecord.ViewRecord view
                && view.state() == JobEffect.ViewState.ACTIVE) {
            activated(job, view.view(), view.lineage());
        }
        if (job != null && record instanceof StoreRecord.Account account) {
            tell(accounted, i -> i.accounted(job, account));
        }
        if (job != null && record instanceof StoreRecord.Result result) {
            job.saidToStand(false, clock.getAsLong());
            tell(reported, i -> i.reported(job, result));
            job.over = true;
            // From here on everybody may free what it holds of it, as soon as it hears.
            job.deficit = true;
            job.endedNanos = clock.getAsLong();
            job.outcome = result.completed() ? "completed" : result.reason();
        }
    }

    private void activated(JobHistory job, View view, Lineage lineage) {
        ViewHistory history = job.of(view.epoch());
        if (history == null || history.active) {
            return;
        }
        history.active = true;
        // What its copies lack is told next, unless the coordinator dies first.
        job.deficit = true;
        ViewHistory parent = job.of(view.parentEpoch());
        long back = view.baseStep();
        for (ViewHistory older : job.views.values()) {
            if (older.view.epoch() < view.epoch()) {
                for (var step : older.durations.entrySet()) {
                    if (step.getKey() > back && step.getKey() <= job.completed) {
                        job.rolledBackStepNanos += step.getValue();
                    }
                }
                older.durations.keySet().removeIf(step -> step > back);
            }
        }
        if (parent != null) {
            job.floor = Math.min(job.floor, back);
        }
        job.lineage = lineage;
    }

    public void prepareSent(String jobId, View view, Placement placement, boolean recorded) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            tell(prepareSent, i -> i.prepareSent(job, view, placement, recorded));
        }
    }

    public void floorTold(String coordinator, String jobId, View view, long floor) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            tell(floorTold, i -> i.floorTold(job, view, floor));
            if (job.spec.runtimeReduces() && coordinator.equals(newestLeader)) {
                // There the coordinator finds it, and may not have told of it before.
                rise(job, floor);
            }
        }
    }

    public void startSent(String jobId, long epoch, long through, boolean recorded) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            ViewHistory view = job.of(epoch);
            if (view != null) {
                if (view.granted == 0) {
                    view.started(clock.getAsLong());
                }
                view.granted = Math.max(view.granted, through);
            }
            tell(startSent, i -> i.startSent(job, epoch, through, recorded));
        }
    }

    public void grantSent(String jobId, long epoch, long through) {
        JobHistory job = jobs.get(jobId);
        ViewHistory view = job == null ? null : job.of(epoch);
        if (job != null && view != null) {
            view.granted = Math.max(view.granted, through);
            tell(grantSent, i -> i.grantSent(job, epoch, through));
        }
    }

    public void placementSent(String jobId, Placement placement) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            tell(placementSent, i -> i.placementSent(job, placement));
        }
    }

    public void published(String coordinator, String jobId, CoordinatorEvent event) {
        JobHistory job = jobs.get(jobId);
        if (job == null) {
            return;
        }
        // Who was paused while another one took over says, when it wakes, what it had decided.
        job.formerLeaderSpeaks = !coordinator.equals(newestLeader);
        tell(published, i -> i.published(coordinator, job, event));
        switch (event) {
            case CoordinatorEvent.StepsCompleted steps -> {
                job.told(coordinator, steps.step(), clock.getAsLong());
                job.completed = Math.max(job.completed, steps.step());
            }
            case CoordinatorEvent.JobPaused _ -> {
                // One that waits in the queue has no slots to account for.
                if (!job.views.isEmpty()) {
                    job.saidToStand(true, clock.getAsLong());
                }
            }
            case CoordinatorEvent.JobResumed _ -> job.saidToStand(false, clock.getAsLong());
            case CoordinatorEvent.RolledBack back -> {
                if (!job.formerLeaderSpeaks) {
                    job.completed = back.toStep();
                }
            }
            case CoordinatorEvent.PlacementChanged placement -> {
                // Who holds copies by the word of a leader of the past is no member's concern.
                if (!job.formerLeaderSpeaks) {
                    job.placed(placement);
                }
            }
            case CoordinatorEvent.JobTakenOver taken -> {
                if (!taken.adopted()) {
                    // Of what no account has, as much as members tell is known.
                    job.completed = taken.completedStep();
                }
            }
            case CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.IncidentClosed _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.Gap _ -> {}
        }
    }

    public void declaredLost(
            String coordinator, String agent, String cause, boolean faultNear, boolean alive) {
        tell(declaredLost, i -> i.declaredLost(coordinator, agent, cause, faultNear, alive));
    }

    // ---------------------------------------------------------------- agents and workers

    /** A leader's word reached an agent, which is about to go by it. */
    public void heard(AgentView agent, AgentEvent word, long wireTerm, long newestTerm) {
        TakenGrant taken = TakenGrant.of(agent, word, wireTerm, newestTerm);
        JobHistory job = taken == null ? null : jobs.get(taken.jobId());
        if (taken != null && job != null && job.spec.runtimeReduces()) {
            rise(job, taken.floor());
        }
    }

    public void leaderWord(
            AgentView agent,
            AgentEvent word,
            long wireTerm,
            long newestTerm,
            Invariant.Outcome outcome) {
        tell(leaderWord, i -> i.leaderWord(agent, word, wireTerm, newestTerm, outcome));
        if (word instanceof AgentEvent.PlacementInstalled installed) {
            JobHistory job = jobs.get(installed.placement().jobId());
            if (job != null) {
                job.heardOfPlacement(agent.profile().key().id(), installed.placement().epoch());
            }
        }
    }

    public void loaded(String agent, Arena.Cell cell, String expectedDigest) {
        tell(loaded, i -> i.loaded(agent, cell, expectedDigest));
    }

    public void restored(
            JobHistory job, String agent, long epoch, int rank, int shard, long step, long state) {
        ViewHistory view = job.of(epoch);
        if (view == null) {
            broken("I1", agent + " prepares epoch " + epoch + ", which nobody planned");
            return;
        }
        view.prepared[rank] = true;
        view.lastNanos[rank] = clock.getAsLong();
        tell(restored, i -> i.restored(job, agent, view, rank, shard, step, state));
    }

    public void executed(
            JobHistory job, String agent, long epoch, int rank, long step, int from, int to) {
        ViewHistory view = job.of(epoch);
        if (view != null) {
            tell(executed, i -> i.executed(job, agent, view, rank, step, from, to));
        }
    }

    public void applied(
            JobHistory job, String agent, long epoch, int rank, int shard, long step, long state) {
        ViewHistory view = job.of(epoch);
        if (view != null) {
            tell(applied, i -> i.applied(job, agent, view, rank, shard, step, state));
            view.applied(rank, step, clock.getAsLong());
        }
    }

    public void reduced(
            JobHistory job,
            long epoch,
            int rank,
            long step,
            List<Invariant.Part> parts,
            long floor) {
        ViewHistory view = job.of(epoch);
        if (view != null) {
            tell(reduced, i -> i.reduced(job, view, rank, step, parts, floor));
            rise(job, floor);
        }
    }

    /** A rank has what others made in that step as well: with that the step ends for it. */
    public void gathered(JobHistory job, long epoch, int rank, long step) {
        ViewHistory view = job.of(epoch);
        if (view != null && view.done[rank] == step) {
            view.spent(rank, step, clock.getAsLong());
        }
    }

    /** A step that workers made among themselves ended at one rank: all ranks' parts are in it. */
    public void reducedByWorkers(JobHistory job, long epoch, int rank, long step) {
        ViewHistory view = job.of(epoch);
        if (view == null) {
            return;
        }
        int ranks = view.view.members().size();
        var parts = new ArrayList<Invariant.Part>();
        for (int each = 0; each < ranks; each++) {
            parts.add(
                    new Invariant.Part(
                            view.view.members().get(each).key(),
                            each,
                            epoch,
                            each * job.spec.microshards() / ranks,
                            (each + 1) * job.spec.microshards() / ranks));
        }
        tell(reduced, i -> i.reduced(job, view, rank, step, parts, 0));
    }

    private void rise(JobHistory job, long floor) {
        if (floor > job.floor) {
            job.floor = floor;
            job.floorBefore = floor;
            job.deficitAtFloor = job.deficit;
            job.hurtSinceFloor.clear();
            job.hurtSinceFloor.addAll(hurts.at(clock.getAsLong()));
        }
    }

    /**
     * Floors that go with a grant to a member. What a leader of the past grants is nothing yet:
     * whom it tells may have heard of the next one.
     */
    public void floorsGranted(
            String coordinator, String jobId, long epoch, List<GrantedFloor> floors) {
        JobHistory job = jobs.get(jobId);
        ViewHistory view = job == null ? null : job.of(epoch);
        if (job != null && view != null && !floors.isEmpty()) {
            long floor = floors.getLast().floor();
            tell(floorGranted, i -> i.floorGranted(job, view, floor));
            if (coordinator.equals(newestLeader)) {
                rise(job, floor);
            }
        }
    }

    public void committed(String agent, Arena.Cell cell) {
        StateName state = cell.name();
        JobHistory job = state == null ? null : jobs.get(state.jobId());
        if (job != null) {
            tell(committed, i -> i.committed(job, agent, cell));
        }
    }

    public void stepBegun(String jobId, AgentView agent, long epoch, long step) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            tell(stepBegun, i -> i.stepBegun(job, agent, epoch, step));
            ViewHistory view = job.of(epoch);
            if (view != null) {
                view.begun(agent.profile().key(), step, clock.getAsLong());
            }
        }
    }

    public void snapshotAsked(String jobId, AgentView agent, long epoch, long step) {
        JobHistory job = jobs.get(jobId);
        if (job != null) {
            tell(snapshotAsked, i -> i.snapshotAsked(job, agent, epoch, step));
        }
    }

    /** The name as coordinators write it. */
    static io.coxswain.coordinator.core.model.StateName name(StateName name) {
        return new io.coxswain.coordinator.core.model.StateName(
                name.epoch(), name.step(), name.shard());
    }

    public void copyAcknowledged(String source, String holder, StateName state) {
        JobHistory job = jobs.get(state.jobId());
        if (job != null) {
            tell(copyAcknowledged, i -> i.copyAcknowledged(job, source, holder, state));
        }
    }

    public void freed(JobHistory job, AgentView agent, Arena.Cell cell) {
        tell(freed, i -> i.freed(job, agent, cell));
    }

    public void inventoryTold(AgentView agent, Inventory told) {
        tell(inventoryTold, i -> i.inventoryTold(agent, told));
    }

    public void workerKilled(String agent, String reason, boolean faulty) {
        tell(workerKilled, i -> i.workerKilled(agent, reason, faulty));
    }

    /** A fault may have taken what that host holds; it goes on or is over. */
    public void hurt(int host, boolean goesOn) {
        if (goesOn) {
            hurts.began(host);
        } else {
            hurts.ended(host);
        }
        for (JobHistory job : jobs.values()) {
            job.hurtSinceFloor.add(host);
        }
    }

    /**
     * A bit flipped in that slot: until it is used anew, its host's memory is not what it seems.
     */
    public void damaged(int host, Arena.Cell cell) {
        hurts.damaged(host, cell);
    }

    /** A coordinator or the store has a fault; it goes on or is over. */
    public void controllerHurt(int host, boolean goesOn) {
        if (!goesOn) {
            hurts.cameBack(host, clock.getAsLong());
            return;
        }
        hurts.left(host);
        for (JobHistory job : jobs.values()) {
            job.controllerHurt |= !job.over;
        }
    }

    public void afterEvent(Cluster cluster) {
        for (Invariant invariant : afterEvent) {
            invariant.afterEvent(cluster);
        }
    }

    /** The names of those that broke nothing are of no interest. */
    public void atEnd(Cluster cluster) {
        List<Invariant> judged = new ArrayList<>(invariants);
        judged.forEach(i -> i.atEnd(cluster));
    }
}
