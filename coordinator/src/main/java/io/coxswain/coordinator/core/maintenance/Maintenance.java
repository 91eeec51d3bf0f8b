package io.coxswain.coordinator.core.maintenance;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which agents are to have no new rank and no new copies, and which are to lose those that they
 * have: what jobs go by. Immutable.
 */
public final class Maintenance {
    /** Nobody is set aside. */
    public static final Maintenance NONE = new Maintenance(Map.of(), Map.of());

    /** Who wants it. The most urgent comes first. */
    public enum Cause {
        /** The agent's process was told that it will be ended. */
        NOTICE,
        HEALTH,
        OPERATOR;

        /** The word for it. */
        public String key() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * What is to become of one agent.
     *
     * @param drains it is to lose what it has; else it only gets nothing new
     * @param causes at least one, the most urgent first
     * @param reason for a person: who wants it, and why
     * @param deadlineNanos when its process ends whatever happens, in the loop's time; {@link
     *     Long#MAX_VALUE}: never
     */
    public record Order(boolean drains, List<Cause> causes, String reason, long deadlineNanos) {
        public Order {
            causes = List.copyOf(causes);
        }
    }

    /** An agent's word that it ends. */
    record Notice(String reason, long deadlineNanos) {}

    private final Map<String, SetAside> said;
    private final Map<AgentKey, Notice> notices;

    private Maintenance(Map<String, SetAside> said, Map<AgentKey, Notice> notices) {
        this.said = said;
        this.notices = notices;
    }

    static Maintenance of(Collection<SetAside> said, Map<AgentKey, Notice> notices) {
        if (said.isEmpty() && notices.isEmpty()) {
            return NONE;
        }
        var byId = new TreeMap<String, SetAside>();
        said.forEach(one -> byId.put(one.agent(), one));
        return new Maintenance(byId, new TreeMap<>(notices));
    }

    /** True if nobody is set aside. */
    public boolean isEmpty() {
        return said.isEmpty() && notices.isEmpty();
    }

    /** What is to become of that incarnation; null: it serves. */
    public @Nullable Order of(AgentKey agent) {
        return order(said.get(agent.id()), notices.get(agent));
    }

    /** The same of whatever incarnation may come. */
    public @Nullable Order of(String agentId) {
        return order(said.get(agentId), null);
    }

    /** The ids of which something was said, in order; those that gave notice alone are not here. */
    public List<String> agents() {
        return List.copyOf(said.keySet());
    }

    /** Those that gave notice. */
    public List<AgentKey> noticed() {
        return List.copyOf(notices.keySet());
    }

    private static @Nullable Order order(@Nullable SetAside one, @Nullable Notice notice) {
        if (one == null && notice == null) {
            return null;
        }
        var causes = new ArrayList<Cause>();
        var reasons = new ArrayList<String>();
        boolean drains = false;
        if (notice != null) {
            drains = true;
            causes.add(Cause.NOTICE);
            reasons.add("notice" + words(notice.reason()));
        }
        if (one != null && one.failing()) {
            drains = true;
            causes.add(Cause.HEALTH);
            reasons.add("health" + words(one.healthReason()));
        }
        if (one != null && one.wish() != SetAside.Wish.NONE) {
            drains |= one.wish() == SetAside.Wish.DRAIN;
            causes.add(Cause.OPERATOR);
            reasons.add("operator" + words(one.reason()));
        }
        return new Order(
                drains,
                causes,
                String.join("; ", reasons),
                Optional.ofNullable(notice).map(Notice::deadlineNanos).orElse(Long.MAX_VALUE));
    }

    private static String words(String reason) {
        return reason.isEmpty() ? "" : ": " + reason;
    }
}
