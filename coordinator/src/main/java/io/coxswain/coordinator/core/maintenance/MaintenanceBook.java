package io.coxswain.coordinator.core.maintenance;

import io.coxswain.coordinator.core.model.AgentKey;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was said of agents by operators, by monitors of devices and by the agents themselves, and
 * what follows: every word may be said again and then changes nothing. Confined to one thread.
 *
 * <pre>
 *              cordon                drain, failing, notice
 *  IN_SERVICE ────────► CORDONED ────────────────► DRAINING ──► DRAINED
 *      ▲                    │                          │            │
 *      └── uncordon ────────┴──────────────────────────┴────────────┘   (ok: takes back what health said)
 * </pre>
 *
 * <p>Notices are an incarnation's and go with it; nobody but the process that gave one can know
 * more. What people and monitors say is kept by the agent's id.
 */
public final class MaintenanceBook {
    /** So many stand in one record of half a megabyte. */
    public static final int MOST_AGENTS = 2_000;

    private static final int MOST_ID = 64;

    private final TreeMap<String, SetAside> said = new TreeMap<>();
    private final TreeMap<AgentKey, Maintenance.Notice> notices = new TreeMap<>();
    private List<SetAside> written = List.of();

    /** What somebody says of an agent. */
    public sealed interface Word {
        /** Whom it is about. */
        String agent();

        /** Take rank and copies away. */
        record Drain(String agent, String reason) implements Word {}

        /** Give nothing new. Of one that is drained: that stands. */
        record Cordon(String agent, String reason) implements Word {}

        /** It serves again, whoever took it out; only a notice stands. */
        record Uncordon(String agent) implements Word {}

        /** A device of it fails. */
        record Failing(String agent, String reason) implements Word {}

        /** Its devices are in order: what health took out serves again. */
        record Healthy(String agent) implements Word {}
    }

    /** What became of a word. */
    public sealed interface Answer {
        /** It changed something: to be written. */
        record Changed() implements Answer {}

        /** It was so before. */
        record Unchanged() implements Answer {}

        /** It cannot be. */
        record Refused(String reason) implements Answer {}
    }

    /**
     * Takes a word.
     *
     * @param known an agent of that id is, or was, seen; or the caller wants it whether or not
     * @param attached ids of the agents that are here, for a refusal's words
     */
    public Answer take(Word word, boolean known, List<String> attached) {
        String agent = word.agent();
        if (!isId(agent)) {
            return new Answer.Refused(
                    "'" + SetAside.cut(agent) + "' is no agent's id: 1 to 64 of A-Z a-z 0-9 . _ -");
        }
        SetAside before = said.getOrDefault(agent, SetAside.none(agent));
        SetAside after =
                switch (word) {
                    case Word.Drain drain -> drain(before, drain.reason());
                    case Word.Cordon cordon -> cordon(before, cordon.reason());
                    case Word.Uncordon _ -> SetAside.none(agent);
                    case Word.Failing failing ->
                            before.failing() && before.healthReason().equals(cut(failing.reason()))
                                    ? before
                                    : before.health(true, failing.reason());
                    case Word.Healthy _ -> before.failing() ? before.health(false, "") : before;
                };
        if (word instanceof Word.Uncordon && isNoticed(agent)) {
            return new Answer.Refused(
                    "agent "
                            + agent
                            + " has been given notice: its process ends whatever is said here."
                            + " Start it again; the new process serves");
        }
        if (after.equals(before)) {
            return new Answer.Unchanged();
        }
        if (before.isNone() && !known) {
            return new Answer.Refused(unknown(agent, attached));
        }
        if (before.isNone() && said.size() >= MOST_AGENTS) {
            return new Answer.Refused(
                    MOST_AGENTS
                            + " agents are set aside already, which is the most there can be:"
                            + " uncordon those that are gone for good");
        }
        if (after.isNone()) {
            said.remove(agent);
        } else {
            said.put(agent, after);
        }
        return new Answer.Changed();
    }

    private static boolean isId(String agent) {
        return !agent.isEmpty()
                && agent.length() <= MOST_ID
                && agent.chars()
                        .allMatch(c ->
                                (c >= 'a' && c <= 'z')
                                        || (c >= 'A' && c <= 'Z')
                                        || (c >= '0' && c <= '9')
                                        || c == '.'
                                        || c == '_'
                                        || c == '-');
    }

    private static String cut(String reason) {
        return SetAside.cut(reason);
    }

    // Said again with another reason, or none, the first one stands.
    private static SetAside drain(SetAside before, String reason) {
        return before.wish() == SetAside.Wish.DRAIN
                ? before
                : before.wished(SetAside.Wish.DRAIN, reason);
    }

    private static SetAside cordon(SetAside before, String reason) {
        return before.wish() == SetAside.Wish.NONE
                ? before.wished(SetAside.Wish.CORDON, reason)
                : before;
    }

    private static String unknown(String agent, List<String> attached) {
        int shown = Math.min(8, attached.size());
        return "no agent "
                + agent
                + " is attached; "
                + (attached.isEmpty()
                        ? "none is"
                        : "there are "
                                + String.join(", ", attached.subList(0, shown))
                                + (attached.size() > shown
                                        ? " and " + (attached.size() - shown) + " more"
                                        : ""))
                + ". Of one that is yet to come: say it with --absent";
    }

    /** An agent says that its process ends; false if it said so before. */
    public boolean noticed(AgentKey agent, String reason, long deadlineNanos) {
        Maintenance.Notice before =
                notices.putIfAbsent(
                        agent, new Maintenance.Notice(SetAside.cut(reason), deadlineNanos));
        return before == null;
    }

    /** That incarnation is gone; true if it had given notice. */
    public boolean gone(AgentKey agent) {
        return notices.remove(agent) != null;
    }

    /** That incarnation gave notice. */
    public boolean isNoticed(AgentKey agent) {
        return notices.containsKey(agent);
    }

    private boolean isNoticed(String agent) {
        return notices.keySet().stream().anyMatch(key -> key.id().equals(agent));
    }

    /** Something is said of that id. */
    public boolean knows(String agent) {
        return said.containsKey(agent);
    }

    /** To be written: all that people and monitors said, by id. */
    public List<SetAside> said() {
        return List.copyOf(said.values());
    }

    /** That much is written. */
    public void durable(List<SetAside> all) {
        written = List.copyOf(all);
    }

    /** What another leader wrote; nothing was said here yet. */
    public void load(Collection<SetAside> recorded) {
        said.clear();
        notices.clear();
        recorded.forEach(one -> said.put(one.agent(), one));
        written = said();
    }

    /** What jobs are to go by: what is durable, and what agents say of themselves. */
    public Maintenance orders() {
        return Maintenance.of(written, Map.copyOf(notices));
    }
}
