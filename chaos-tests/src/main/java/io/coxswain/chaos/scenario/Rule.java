package io.coxswain.chaos.scenario;

import java.util.EnumSet;
import java.util.List;

/**
 * One sentence of a scenario. Immutable: each method returns another rule.
 *
 * @param times how often it may fire; only {@link Coordinate.Every} fires more than once
 */
public record Rule(Coordinate at, Target victims, Fault fault, Healing healing, int times) {
    public Rule {
        if (times < 1) {
            throw new IllegalArgumentException("fires " + times + " times; expected 1 or more");
        }
    }

    static Rule of(Coordinate at, Target victims, Fault fault) {
        return new Rule(at, victims, fault, new Healing.AtEnd(), Integer.MAX_VALUE);
    }

    /** Taken back then; without this, when the scenario ends. */
    public Rule heal(Healing when) {
        return new Rule(at, victims, fault, when, times);
    }

    /** What was killed is started again then; an agent comes back as a spare. */
    public Rule comeBack(Healing when) {
        return heal(when);
    }

    /** At most so often. */
    public Rule atMost(int firings) {
        return new Rule(at, victims, fault, healing, firings);
    }

    /**
     * Only what the victims send is hit, not what they receive.
     *
     * @throws IllegalStateException if the fault is none of a link
     */
    public Rule oneWay() {
        Fault.Link link = link();
        return with(new Fault.Link(link.peer(), link.planes(), true, link.effect()));
    }

    /**
     * Only on these planes.
     *
     * @throws IllegalStateException if the fault is none of a link
     */
    public Rule on(Plane... planes) {
        Fault.Link link = link();
        var only = EnumSet.noneOf(Plane.class);
        only.addAll(List.of(planes));
        return with(new Fault.Link(link.peer(), only, link.oneWay(), link.effect()));
    }

    private Fault.Link link() {
        if (fault instanceof Fault.Link link) {
            return link;
        }
        throw new IllegalStateException(text() + ": this is no fault of a link");
    }

    private Rule with(Fault other) {
        return new Rule(at, victims, other, healing, times);
    }

    /** The sentence. */
    public String text() {
        return "at " + at.text() + ": " + fault.text(victims.text()) + ", " + healing.text();
    }
}
