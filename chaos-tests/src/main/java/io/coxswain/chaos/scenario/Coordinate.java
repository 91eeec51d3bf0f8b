package io.coxswain.chaos.scenario;

import io.coxswain.agent.core.StepPhase;
import io.coxswain.coordinator.core.event.Incident;

import java.time.Duration;
import java.util.Locale;

/** When a fault comes, in the run's own terms. The run says when a coordinate is reached. */
public sealed interface Coordinate {
    /** In words. */
    String text();

    /**
     * True if the run stands still at the coordinate until the fault has come; else the fault comes
     * after it, as soon as it is told of.
     */
    boolean holds();

    /**
     * An agent is in that phase of that step, or of the first one after it. Holds the agent. An
     * agent without a rank is nowhere in a step: for it the coordinate is that the job has
     * completed the step.
     */
    record AgentStep(int agent, long step, StepPhase phase) implements Coordinate {
        public AgentStep {
            // What the first view restores is step 0.
            if (step < (phase == StepPhase.RESTORE ? 0 : 1)) {
                throw new IllegalArgumentException("step " + step + ": steps count from 1");
            }
        }

        @Override
        public String text() {
            return "agent "
                    + agent
                    + ", step "
                    + step
                    + ", "
                    + phase.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public boolean holds() {
            return true;
        }
    }

    /** The job has completed that step. Steps go on meanwhile. */
    record Step(long step) implements Coordinate {
        public Step {
            if (step < 0) {
                throw new IllegalArgumentException("step " + step + ": expected 0 or more");
            }
        }

        @Override
        public String text() {
            return "step " + step + " completed";
        }

        @Override
        public boolean holds() {
            return false;
        }
    }

    /**
     * A recovery, counted from 1 by incidents, has entered that phase. RESTORE holds every agent
     * that restores.
     */
    record Recovery(int number, Incident.Phase phase) implements Coordinate {
        public Recovery {
            if (number < 1) {
                throw new IllegalArgumentException(
                        "recovery " + number + ": recoveries count from 1");
            }
        }

        @Override
        public String text() {
            return "recovery " + number + ", " + phase.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public boolean holds() {
            return phase == Incident.Phase.RESTORE;
        }
    }

    /** A coordinator has told an event of that kind for the so manieth time, counted from 1. */
    record Told(String kind, int number) implements Coordinate {
        public Told {
            if (number < 1) {
                throw new IllegalArgumentException(kind + " " + number + ": events count from 1");
            }
        }

        @Override
        public String text() {
            return kind + (number == 1 ? "" : " " + number) + " told";
        }

        @Override
        public boolean holds() {
            return false;
        }
    }

    /**
     * The fault of that rule of the scenario has come; rules count from 0. A cancelled job counts
     * as such when it is answered, or is not for a second.
     */
    record Fired(int rule) implements Coordinate {
        public Fired {
            if (rule < 0) {
                throw new IllegalArgumentException("rule " + rule + ": rules count from 0");
            }
        }

        @Override
        public String text() {
            return "rule " + rule + " fired";
        }

        @Override
        public boolean holds() {
            return false;
        }
    }

    /** Again and again; the only coordinate that asks a clock. */
    record Every(Duration interval) implements Coordinate {
        public Every {
            if (interval.isZero() || interval.isNegative()) {
                throw new IllegalArgumentException("every " + interval + ": expected a time");
            }
        }

        @Override
        public String text() {
            return "every " + interval.toMillis() + " ms";
        }

        @Override
        public boolean holds() {
            return false;
        }
    }

    /**
     * That long after the job's first completed step, by a scheduler, once.
     *
     * @param inRecovery wait from then on for the next recovery that restores, and hold who
     *     restores
     */
    record After(Duration time, boolean inRecovery) implements Coordinate {
        @Override
        public String text() {
            return time.toMillis()
                    + " ms after the first step"
                    + (inRecovery ? ", during the next recovery" : "");
        }

        @Override
        public boolean holds() {
            return inRecovery;
        }
    }
}
