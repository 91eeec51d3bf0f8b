package io.coxswain.launcher.train;

import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/** What a run shows while it goes: a progress line, and incidents as they happen. Thread-safe. */
final class RunDisplay implements LocalCluster.Listener {
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final long PLAIN_NANOS = 2_000_000_000L;
    private static final int BAR_CELLS = 20;
    private static final int MOST_METRICS = 3;

    private final Terminal terminal;
    private final boolean quiet;
    private final int agents;
    private final long steps;
    private final LongSupplier nanoTime;
    private final Set<Integer> announced = new HashSet<>();
    private List<String> members = List.of();
    private Map<String, Double> metrics = Map.of();
    private boolean stepping;
    private boolean over;
    private long lastDrawn;
    private long lastStep;
    private String failure = "";
    private final CompletableFuture<Void> allShown = new CompletableFuture<>();

    RunDisplay(Terminal terminal, boolean quiet, int agents, long steps, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.quiet = quiet;
        this.agents = agents;
        this.steps = steps;
        this.nanoTime = nanoTime;
        this.lastDrawn = nanoTime.getAsLong() - PLAIN_NANOS;
    }

    /** The newest completed step. */
    synchronized long lastStep() {
        return lastStep;
    }

    /** Why the job ended, empty if it completed or has not ended. */
    synchronized String failure() {
        return failure;
    }

    /** Completes when the job's last event has been shown. */
    CompletableFuture<Void> allShown() {
        return allShown.copy();
    }

    /** Nothing is shown from here on. */
    synchronized void over() {
        over = true;
        terminal.status("");
    }

    private void line(String text) {
        if (!quiet && !over) {
            terminal.line(text);
        }
    }

    private void status(String text) {
        if (!quiet && !over) {
            terminal.status(text);
        }
    }

    /** Before anything has started. */
    synchronized void starting() {
        status("starting " + Texts.count(agents, "agent") + " … 0/" + agents + " up");
    }

    @Override
    public synchronized void agentsUp(int up) {
        if (!stepping) {
            status(
                    up < agents
                            ? "starting "
                                    + Texts.count(agents, "agent")
                                    + " … "
                                    + up
                                    + "/"
                                    + agents
                                    + " up"
                            : agents + "/" + agents + " agents up, loading the job …");
        }
    }

    @Override
    public synchronized void injected(FaultSpec fault) {
        String victim =
                switch (fault.victim()) {
                    case HOST ->
                            "the host of agent-"
                                    + fault.agent()
                                    + " dies (agent, worker and memory)";
                    case WORKER -> "the worker of agent-" + fault.agent() + " dies";
                };
        line(
                "--- "
                        + (fault.recovery() > 0
                                ? "recovery " + fault.recovery()
                                : "step " + fault.step())
                        + ", "
                        + fault.phase()
                        + ": "
                        + victim);
    }

    @Override
    public synchronized void agentEnded(AgentProcess agent, int status) {
        line(
                "!!! "
                        + agent.agentId()
                        + " ended with status "
                        + status
                        + "; the job goes on without it. Its log: "
                        + agent.log());
    }

    @Override
    public synchronized void agentsNeeded(int more, String command) {
        line(
                "    "
                        + Texts.count(more, "more agent")
                        + " needed. In another terminal, this starts one (Ctrl-C here ends the"
                        + " run):");
        line("      " + command);
    }

    @Override
    public synchronized void broken(Throwable bug) {
        failure = "the coordinator stopped on a bug of its own: " + bug;
        line("!!! " + failure);
    }

