package io.coxswain.coordinator.core.term;

import io.coxswain.coordinator.core.model.AgentKey;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Agents that say they have heard of a higher term than this leader's. The word of one agent
 * deposes nobody: the store is asked, and until it has answered nothing that the agent says counts.
 *
 * <pre>
 *  heard ──► asked of the store ──► HELD    → the stream is refused, a strike for the agent
 *    │                         ├──► MOVED   → the lead is given up
 *    │                         └──► UNKNOWN → the stream is refused, it may try again
 *    └─ struck out, or the store is out of reach ──► refused unasked
 * </pre>
 *
 * <p>A claim is judged by a question that was put after it was heard, since in between the term may
 * have moved. Questions, words to people and memory are bounded, whoever claims how much. Strikes
 * are an agent's, not an incarnation's, and concern claims only: the true owner of a stolen
 * certificate, who claims nothing, is let in as ever.
 *
 * <p>One object a term. Not thread-safe: the decision loop owns it.
 */
public final class TermClaims {
    /** Streams whose word is looked into at once; more are sent away. */
    static final int MOST_STREAMS = 1_024;

    /** Agents that are remembered; the one that claimed longest ago is forgotten. */
    static final int MOST_AGENTS = 256;

    private static final int MOST_STRIKES = 1_000;

    /** From one question to the next. */
    static final long ASK_EVERY_NANOS = 250_000_000L;

    /** Without an answer the store counts as out of reach. */
    static final long ANSWER_NANOS = 2_000_000_000L;

    /** From one word to people to the next, whomever it names. */
    static final long TELL_EVERY_NANOS = 1_000_000_000L;

    private final long term;
    private final Map<Long, Claim> claims = new LinkedHashMap<>();
    private final Map<String, Suspect> suspects = new LinkedHashMap<>();
    // Of whom people have not heard the newest, and whose verdict is there.
    private final LinkedHashSet<Suspect> untold = new LinkedHashSet<>();
    private long question;
    private boolean asked;
    private long askedNanos;
    private boolean everAsked;
    private long tellFromNanos = Long.MIN_VALUE;

    private static final class Claim {
        private final Suspect suspect;
        private final AgentKey agent;
        private final long term;

        /** Judged by the answer to this question or a later one; 0: not asked yet. */
        private long question;

        Claim(Suspect suspect, AgentKey agent, long term) {
            this.suspect = suspect;
            this.agent = agent;
            this.term = term;
        }
    }

    private static final class Suspect {
        private AgentKey agent;
        private long claimed;
        private TermVerdict verdict = TermVerdict.UNKNOWN;
        private long untold;
        private int open;
        private int strikes;
        private long struckUntilNanos = Long.MIN_VALUE;

        Suspect(AgentKey agent) {
            this.agent = agent;
        }
    }

    /** Nothing was claimed yet in that term. */
    public TermClaims(long term) {
        this.term = term;
    }

    /** Whether that stream's word is being looked into: what it says does not count. */
    public boolean doubts(long stream) {
        return claims.containsKey(stream);
    }

    /** Streams whose word is being looked into. */
    public int open() {
        return claims.size();
    }

    /** Agents that are remembered. */
    int remembered() {
        return suspects.size();
    }

    /**
     * A stream says that there is a higher term.
     *
     * @param reachable whether the store may be asked now
     */
    public List<TermDecision> heard(
            long stream, AgentKey agent, long claimed, boolean reachable, long nowNanos) {
        Suspect suspect = suspect(agent, claimed, nowNanos);
        suspect.untold++;
        if (claims.containsKey(stream)) {
            return List.of();
        }
        var decisions = new ArrayList<TermDecision>();
        TermRefusal refusal = null;
        if (nowNanos < suspect.struckUntilNanos) {
            suspect.verdict = TermVerdict.HELD;
            refusal =
                    new TermRefusal.Struck(
                            claimed, suspect.strikes, suspect.struckUntilNanos - nowNanos);
        } else if (!reachable) {
            suspect.verdict = TermVerdict.UNKNOWN;
            refusal = new TermRefusal.Unverified(claimed);
        } else if (claims.size() >= MOST_STREAMS) {
            suspect.verdict = TermVerdict.UNKNOWN;
            refusal = new TermRefusal.TooMany(claimed);
        }
        if (refusal == null) {
            claims.put(stream, new Claim(suspect, agent, claimed));
            suspect.open++;
            untold.remove(suspect);
            ask(decisions, nowNanos);
        } else {
            decisions.add(new TermDecision.Refuse(stream, agent, refusal));
            toTell(suspect);
            tell(decisions, nowNanos);
        }
        return decisions;
    }

