package io.coxswain.coordinator.core.maintenance;

import java.nio.charset.StandardCharsets;

/**
 * What a person or a monitor of devices said of an agent: durable, by the agent's id, whatever
 * incarnation of it runs.
 *
 * @param wish of an operator
 * @param reason the operator's; may be empty
 * @param failing a monitor said that a device of it fails
 * @param healthReason the monitor's; may be empty
 */
public record SetAside(
        String agent, Wish wish, String reason, boolean failing, String healthReason) {
    /** What an operator wants of an agent. */
    public enum Wish {
        NONE,
        CORDON,
        DRAIN
    }

    /** Longer reasons are cut: thousands of them stand in one record. */
    public static final int MOST_REASON_BYTES = 200;

    public SetAside {
        reason = cut(reason);
        healthReason = cut(healthReason);
    }

    /** One of which nothing was said. */
    static SetAside none(String agent) {
        return new SetAside(agent, Wish.NONE, "", false, "");
    }

    SetAside wished(Wish next, String why) {
        return new SetAside(agent, next, why, failing, healthReason);
    }

    SetAside health(boolean fails, String why) {
        return new SetAside(agent, wish, reason, fails, why);
    }

    boolean isNone() {
        return wish == Wish.NONE && !failing;
    }

    /** One line, no longer than what is kept of it. */
    static String cut(String text) {
        var line = new StringBuilder();
        int bytes = 0;
        int[] points = text.strip().codePoints().toArray();
        for (int point : points) {
            int shown = Character.isISOControl(point) ? ' ' : point;
            bytes += Character.toString(shown).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MOST_REASON_BYTES) {
                break;
            }
            line.appendCodePoint(shown);
        }
        return line.toString();
    }
}