    @Override
    public synchronized void on(SequencedEvent event) {
        switch (event.event()) {
            case CoordinatorEvent.ViewActivated view -> {
                boolean first = members.isEmpty();
                members = view.members();
                if (first) {
                    stepping = true;
                    line(
                            "stepping on "
                                    + Texts.list(view.members())
                                    + (view.spares().isEmpty()
                                            ? ", no spares"
                                            : "; spare: " + Texts.list(view.spares())));
                }
            }
            case CoordinatorEvent.StepsCompleted completed -> progress(completed);
            case CoordinatorEvent.MetricsReported reported -> metrics = reported.values();
            case CoordinatorEvent.ExportFailed failed -> line("!!! " + failed.text());
            case CoordinatorEvent.EvidenceTaken taken ->
                    line(
                            "    kept of "
                                    + taken.agent()
                                    + (taken.step() == 0 ? "" : " in step " + taken.step())
                                    + ": "
                                    + Texts.list(taken.pieces()));
            case CoordinatorEvent.IncidentProgressed progressed -> incident(progressed);
            case CoordinatorEvent.IncidentClosed closed ->
                    IncidentText.closed(closed.incident()).forEach(this::line);
            case CoordinatorEvent.AgentLost lost -> {
                // Once there is a view, a loss is told as an incident.
                if (!stepping && !lost.agent().isEmpty()) {
                    line("!!! " + lost.agent() + " is lost: " + lost.cause());
                }
            }
            case CoordinatorEvent.AgentUnfit unfit ->
                    line("!!! " + unfit.agent() + " cannot run the job: " + unfit.reason());
            case CoordinatorEvent.MaintenanceChanged away -> line("--- " + EventText.of(away));
            case CoordinatorEvent.TermClaimed claim -> line("!!! " + EventText.of(claim));
            case CoordinatorEvent.JobWaiting waiting -> {
                if (stepping) {
                    line("    waiting: " + waiting.reason());
                }
            }
            case CoordinatorEvent.RolledBack back ->
                    line(
                            "    rolled back from step "
                                    + back.fromStep()
                                    + " to "
                                    + back.toStep()
                                    + ": "
                                    + back.reason());
            case CoordinatorEvent.PlacementChanged placement -> {
                if (!placement.deficits().isEmpty() && stepping) {
                    line("    copies missing: " + Texts.list(placement.deficits()));
                }
            }
            case CoordinatorEvent.SnapshotIntervalChosen chosen ->
                    line("    " + EventText.of(chosen));
            case CoordinatorEvent.JobFinished finished -> {
                if (!finished.completed()) {
                    failure = finished.reason();
                }
                allShown.complete(null);
            }
            case CoordinatorEvent.JobTakenOver taken ->
                    line("    taken over by another coordinator: " + taken.reason());
            case CoordinatorEvent.JobPaused paused -> {
                line("    paused after step " + paused.step() + ": " + paused.reason());
                status("paused");
            }
            case CoordinatorEvent.JobResumed _ -> line("    resumed");
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.Gap _ -> {
                // Of no interest on one machine.
            }
        }
    }

    private void incident(CoordinatorEvent.IncidentProgressed progressed) {
        Incident incident = progressed.incident();
        if (announced.add(incident.id())) {
            line("!!! step " + incident.atStep() + ": " + incident.cause());
        }
        status(
                "recovering: "
                        + progressed.phase().name().toLowerCase(Locale.ROOT)
                        + (progressed.reason().isEmpty() ? "" : " (" + progressed.reason() + ")"));
    }

    /** As many as a line has room for. */
    private static Map<String, Double> first(Map<String, Double> metrics) {
        var few = new LinkedHashMap<String, Double>();
        metrics.forEach((name, value) -> {
            if (few.size() < MOST_METRICS) {
                few.put(name, value);
            }
        });
        return few;
    }

    private void progress(CoordinatorEvent.StepsCompleted completed) {
        lastStep = completed.step();
        long now = nanoTime.getAsLong();
        boolean last = completed.step() >= steps;
        if (quiet
                || (!last
                        && now - lastDrawn
                                < (terminal.interactive() ? REDRAW_NANOS : PLAIN_NANOS))) {
            return;
        }
        lastDrawn = now;
        String goodput =
                completed.goodputRatio() < 0
                        ? ""
                        : "   goodput " + Texts.percent(completed.goodputRatio());
        String text =
                String.format(
                        Locale.ROOT,
                        "step %d/%d   loss %.4f   %.1f steps/s%s",
                        completed.step(),
                        steps,
                        completed.loss(),
                        completed.stepsPerSecond(),
                        goodput);
        if (!metrics.isEmpty()) {
            text += "   " + EventText.metrics(first(metrics));
        }
        if (terminal.interactive()) {
            status(terminal.bar((double) completed.step() / steps, BAR_CELLS) + " " + text);
        } else {
            line(text);
        }
    }
}
