package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;

/** Judges a scenario's own expectation. Stateless. */
public final class Expected {
    private static final String NAME = "expected";

    private Expected() {}

    /** The oracle for that expectation of these rules. */
    public static Oracle of(Expectation expectation, List<Rule> rules) {
        return evidence -> {
            List<String> wrong = wrong(expectation, rules, evidence);
            return wrong.isEmpty()
                    ? Verdict.holds(
                            NAME,
                            evidence.completed()
                                    ? "the job completed"
                                    : "the job ended: " + evidence.reason())
                    : Verdict.fails(NAME, String.join("; ", wrong));
        };
    }

    /** The same of a job that is still running, and goes on, when it is judged. */
    public static Oracle whileRunning(Expectation expectation, List<Rule> rules) {
        return evidence -> {
            var wrong = new ArrayList<String>();
            if (evidence.ended()) {
                wrong.add("the job is over: " + evidence.reason());
            }
            wrong.addAll(onTheWay(expectation, rules, evidence));
            return wrong.isEmpty()
                    ? Verdict.holds(NAME, "the job goes on")
                    : Verdict.fails(NAME, String.join("; ", wrong));
        };
    }

    private static List<String> wrong(
            Expectation expectation, List<Rule> rules, Evidence evidence) {
        var wrong = new ArrayList<String>();
        if (!evidence.ended()) {
            wrong.add("the job did not end: " + evidence.reason());
        } else if (evidence.completed() != expectation.completes()) {
            wrong.add(
                    evidence.completed()
                            ? "the job completed, which it must not"
                            : "the job did not complete: " + evidence.reason());
        } else if (!expectation.says().isEmpty()
                && !evidence.reason().contains(expectation.says())) {
            wrong.add(
                    "the reason is '"
                            + evidence.reason()
                            + "', which does not say '"
                            + expectation.says()
                            + "'");
        }
        wrong.addAll(onTheWay(expectation, rules, evidence));
        return wrong;
    }

    private static List<String> onTheWay(
            Expectation expectation, List<Rule> rules, Evidence evidence) {
        var wrong = new ArrayList<String>();
        for (Firing firing : evidence.firings()) {
            if (!firing.failure().isEmpty()) {
                wrong.add("fault " + firing.rule() + ": " + firing.text());
            }
        }
        for (int i = 0; i < rules.size() && expectation.everyFaultFires(); i++) {
            int rule = i;
            if (evidence.firings().stream().noneMatch(firing -> firing.rule() == rule)) {
                wrong.add("never fired: " + rules.get(i).text());
            }
        }
        List<Incident> incidents =
                evidence.events(CoordinatorEvent.IncidentClosed.class).stream()
                        .map(CoordinatorEvent.IncidentClosed::incident)
                        .toList();
        if (incidents.size() < expectation.leastIncidents()
                || (expectation.mostIncidents() >= 0
                        && incidents.size() > expectation.mostIncidents())) {
            wrong.add(
                    incidents.size()
                            + " incidents: "
                            + incidents.stream()
                                    .map(one -> one.cause() + " " + one.agents())
                                    .toList());
        }
        int takeovers = evidence.events(CoordinatorEvent.JobTakenOver.class).size();
        if (takeovers < expectation.leastTakeovers()) {
            wrong.add(
                    "the job was taken over "
                            + takeovers
                            + " times, at least "
                            + expectation.leastTakeovers()
                            + " expected");
        }
        long lost = incidents.stream().mapToLong(Incident::stepsLost).sum();
        if (expectation.mostStepsLost() >= 0 && lost > expectation.mostStepsLost()) {
            wrong.add(lost + " steps lost, at most " + expectation.mostStepsLost() + " expected");
        }
        Duration within = expectation.normalWithin();
        if (!within.isZero()) {
            if (evidence.outages().isEmpty()) {
                wrong.add("ZooKeeper was never seen to be away");
            }
            for (StoreOutage outage : evidence.outages()) {
                OptionalLong took = outage.recoveryNanos();
                if (took.isEmpty() || took.getAsLong() > within.toNanos()) {
                    wrong.add(
                            "everything was normal again "
                                    + (took.isEmpty() ? "never" : StoreOutage.millis(took))
                                    + " after ZooKeeper's return, at most "
                                    + within.toMillis()
                                    + " ms expected");
                }
            }
        }
        var sources = new TreeSet<String>();
        incidents.forEach(one -> one.sources().forEach(source -> sources.add(source.source())));
        if (!expectation.sources().isEmpty() && !expectation.sources().containsAll(sources)) {
            wrong.add("state came from " + sources + ", expected " + expectation.sources());
        }
        return wrong;
    }
}
