package io.coxswain.coordinator;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Renders events for people, one line each, and for machines. Stateless. */
public final class EventText {
    /** A line stays one that people read, however large the job. */
    private static final int NAMED = 32;

    private EventText() {}

    /** The event's data as one line of JSON. */
    public static String json(CoordinatorEvent event) {
        return EventJson.of(event);
    }

    /** The event's kind, as docs/events.md lists them. */
    public static String kind(CoordinatorEvent event) {
        return event.getClass().getSimpleName();
    }

    /** The number of the incident that the event is of, 0: of none. */
    public static int incident(CoordinatorEvent event) {
        return switch (event) {
            case CoordinatorEvent.IncidentProgressed progressed -> progressed.incident().id();
            case CoordinatorEvent.IncidentClosed closed -> closed.incident().id();
            case CoordinatorEvent.EvidenceTaken taken -> taken.incident();
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobTakenOver _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.StepsCompleted _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.Gap _ ->
                    0;
        };
    }

    /** The names of all kinds, sorted. */
    public static List<String> kinds() {
        return EventJson.names();
    }

    /**
     * The event of that kind from {@link #json its data}; null for a kind that this version does
     * not know.
     *
     * @throws IllegalArgumentException if the text is not the data of such an event
     */
    public static @Nullable CoordinatorEvent parse(String kind, String json) {
        return EventJson.parse(kind, json);
    }

    /** The event as one line, without a line break. */
    public static String of(CoordinatorEvent event) {
        return oneLine(
                switch (event) {
                    case CoordinatorEvent.LeadershipGained(long term) ->
                            "leading with term " + term;
                    case CoordinatorEvent.LeadershipLost(long term, String reason) ->
                            "stepped down from term " + term + ": " + reason;
                    case CoordinatorEvent.AgentAttached(
                                    String agent,
                                    String incarnation,
                                    String domain) ->
                            "agent "
                                    + agent
                                    + " attached ("
                                    + brief(incarnation)
                                    + ", "
                                    + domain
                                    + ")";
                    case CoordinatorEvent.AgentLost(
                                    String agent,
                                    String incarnation,
                                    String cause) ->
                            "agent " + agent + " lost (" + brief(incarnation) + "): " + cause;
                    case CoordinatorEvent.AgentUnfit(String job, String agent, String reason) ->
                            "agent " + agent + " cannot run job " + job + ": " + reason;
                    case CoordinatorEvent.MaintenanceChanged away ->
                            "agent "
                                    + away.agent()
                                    + (away.reason().isEmpty()
                                            ? " serves again"
                                            : " is "
                                                    + away.state().key()
                                                    + " ("
                                                    + away.reason()
                                                    + ")")
                                    + (away.detail().isEmpty() ? "" : ": " + away.detail());
                    case CoordinatorEvent.TermClaimed claim -> claimed(claim);
                    case CoordinatorEvent.JobSubmitted(String job, String name) ->
                            "job " + job + " submitted" + (name.isEmpty() ? "" : " (" + name + ")");
                    case CoordinatorEvent.JobQueued(String job, int position) ->
                            "job " + job + " queued at position " + position;
                    case CoordinatorEvent.CapacityNeeded needed ->
                            "job "
                                    + needed.job()
                                    + " needs "
                                    + count(needed.slots(), "more agent")
                                    + (needed.labels().isEmpty() ? "" : " with " + needed.labels());
                    case CoordinatorEvent.JobWaiting(String job, String reason) ->
                            "job " + job + " waits: " + reason;
                    case CoordinatorEvent.ViewActivated view ->
                            "view "
                                    + view.epoch()
                                    + " active from step "
                                    + view.baseStep()
                                    + " on "
                                    + names(view.members())
                                    + (view.spares().isEmpty()
                                            ? ", no spares"
                                            : ", spares " + names(view.spares()));
                    case CoordinatorEvent.StepsCompleted steps ->
                            String.format(
                                    Locale.ROOT,
                                    "step %d complete, %d protected, loss %.4f, %.1f steps/s,"
                                            + " goodput %.1f%%",
                                    steps.step(),
                                    steps.protectedStep(),
                                    steps.loss(),
                                    steps.stepsPerSecond(),
                                    100 * steps.goodputRatio());
                    case CoordinatorEvent.PlacementChanged placement ->
                            "placement "
                                    + placement.epoch()
                                    + "."
                                    + placement.version()
                                    + ": "
                                    + (placement.holders().isEmpty()
                                            ? "no copies"
                                            : names(placement.holders()))
                                    + (placement.deficits().isEmpty()
                                            ? ""
                                            : "; missing " + names(placement.deficits()))
                                    + "; survives "
                                    + placement.survives();
                    case CoordinatorEvent.SnapshotIntervalChosen chosen ->
                            "snapshots "
                                    + (chosen.every() == 1
                                            ? "of each step"
                                            : "each " + chosen.every() + " steps")
                                    + " after step "
                                    + chosen.afterStep()
                                    + ": "
                                    + chosen.reason().text();
                    case CoordinatorEvent.MetricsReported(
                                    String _,
                                    long step,
                                    Map<String, Double> values) ->
                            "step " + step + ": " + metrics(values);
                    case CoordinatorEvent.ExportFailed failed -> failed.text();
                    case CoordinatorEvent.EvidenceTaken taken ->
                            "evidence of "
                                    + (taken.incident() == 0
                                            ? ""
                                            : "incident " + taken.incident() + " from ")
                                    + "agent "
                                    + taken.agent()
                                    + (taken.rank() < 0 ? "" : ", rank " + taken.rank())
                                    + (taken.step() == 0 ? "" : ", in step " + taken.step())
                                    + ": "
                                    + names(taken.pieces())
                                    + " ("
                                    + taken.reason()
                                    + ")";
                    case CoordinatorEvent.IncidentProgressed(
                                    String _,
                                    Incident incident,
                                    Incident.Phase phase,
                                    String reason) ->
                            "incident "
                                    + incident.id()
                                    + " ("
                                    + kind(incident)
                                    + ") "
                                    + phase.name().toLowerCase(Locale.ROOT)
                                    + (reason.isEmpty() ? "" : ": " + reason);
                    case CoordinatorEvent.IncidentClosed(String _, Incident incident) ->
                            closed(incident);
                    case CoordinatorEvent.JobTakenOver(
                                    String job,
                                    long epoch,
                                    boolean adopted,
                                    long completed,
                                    long protectedStep,
                                    long _,
                                    String reason) ->
                            "job "
                                    + job
                                    + (epoch == 0
                                            ? " taken over before its first view: "
                                            : adopted
                                                    ? " taken over in epoch " + epoch + ": "
                                                    : " taken over, and epoch " + epoch + " ends: ")
                                    + reason
                                    + "; on account: step "
                                    + completed
                                    + ", protected "
                                    + protectedStep;
                    case CoordinatorEvent.JobPaused(String job, long step, String reason) ->
                            "job " + job + " stands after step " + step + ": " + reason;
                    case CoordinatorEvent.JobResumed(String job, long step) ->
                            "job " + job + " goes on after step " + step;
                    case CoordinatorEvent.RolledBack(
                                    String job,
                                    long from,
                                    long to,
                                    String reason) ->
                            "job "
                                    + job
                                    + " rolled back from step "
                                    + from
                                    + " to "
                                    + to
                                    + ": "
                                    + reason;
                    case CoordinatorEvent.JobFinished(
                                    String job,
                                    boolean completed,
                                    String reason,
                                    String finalDigest) ->
                            completed
                                    ? "job " + job + " completed, digest " + finalDigest
                                    : "job " + job + " ended: " + reason;
                    case CoordinatorEvent.Gap(long from, long to) ->
                            "events " + from + " to " + to + " are gone";
                });
    }

