package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Rule;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A fault that has come and is to be taken back. Confined to the nemesis' thread. */
final class Ailment {
    private final Rule rule;
    private final List<Victim> victims;
    private final long sinceStep;
    private final int sinceIncident;
    private final List<FaultPort.Cure> cures = new ArrayList<>();
    private boolean healed;

    Ailment(Rule rule, List<Victim> victims, long sinceStep, int sinceIncident) {
        this.rule = rule;
        this.victims = victims;
        this.sinceStep = sinceStep;
        this.sinceIncident = sinceIncident;
    }

    Rule rule() {
        return rule;
    }

    List<Victim> victims() {
        return victims;
    }

    Set<String> parties() {
        var parties = new LinkedHashSet<String>();
        victims.forEach(victim -> parties.add(victim.party()));
        return parties;
    }

    /** The newest completed step when it came. */
    long sinceStep() {
        return sinceStep;
    }

    /** The newest incident when it came. */
    int sinceIncident() {
        return sinceIncident;
    }

    /** What undoes it. */
    List<FaultPort.Cure> cures() {
        return cures;
    }

    boolean isHealed() {
        return healed;
    }

    void setHealed() {
        healed = true;
    }
}
