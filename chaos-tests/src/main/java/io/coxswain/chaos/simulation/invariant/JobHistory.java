package io.coxswain.chaos.simulation.invariant;

import io.coxswain.chaos.simulation.worker.Truth;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What one job really did, seen from outside: nothing in here comes from a report. */
public final class JobHistory {
    final JobSpec spec;
    final Truth truth;
    final TreeMap<Long, ViewHistory> views = new TreeMap<>();
    final TreeSet<Integer> hurtSinceFloor = new TreeSet<>();
    Lineage lineage = Lineage.EMPTY;
    long floor;

    /** The newest floor before views that began below it. */
    long floorBefore;

    boolean deficitAtFloor = true;
    long completed;
    long rolledBackStepNanos;
    long startedNanos;
    long endedNanos;
    boolean over;

    /** A coordinator or the store had a fault while it ran. */
    boolean controllerHurt;

    /** The event that is told of comes from a coordinator that another one has replaced. */
    boolean formerLeaderSpeaks;

    /** As its coordinator saw it at the fastest; {@link Long#MAX_VALUE} before two steps. */
    private long shortestStepNanos = Long.MAX_VALUE;

    /** Leaders that went on with it. */
    int takeovers;

    /** When its time began, in virtual time: the first time, and the last. */
    long earliestNanos = Long.MAX_VALUE / 2;

    long begunNanos;

    /** Somebody was always there who knew its time. */
    boolean observed = true;

    /** What each coordinator told last. */
    private final Map<String, Told> told = new HashMap<>();

    private record Told(long step, long nanos) {}

    /** Copies are missing, or were until not everybody had heard who holds them now. */
    boolean deficit = true;

    /** Members that have not heard of the placement that ends the deficit. */
    final TreeSet<String> unaware = new TreeSet<>();

    /** Reductions of earlier steps may have begun by the placement with the deficit. */
    long heardFromStep;

    /** It was said to stand after that step, and nobody wanted it to go on since. */
    boolean stands;

    long stoodAt;

    /** Slot time in which leaders said that it stands, and since when they do; 0: they do not. */
    long pausedSlotNanos;

    long pausedSinceNanos;

    String outcome = "";

    public JobHistory(JobSpec spec, Truth truth) {
        this.spec = spec;
        this.truth = truth;
    }

    public JobSpec spec() {
        return spec;
    }

    public Truth truth() {
        return truth;
    }

    /** Its coordinator says who holds copies from now on. */
    void placed(CoordinatorEvent.PlacementChanged placement) {
        unaware.clear();
        ViewHistory view = of(placement.epoch());
        if (!placement.deficits().isEmpty()) {
            deficit = true;
        } else if (deficit && placement.version() > 1 && view != null) {
            view.view.members().forEach(member -> unaware.add(member.key().id()));
        } else {
            // The members of a new view heard of its first placement with the order.
            deficit = false;
        }
    }

    /** Leaders say that it stands, or that it goes on. */
    void saidToStand(boolean now, long atNanos) {
        if (pausedSinceNanos != 0) {
            pausedSlotNanos += (atNanos - pausedSinceNanos) * spec.mesh().ranks();
        }
        pausedSinceNanos = now ? atNanos : 0;
    }

    /** A member hears of a placement. */
    void heardOfPlacement(String member, long epoch) {
        ViewHistory view = of(epoch);
        if (unaware.remove(member) && unaware.isEmpty() && view != null) {
            deficit = false;
            for (long done : view.done) {
                heardFromStep = Math.max(heardFromStep, done + 2);
            }
        }
    }

    /** The result is durable, or the coordinator says that it is over. */
    public boolean over() {
        return over;
    }

    /** {@code completed}, or why not; empty while it runs. */
    public String outcome() {
        return outcome;
    }

    public long completed() {
        return completed;
    }

    /** The newest view that became active; null before the first. */
    public @Nullable ViewHistory activeView() {
        ViewHistory newest = null;
        for (ViewHistory view : views.values()) {
            if (view.active) {
                newest = view;
            }
        }
        return newest;
    }

    /** A coordinator says that this step is completed. */
    void told(String coordinator, long step, long nowNanos) {
        Told before = told.put(coordinator, new Told(step, nowNanos));
        if (before != null && step > before.step()) {
            shortestStepNanos =
                    Math.min(
                            shortestStepNanos,
                            Math.max(1, (nowNanos - before.nanos()) / (step - before.step())));
        }
    }

    @Nullable ViewHistory of(long epoch) {
        return views.get(epoch);
    }

    /** A coordinator asks that this view be recorded. */
    void planned(View view, Lineage before) {
        truth.view(view.epoch(), view.baseStep(), before);
        views.put(view.epoch(), new ViewHistory(view, before));
    }

    /** That view was durable once, in preparation at least or active. */
    public boolean wasRecorded(long epoch, boolean active) {
        ViewHistory view = views.get(epoch);
        return view != null && (view.active || !active);
    }

    /** A step at the fastest, as its coordinator saw it or as ranks made it and told. */
    long shortestStepNanos() {
        long shortest = shortestStepNanos;
        for (ViewHistory view : views.values()) {
            shortest = Math.min(shortest, view.shortestStepNanos);
        }
        return Math.max(1, shortest);
    }

    /** True if that state is on the line of the completed history. */
    boolean trusts(StateName name) {
        return lineage.trusts(name.epoch(), name.step());
    }
}