    /** The store answered; an answer to an older question says nothing. */
    public List<TermDecision> answered(long number, TermVerdict verdict, long nowNanos) {
        if (!asked || number != question) {
            return List.of();
        }
        asked = false;
        var decisions = new ArrayList<TermDecision>();
        if (verdict == TermVerdict.MOVED) {
            deposed(decisions);
            return decisions;
        }
        var judged = new ArrayList<Map.Entry<Long, Claim>>();
        for (Map.Entry<Long, Claim> entry : claims.entrySet()) {
            if (entry.getValue().question == number) {
                judged.add(Map.entry(entry.getKey(), entry.getValue()));
            }
        }
        var struck = new HashSet<Suspect>();
        for (Map.Entry<Long, Claim> entry : judged) {
            Claim claim = entry.getValue();
            claims.remove(entry.getKey());
            Suspect suspect = claim.suspect;
            suspect.verdict = verdict;
            // However many streams it said it on: one answer, one strike.
            if (verdict == TermVerdict.HELD && struck.add(suspect)) {
                suspect.strikes = Math.min(MOST_STRIKES, suspect.strikes + 1);
                suspect.struckUntilNanos = nowNanos + StrikeRule.struckNanos(suspect.strikes);
            }
            suspect.open--;
            toTell(suspect);
            decisions.add(
                    new TermDecision.Refuse(
                            entry.getKey(),
                            claim.agent,
                            verdict == TermVerdict.HELD
                                    ? new TermRefusal.Untrue(claim.term, term)
                                    : new TermRefusal.Unverified(claim.term)));
        }
        tell(decisions, nowNanos);
        ask(decisions, nowNanos);
        return decisions;
    }

    /** Does what is due. Harmless at any time. */
    public List<TermDecision> advance(long nowNanos) {
        var decisions = new ArrayList<TermDecision>();
        if (asked && nowNanos - askedNanos >= ANSWER_NANOS) {
            decisions.addAll(answered(question, TermVerdict.UNKNOWN, nowNanos));
        }
        ask(decisions, nowNanos);
        tell(decisions, nowNanos);
        return decisions;
    }

    /** The lead is lost: nobody waits for a verdict any more. */
    public List<TermDecision> over() {
        var decisions = new ArrayList<TermDecision>();
        refuseAll(decisions);
        return decisions;
    }

    /** When {@link #advance} is to be called next; {@link Long#MAX_VALUE}: never. */
    public long nextDeadlineNanos() {
        long next = Long.MAX_VALUE;
        if (asked) {
            next = askedNanos + ANSWER_NANOS;
        } else if (!claims.isEmpty()) {
            next = askedNanos + ASK_EVERY_NANOS;
        }
        return untold.isEmpty() ? next : Math.min(next, tellFromNanos);
    }

    // ------------------------------------------------------------------ how

    private void ask(List<TermDecision> decisions, long nowNanos) {
        if (asked || claims.isEmpty() || (everAsked && nowNanos - askedNanos < ASK_EVERY_NANOS)) {
            return;
        }
        asked = true;
        everAsked = true;
        askedNanos = nowNanos;
        question++;
        claims.values().forEach(claim -> claim.question = question);
        decisions.add(new TermDecision.Ask(question));
    }

    private void deposed(List<TermDecision> decisions) {
        Claim first = claims.isEmpty() ? null : claims.values().iterator().next();
        var told = new LinkedHashSet<Suspect>();
        for (Claim claim : claims.values()) {
            claim.suspect.verdict = TermVerdict.MOVED;
            told.add(claim.suspect);
        }
        told.forEach(suspect -> decisions.add(told(suspect, 0)));
        refuseAll(decisions);
        if (first != null) {
            decisions.add(new TermDecision.Resign(first.agent, first.term));
        }
    }

    private void refuseAll(List<TermDecision> decisions) {
        claims.forEach((stream, claim) ->
                decisions.add(
                        new TermDecision.Refuse(stream, claim.agent, new TermRefusal.Succeeded())));
        claims.clear();
        asked = false;
    }

    // The newest claim's; who claimed last stands last.
    private Suspect suspect(AgentKey agent, long claimed, long nowNanos) {
        Suspect known = suspects.remove(agent.id());
        if (known != null
                && known.untold == 0
                && known.strikes > 0
                && nowNanos - known.struckUntilNanos > StrikeRule.FORGET_NANOS) {
            known = null;
        }
        Suspect suspect = known == null ? new Suspect(agent) : known;
        suspect.agent = agent;
        suspect.claimed = claimed;
        suspects.put(agent.id(), suspect);
        if (suspects.size() > MOST_AGENTS) {
            Suspect oldest = suspects.values().iterator().next();
            suspects.remove(oldest.agent.id());
            untold.remove(oldest);
        }
        return suspect;
    }

    // Not while a verdict is out, nor of one that was forgotten meanwhile.
    private void toTell(Suspect suspect) {
        if (suspect.open == 0 && suspect.equals(suspects.get(suspect.agent.id()))) {
            untold.add(suspect);
        }
    }

    private void tell(List<TermDecision> decisions, long nowNanos) {
        if (!untold.isEmpty() && nowNanos >= tellFromNanos) {
            tellFromNanos = nowNanos + TELL_EVERY_NANOS;
            decisions.add(told(untold.removeFirst(), nowNanos));
        }
    }

    private static TermDecision.Tell told(Suspect suspect, long nowNanos) {
        long claims = suspect.untold;
        suspect.untold = 0;
        return new TermDecision.Tell(
                suspect.agent,
                suspect.claimed,
                suspect.verdict,
                claims,
                suspect.verdict == TermVerdict.HELD
                        ? Math.max(0, suspect.struckUntilNanos - nowNanos)
                        : 0);
    }
}
