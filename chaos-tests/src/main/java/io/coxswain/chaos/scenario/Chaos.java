package io.coxswain.chaos.scenario;

import io.coxswain.agent.core.StepPhase;
import io.coxswain.coordinator.core.event.Incident;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * The words of a scenario, for a static import:
 *
 * <pre>{@code
 * at(agent(2), step(40)).kill();
 * at(step(100)).partition(agents(0, 1), coordinator()).oneWay().heal(after(steps(20)));
 * during(recovery(1), RESTORE).kill(donor());
 * every(seconds(15)).kill(randomAgent()).comeBack(after(seconds(5)));
 * }</pre>
 */
public final class Chaos {
    private Chaos() {}

    /** A number of a step, as a coordinate. */
    public record StepNumber(long value) {}

    /** A count of steps, as a span. */
    public record StepCount(long value) {}

    /** A number of a recovery. */
    public record RecoveryNumber(int value) {}

    /** The agent executes that step; it is held there until the fault has come. */
    public static When at(Target.Agents agent, StepNumber step) {
        return at(agent, step, StepPhase.EXECUTE);
    }

    /** The agent is in that phase of that step; it is held there until the fault has come. */
    public static When at(Target.Agents agent, StepNumber step, StepPhase phase) {
        if (agent.indices().size() != 1) {
            throw new IllegalArgumentException(
                    agent.text() + ": a coordinate is that of one agent");
        }
        return new When(
                new Coordinate.AgentStep(agent.indices().getFirst(), step.value(), phase), agent);
    }

    /**
     * The job has completed that step; nothing is held, the fault comes as soon as that is told.
     */
    public static When at(StepNumber step) {
        return new When(new Coordinate.Step(step.value()), null);
    }

    /** A recovery has come to that phase; who restores is held, in other phases nobody is. */
    public static When during(RecoveryNumber recovery, Incident.Phase phase) {
        return new When(new Coordinate.Recovery(recovery.value(), phase), null);
    }

    /** A coordinator has told an event of that kind; nothing is held. */
    public static When told(String kind) {
        return told(kind, 1);
    }

    /** The same for the so manieth time, counted from 1. */
    public static When told(String kind, int number) {
        return new When(new Coordinate.Told(kind, number), null);
    }

    /** Right after the fault of that rule of the scenario; rules count from 0. */
    public static When afterRule(int rule) {
        return new When(new Coordinate.Fired(rule), null);
    }

    /** Again and again, by a scheduler. */
    public static When every(Duration interval) {
        return new When(new Coordinate.Every(interval), null);
    }

    /** That long after the first step, by a scheduler. */
    public static When later(Duration afterFirstStep) {
        return new When(new Coordinate.After(afterFirstStep, false), null);
    }

    /** During the first recovery that restores that long after the first step, or later. */
    public static When duringARecovery(Duration afterFirstStep) {
        return new When(new Coordinate.After(afterFirstStep, true), null);
    }

    public static Target.Agents agent(int index) {
        return new Target.Agents(List.of(index));
    }

    public static Target.Agents agents(Integer... indices) {
        return new Target.Agents(Arrays.asList(indices));
    }

    public static Target rack(int number) {
        return new Target.Rack(number);
    }

    public static Target randomAgent() {
        return new Target.Role(Target.Kind.RANDOM_AGENT);
    }

    public static Target donor() {
        return new Target.Role(Target.Kind.DONOR);
    }

    public static Target recipient() {
        return new Target.Role(Target.Kind.RECIPIENT);
    }

    public static Target spare() {
        return new Target.Role(Target.Kind.SPARE);
    }

    public static Target coordinator() {
        return new Target.Coordinator();
    }

    /** The ZooKeeper server; all servers of an ensemble. */
    public static Target zookeeper() {
        return new Target.ZooKeeper();
    }

    /** One server of the ensemble, 0-based. */
    public static Target zookeeper(int index) {
        return new Target.ZooKeepers(List.of(index));
    }

    /** Some servers of the ensemble, 0-based. */
    public static Target zookeepers(Integer... indices) {
        return new Target.ZooKeepers(Arrays.asList(indices));
    }

    /** Whichever server leads the ensemble when the fault comes. */
    public static Target zookeeperLeader() {
        return new Target.ZooKeeperLeader();
    }

    public static StepNumber step(long number) {
        return new StepNumber(number);
    }

    public static StepCount steps(long count) {
        return new StepCount(count);
    }

    public static RecoveryNumber recovery(int number) {
        return new RecoveryNumber(number);
    }

    public static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    public static Duration millis(long millis) {
        return Duration.ofMillis(millis);
    }

    /** When so many further steps are complete. */
    public static Healing after(StepCount steps) {
        return new Healing.AfterSteps(steps.value());
    }

    /** By the clock. */
    public static Healing after(Duration time) {
        return new Healing.After(time);
    }

    /** When the incident that it caused is closed. */
    public static Healing afterTheRecovery() {
        return new Healing.AfterRecovery();
    }

    /** When the scenario ends. */
    public static Healing atTheEnd() {
        return new Healing.AtEnd();
    }
}
