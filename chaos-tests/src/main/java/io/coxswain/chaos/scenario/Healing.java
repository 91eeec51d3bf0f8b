package io.coxswain.chaos.scenario;

import java.time.Duration;

/** When a fault is taken back. Whatever it says, everything heals when the scenario ends. */
public sealed interface Healing {
    /** In words. */
    String text();

    /** When the job has completed that many further steps. */
    record AfterSteps(long steps) implements Healing {
        public AfterSteps {
            if (steps < 1) {
                throw new IllegalArgumentException("after " + steps + " steps; expected 1 or more");
            }
        }

        @Override
        public String text() {
            return "heals after " + steps + " steps";
        }
    }

    /** By the clock, for what stops the steps themselves. */
    record After(Duration time) implements Healing {
        @Override
        public String text() {
            return "heals after " + time.toMillis() + " ms";
        }
    }

    /** When the incident that it caused, or the next one, is closed. */
    record AfterRecovery() implements Healing {
        @Override
        public String text() {
            return "heals after the recovery";
        }
    }

    /** When the scenario ends. */
    record AtEnd() implements Healing {
        @Override
        public String text() {
            return "heals at the end";
        }
    }
}
