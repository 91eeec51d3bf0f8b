package io.coxswain.launcher.local;

import org.jspecify.annotations.Nullable;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A death asked for on the command line, at a logical coordinate.
 *
 * @param victim what dies
 * @param agent index of the agent, 0-based
 * @param step the step at which it dies; -1 when a recovery is named
 * @param phase the phase of that step, in {@code execute, reduce, apply, snapshot, copy, gather}
 * @param recovery the number of the incident during whose restore it dies; -1 when a step is named
 * @param local which of a worker's processes dies
 */
public record FaultSpec(
        Victim victim, int agent, long step, String phase, int recovery, int local) {
    /** Of the process with local rank 0, or of the host. */
    public FaultSpec(Victim victim, int agent, long step, String phase, int recovery) {
        this(victim, agent, step, phase, recovery, 0);
    }

    /**
     * HOST: SIGKILL of agent and worker, and the arena is deleted. WORKER: SIGKILL of the worker
     * alone.
     */
    public enum Victim {
        HOST,
        WORKER
    }

    private static final Pattern AT_STEP =
            Pattern.compile(
                    "(?<agent>\\d{1,6})(\\.(?<local>\\d{1,3}))?@step:(?<step>\\d{1,18})(:(?<phase>execute|reduce|apply|snapshot|copy|gather))?");
    private static final Pattern AT_RECOVERY =
            Pattern.compile(
                    "(?<agent>\\d{1,6})(\\.(?<local>\\d{1,3}))?@recovery:(?<number>\\d{1,9})");

    /**
     * Reads {@code AGENT@step:S[:PHASE]} or {@code AGENT@recovery:N}; of a worker {@code
     * AGENT.LOCAL} names one of several processes.
     */
    public static FaultSpec parse(Victim victim, String text) {
        var atStep = AT_STEP.matcher(text.toLowerCase(Locale.ROOT));
        if (atStep.matches()) {
            @Nullable String phase = atStep.group("phase");
            long step = Long.parseLong(atStep.group("step"));
            if (step < 1) {
                throw new IllegalArgumentException("'" + text + "': steps count from 1");
            }
            return new FaultSpec(
                    victim,
                    Integer.parseInt(atStep.group("agent")),
                    step,
                    phase == null ? "execute" : phase,
                    -1,
                    local(victim, text, atStep));
        }
        var atRecovery = AT_RECOVERY.matcher(text.toLowerCase(Locale.ROOT));
        if (atRecovery.matches()) {
            int number = Integer.parseInt(atRecovery.group("number"));
            if (number < 1) {
                throw new IllegalArgumentException("'" + text + "': recoveries count from 1");
            }
            return new FaultSpec(
                    victim,
                    Integer.parseInt(atRecovery.group("agent")),
                    -1,
                    "restore",
                    number,
                    local(victim, text, atRecovery));
        }
        throw new IllegalArgumentException(
                "'"
                        + text
                        + "' is not a fault coordinate; expected AGENT@step:S (for example"
                        + " 1@step:200), AGENT@step:S:PHASE with PHASE one of execute, reduce,"
                        + " apply, snapshot, copy, gather, or AGENT@recovery:N");
    }

    private static int local(Victim victim, String text, Matcher matched) {
        @Nullable String local = matched.group("local");
        if (local == null) {
            return 0;
        }
        if (victim == Victim.HOST) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "': a host dies with all of its processes; expected AGENT, not"
                            + " AGENT.LOCAL");
        }
        return Integer.parseInt(local);
    }

    @Override
    public String toString() {
        return agent
                + (local > 0 ? "." + local : "")
                + (recovery > 0 ? "@recovery:" + recovery : "@step:" + step + ":" + phase);
    }
}