    private static String claimed(CoordinatorEvent.TermClaimed claim) {
        String told =
                "agent "
                        + claim.agent()
                        + " ("
                        + brief(claim.incarnation())
                        + ") says"
                        + (claim.claims() == 1 ? "" : ", " + claim.claims() + " times,")
                        + " that it has heard of term "
                        + claim.claimed();
        return switch (claim.verdict()) {
            case MOVED -> told + ", and ZooKeeper says so too";
            case UNKNOWN ->
                    told + "; ZooKeeper cannot be asked, so it is neither believed nor let in";
            case HELD ->
                    told
                            + "; ZooKeeper says that this is untrue, so it is not let in: whoever"
                            + " has its certificate lies, or ZooKeeper was set up anew under it,"
                            + " and it is to be restarted"
                            + (claim.struckNanos() == 0
                                    ? ""
                                    : " (not looked into for "
                                            + Math.max(1, claim.struckNanos() / 1_000_000_000L)
                                            + " s)");
        };
    }

    private static String closed(Incident incident) {
        Incident.Phases phases = incident.phases();
        var text = new StringBuilder();
        text.append("incident ").append(incident.id());
        text.append(" (").append(kind(incident)).append(") over: ").append(incident.cause());
        text.append("; at step ").append(incident.atStep());
        text.append(", resumed at ").append(incident.resumedAtStep());
        text.append(", ").append(count(incident.stepsLost(), "step")).append(" lost; ");
        text.append(millis(phases.total())).append(" (detect ").append(millis(phases.detect()));
        text.append(", fence ").append(millis(phases.fence()));
        text.append(", decide ").append(millis(phases.decide()));
        text.append(", restore ").append(millis(phases.restore()));
        text.append(", resume ").append(millis(phases.resume())).append(")");
        if (incident.reason() != null) {
            text.append("; decided: ").append(incident.reason().text());
        }
        if (incident.repeats() > 1) {
            text.append("; the same cause ").append(incident.repeats()).append(" times here");
        }
        int moved = 0;
        for (Incident.Source source : incident.sources()) {
            if (source.source().equals("live")) {
                continue;
            }
            moved++;
            if (moved > NAMED) {
                continue;
            }
            text.append("; rank ").append(source.rank()).append(" on ").append(source.agent());
            text.append(" from ").append(source.source());
            if (!source.fromAgent().isEmpty() && !source.fromAgent().equals(source.agent())) {
                text.append(" of ").append(source.fromAgent());
            }
            text.append(" ").append(bytes(source.bytes()));
        }
        if (moved > NAMED) {
            text.append("; and ").append(count(moved - NAMED, "more rank"));
        }
        return text.toString();
    }

    /** Metrics as {@code name value}, shortly: six digits of each. */
    public static String metrics(Map<String, Double> values) {
        var text = new StringBuilder();
        values.forEach((name, value) -> {
            text.append(text.isEmpty() ? "" : ", ").append(name).append(' ');
            text.append(String.format(Locale.ROOT, "%.6g", value));
        });
        return text.toString();
    }

    private static String kind(Incident incident) {
        return incident.kind().name().toLowerCase(Locale.ROOT);
    }

    private static String brief(String incarnation) {
        return incarnation.substring(0, Math.min(8, incarnation.length()));
    }

    private static String names(List<String> names) {
        return names.size() <= NAMED
                ? String.join(", ", names)
                : String.join(", ", names.subList(0, NAMED))
                        + " and "
                        + (names.size() - NAMED)
                        + " more";
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    private static String bytes(long bytes) {
        if (bytes < 1_000) {
            return bytes + " B";
        }
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ').replace('\r', ' ');
    }
}
