package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Coordinate;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Healing;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Brings the faults of a scenario about when the cluster tells that their coordinates are reached,
 * and takes every one of them back. One thread does everything, in order, so that a scenario is as
 * repeatable as its cluster. Thread-safe.
 */
public final class Nemesis implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Nemesis.class);
    private static final String RESTORE = "restore";

    /**
     * An agent that restores is kept for this long while the news of which recovery this is comes
     * in.
     */
    private static final long NEWS_MILLIS = 300;

    private static final long CLOSE_SECONDS = 60;

    private final Stage stage;
    private final List<Rule> rules;
    private final int[] fired;
    private final Cast cast;
    private final Consumer<Firing> onFired;
    private final ScheduledThreadPoolExecutor thread =
            new ScheduledThreadPoolExecutor(
                    1, Thread.ofPlatform().daemon().name("nemesis").factory());
    // Starting processes takes seconds; coordinates do not wait for it.
    private final ExecutorService healers = Executors.newVirtualThreadPerTaskExecutor();
    private final Inflictor inflictor;
    private final List<Firing> firings = new CopyOnWriteArrayList<>();
    // Of the thread.
    private final List<Ailment> ailments = new ArrayList<>();
    private final Set<Integer> heldRestores = new HashSet<>();
    private final Map<String, Integer> heard = new HashMap<>();
    private final Set<Integer> due = new HashSet<>();
    // Rules whose recovery has come and that wait for somebody to stand at its restore.
    private final Set<Integer> restoring = new LinkedHashSet<>();
    private boolean clockRuns;
    private boolean over;

    /**
     * @param seed of random choices
     * @param onFired told of each fault that came
     */
    public Nemesis(Stage stage, List<Rule> rules, long seed, Consumer<Firing> onFired) {
        this.stage = stage;
        this.rules = List.copyOf(rules);
        this.fired = new int[rules.size()];
        this.cast = new Cast(stage, seed);
        this.onFired = onFired;
        this.inflictor = new Inflictor(stage, thread, healers);
        // What has not come by the end does not come.
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Tells the agents where to hold, and starts what goes by the clock. Before the job begins. */
    public void begin() {
        for (int i = 0; i < rules.size(); i++) {
            int rule = i;
            switch (rules.get(i).at()) {
                case Coordinate.AgentStep at ->
                        stage.hold(
                                at.agent(), at.step(), at.phase().name().toLowerCase(Locale.ROOT));
                case Coordinate.Recovery at -> {
                    if (at.holds()) {
                        holdRestores();
                    }
                }
                case Coordinate.After _ -> {
                    // Its time begins with the first step.
                }
                case Coordinate.Every every -> {
                    long nanos = every.interval().toNanos();
                    var _ =
                            thread.scheduleAtFixedRate(
                                    () -> guarded(() -> tick(rule)),
                                    nanos,
                                    nanos,
                                    TimeUnit.NANOSECONDS);
                }
                case Coordinate.Step _, Coordinate.Told _, Coordinate.Fired _ -> {
                    // The coordinator tells.
                }
            }
        }
    }

    private void holdRestores() {
        for (int agent = 0; agent < stage.agents().size(); agent++) {
            holdRestore(agent);
        }
    }

    // A restore from step 0 on is no recovery: the state was made, not lost.
    private void holdRestore(int agent) {
        stage.hold(agent, 1, RESTORE);
    }

    /** What the cluster tells; returns at once. */
    public void happened(Happening happening) {
        try {
            thread.execute(() -> guarded(() -> hear(happening)));
        } catch (RejectedExecutionException e) {
            // The scenario is over.
            if (happening instanceof Happening.Reached(int agent, long _, String _)) {
                stage.release(agent);
            }
        }
    }

    /** What has come so far. */
    public List<Firing> firings() {
        return List.copyOf(firings);
    }

    /** Rules that never fired. */
    public List<Rule> neverFired() {
        var never = new ArrayList<Rule>();
        for (int i = 0; i < rules.size(); i++) {
            int rule = i;
            if (firings.stream().noneMatch(firing -> firing.rule() == rule)) {
                never.add(rules.get(i));
            }
        }
        return never;
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("the nemesis stumbles", e);
        }
    }

    private void hear(Happening happening) {
        cast.heard(happening);
        switch (happening) {
            case Happening.Reached reached -> reached(reached);
            case Happening.Told told -> told(told);
            case Happening.Ended _ -> {
                // Judged by the checker.
            }
        }
    }

    private void reached(Happening.Reached reached) {
        try {
            fireReached(reached);
        } finally {
            // However a fault went, nobody stands for ever.
            if (!reached.phase().equals(RESTORE)) {
                stage.release(reached.agent());
            }
        }
        if (!reached.phase().equals(RESTORE)) {
            return;
        }
        heldRestores.add(reached.agent());
        if (!restoring.isEmpty()) {
            fireRestoring(cast.incident(), true);
            releaseRestore(reached.agent());
            return;
        }
        var _ =
                thread.schedule(
                        () -> guarded(() -> releaseRestore(reached.agent())),
                        NEWS_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private void fireReached(Happening.Reached reached) {
        String where =
                "agent " + reached.agent() + ", step " + reached.step() + ", " + reached.phase();
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).at() instanceof Coordinate.AgentStep at
                    && at.agent() == reached.agent()
                    && at.step() <= reached.step()
                    && at.phase().name().toLowerCase(Locale.ROOT).equals(reached.phase())
                    && mayFire(i)) {
                fire(i, where, true);
            }
        }
    }

    private void releaseRestore(int agent) {
        if (heldRestores.remove(agent)) {
            stage.release(agent);
        }
        boolean needed = false;
        for (int i = 0; i < rules.size(); i++) {
            needed |=
                    rules.get(i).at() instanceof Coordinate.Recovery at && at.holds() && mayFire(i);
        }
        if (needed && !over) {
            holdRestore(agent);
        }
    }

    private boolean waitsForRestore(int rule) {
        return mayFire(rule)
                && switch (rules.get(rule).at()) {
                    case Coordinate.Recovery at -> at.holds();
                    case Coordinate.After at -> at.inRecovery() && due.contains(rule);
                    case Coordinate.AgentStep _,
                            Coordinate.Step _,
                            Coordinate.Told _,
                            Coordinate.Fired _,
                            Coordinate.Every _ ->
                            false;
                };
    }

    // The job has made its first step: what is so long after it is known now.
    private void beginClock() {
        if (clockRuns) {
            return;
        }
        clockRuns = true;
        for (int i = 0; i < rules.size(); i++) {
            int rule = i;
            if (rules.get(i).at() instanceof Coordinate.After after) {
                var _ =
                        thread.schedule(
                                () -> guarded(() -> timeHasCome(rule, after)),
                                after.time().toNanos(),
                                TimeUnit.NANOSECONDS);
            }
        }
    }

    private void timeHasCome(int rule, Coordinate.After after) {
        if (after.inRecovery()) {
            due.add(rule);
            holdRestores();
        } else if (mayFire(rule)) {
            fire(rule, after.text(), false);
        }
    }

    private void told(Happening.Told told) {
        String kind = EventText.kind(told.event());
        int number = heard.merge(kind, 1, Integer::sum);
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).at() instanceof Coordinate.Told at
                    && at.kind().equals(kind)
                    && at.number() <= number
                    && mayFire(i)) {
                fire(i, at.text(), false);
            }
        }
        switch (told.event()) {
            case CoordinatorEvent.StepsCompleted steps -> {
                beginClock();
                for (int i = 0; i < rules.size(); i++) {
                    boolean come =
                            switch (rules.get(i).at()) {
                                case Coordinate.Step at -> at.step() <= steps.step();
                                case Coordinate.AgentStep at ->
                                        at.step() <= steps.step() && !cast.isMember(at.agent());
                                case Coordinate.Recovery _,
                                        Coordinate.Told _,
                                        Coordinate.Fired _,
                                        Coordinate.Every _,
                                        Coordinate.After _ ->
                                        false;
                            };
                    if (come && mayFire(i)) {
                        fire(i, "step " + steps.step() + " completed", false);
                    }
                }
                heal(ailment ->
                        ailment.rule().healing() instanceof Healing.AfterSteps(long count)
                                && steps.step() >= ailment.sinceStep() + count);
            }
            case CoordinatorEvent.IncidentProgressed progress -> recovering(progress);
            case CoordinatorEvent.IncidentClosed closed ->
                    heal(ailment ->
                            ailment.rule().healing() instanceof Healing.AfterRecovery
                                    && closed.incident().id() > ailment.sinceIncident());
            default -> {
                // No coordinate.
            }
        }
    }

    private void recovering(CoordinatorEvent.IncidentProgressed progress) {
        int number = progress.incident().id();
        for (int i = 0; i < rules.size(); i++) {
            if (!mayFire(i)) {
                continue;
            }
            switch (rules.get(i).at()) {
                case Coordinate.Recovery at -> {
                    if (at.number() == number && at.phase() == progress.phase()) {
                        if (at.holds()) {
                            restoring.add(i);
                        } else {
                            fire(i, at.text(), false);
                        }
                    }
                }
                case Coordinate.After _ -> {
                    if (progress.phase() == Incident.Phase.RESTORE && waitsForRestore(i)) {
                        restoring.add(i);
                    }
                }
                case Coordinate.AgentStep _,
                        Coordinate.Step _,
                        Coordinate.Told _,
                        Coordinate.Fired _,
                        Coordinate.Every _ -> {
                    // Not of a recovery.
                }
            }
        }
        if (progress.phase() != Incident.Phase.RESTORE) {
            return;
        }
        if (!heldRestores.isEmpty()) {
            fireRestoring(number, true);
            List.copyOf(heldRestores).forEach(this::releaseRestore);
        } else if (!stage.ours()) {
            fireRestoring(number, false);
        } else if (!restoring.isEmpty()) {
            // The news came before the first agent stood: it will, unless it is gone.
            var _ =
                    thread.schedule(
                            () -> guarded(() -> fireRestoring(number, false)),
                            NEWS_MILLIS,
                            TimeUnit.MILLISECONDS);
        }
    }

    private void fireRestoring(int number, boolean held) {
        List<Integer> rulesNow = List.copyOf(restoring);
        restoring.clear();
        for (int rule : rulesNow) {
            if (mayFire(rule)) {
                fire(rule, "recovery " + number + ", restore", held);
            }
        }
    }

    private void tick(int rule) {
        // Before the first step there is nothing to disturb.
        if (cast.step() > 0 && mayFire(rule)) {
            fire(rule, rules.get(rule).at().text(), false);
        }
    }

    private boolean mayFire(int rule) {
        int most = rules.get(rule).at() instanceof Coordinate.Every ? rules.get(rule).times() : 1;
        return !over && fired[rule] < most;
    }

    private void fire(int index, String where, boolean held) {
        Rule rule = rules.get(index);
        fired[index]++;
        List<Victim> victims = cast.victims(rule.victims(), Cast.part(rule.fault()));
        String names = names(victims, rule.victims());
        var ailment = new Ailment(rule, victims, cast.step(), cast.incident());
        // Asked once: who plays a part may be drawn.
        List<Victim> peers =
                rule.fault() instanceof Fault.Link link
                        ? cast.victims(link.peer(), Part.HOST)
                        : List.of();
        long nanos = System.nanoTime();
        String failure = "";
        if (victims.isEmpty()) {
            failure = "there is no such victim now";
        } else if (rule.fault() instanceof Fault.Link link && peers.isEmpty()) {
            failure = "there is no such peer now: " + link.peer().text();
        } else {
            try {
                nanos = inflictor.inflict(ailment, cast.parties(peers));
            } catch (IOException | RuntimeException e) {
                String said = e.getMessage();
                failure = said == null ? e.toString() : said;
                LOG.warn("a fault failed: {}", rule.text(), e);
            }
        }
        ailments.add(ailment);
        if (rule.healing() instanceof Healing.After(java.time.Duration time)) {
            var _ =
                    thread.schedule(
                            () -> guarded(() -> heal(one -> one == ailment)),
                            time.toNanos(),
                            TimeUnit.NANOSECONDS);
        }
        var firing =
                new Firing(
                        index,
                        rule.at().text(),
                        rule.fault() instanceof Fault.Link link
                                ? link.text(names, names(peers, link.peer()))
                                : rule.fault().text(names),
                        where,
                        held,
                        victims.stream().map(Victim::party).distinct().toList(),
                        nanos,
                        cast.step(),
                        failure);
        firings.add(firing);
        onFired.accept(firing);
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).at() instanceof Coordinate.Fired(int before)
                    && before == index
                    && mayFire(i)) {
                fire(i, "after rule " + index, false);
            }
        }
    }

    private static String names(List<Victim> victims, Target meant) {
        return victims.isEmpty()
                ? meant.text()
                : String.join(", ", victims.stream().map(Victim::party).distinct().toList());
    }

    private void heal(java.util.function.Predicate<Ailment> due) {
        for (Iterator<Ailment> it = ailments.iterator(); it.hasNext(); ) {
            Ailment ailment = it.next();
            if (!due.test(ailment)) {
                continue;
            }
            it.remove();
            inflictor.heal(ailment);
        }
    }

    /**
     * Whether no further fault comes and none waits for its healing but those that heal at the end;
     * as of all that was told before. Completes with false once this is closed.
     */
    public CompletableFuture<Boolean> exhausted() {
        try {
            return CompletableFuture.supplyAsync(
                    () -> {
                        for (int i = 0; i < rules.size(); i++) {
                            if (mayFire(i)) {
                                return false;
                            }
                        }
                        return ailments.stream()
                                .allMatch(one -> one.rule().healing() instanceof Healing.AtEnd);
                    },
                    thread);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.completedFuture(false);
        }
    }

    /** Whom the rule would hit now. Completes with nobody once this is closed. */
    public CompletableFuture<List<Victim>> victims(Rule rule) {
        try {
            return CompletableFuture.supplyAsync(
                    () -> cast.victims(rule.victims(), Cast.part(rule.fault())), thread);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.completedFuture(List.of());
        }
    }

    /** Whether no fault comes any more. */
    public boolean isClosed() {
        return thread.isShutdown();
    }

    /**
     * Takes everything back that stands still or is cut. What is dead stays dead, since the cluster
     * ends too; in one that is not ours it is started again. Safe to repeat.
     */
    @Override
    public synchronized void close() {
        if (thread.isShutdown()) {
            return;
        }
        try {
            thread.submit(
                            () -> {
                                over = true;
                                ailments.forEach(stage.ours() ? Inflictor::cure : inflictor::heal);
                                ailments.clear();
                                for (int agent = 0; agent < stage.agents().size(); agent++) {
                                    stage.release(agent);
                                }
                            })
                    .get();
        } catch (ExecutionException e) {
            LOG.error("not everything heals", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        thread.shutdown();
        healers.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)
                    || !healers.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the nemesis did not end within {} s", CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
