package io.coxswain.coordinator.core.liveness;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Decides who is alive from three witnesses: the control stream, heartbeats on it, and the
 * ZooKeeper registration (design §4).
 *
 * <pre>
 *              StreamOpened                     silence ≥ limit/2 → Suspect, Dial
 *   (unknown) ─────────────► STREAMING ─────────────────────────────► SUSPECTED ──► LOST (silence ≥ limit, or dial refused)
 *                              │  ▲  ◄───────────── Heard → Cleared ──────┘
 *                 StreamBroken │  │ StreamOpened, same incarnation
 *                   → Dial     ▼  │
 *                            BROKEN ──► LOST (dial refused | other incarnation | not back in 1 s | session gone too)
 * </pre>
 *
 * <p>The silence limit adapts: {@code max(4 heartbeats, 3 × the longest gap seen)}, at most {@link
 * LivenessLimits#mostSilenceNanos()}; gaps are forgotten slowly, and an agent of whom little is
 * known gets the whole limit. A deadline that is served late shows that this process was itself
 * stopped; all agents get a heartbeat's time to be heard before they are judged.
 *
 * <p>A link may fail in one direction: an agent that is heard and hears nothing can be told nothing
 * either. Heartbeats carry the newest answer that came; who lacks all of them for {@link
 * LivenessLimits#mostSilenceNanos()} is lost too. The time counts from the first answer that it
 * lacks, so a pause of this process, which gave none, is no deafness of the agents.
 *
 * <p>A word of an agent costs O(1) and has no effect; deadlines are re-armed lazily. State is kept
 * only of agents that have a stream or may come back. Not thread-safe: the decision loop owns it.
 */
public final class LivenessMachine {
    /** Gaps to see before the limit adapts. */
    private static final int GAPS_TO_TRUST = 8;

    /** Part of the longest gap that one more gap forgets, as a divisor. */
    private static final int GAP_FORGET_DIVISOR = 64;

    /**
     * So many heartbeats in a row without a new answer are no backlog of an agent that was stopped.
     */
    private static final int BEATS_TO_BE_DEAF = 4;

    /** No deadline. */
    private static final long NONE = 0;

    private final LivenessLimits limits;
    private final Map<String, Watch> watches = new HashMap<>();
    private final PriorityQueue<Deadline> deadlines = new PriorityQueue<>();
    private long nextDial = 1;
    private long nextDeadlineSequence = 1;

    private enum Phase {
        STREAMING,
        SUSPECTED,
        BROKEN
    }

    /** What is known of one agent. */
    private static final class Watch {
        private final AgentKey agent;
        private long stream;
        private Phase phase = Phase.STREAMING;

        /**
         * The last word; or the break of a stream that was not silent: a reset is the death's own
         * word.
         */
        private long lastSignNanos;

        private long judgeFromNanos;
        private long longestGapNanos;
        private int gaps;

        /** The newest heartbeat that was answered, and the newest answer that the agent has. */
        private long answerGiven;

        private long answerHeard;

        /** Heartbeats in a row without a new answer, and when the first of these came. */
        private int deafBeats;

        private long deafSinceNanos;
        private long brokenAtNanos;
        private long redialAtNanos = Long.MAX_VALUE;
        private long dial;
        private boolean sessionGone;
        private long sessionGoneAtNanos;

        /** Number of the one queued deadline that counts; older entries in the queue are stale. */
        private long armed;

        Watch(AgentKey agent, long stream, long nowNanos) {
            this.agent = agent;
            this.stream = stream;
            this.lastSignNanos = nowNanos;
            this.judgeFromNanos = nowNanos;
        }
    }

    private record Deadline(long atNanos, long sequence, Watch watch)
            implements Comparable<Deadline> {
        @Override
        public int compareTo(Deadline other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    public LivenessMachine(LivenessLimits limits) {
        this.limits = limits;
    }

    /**
     * When {@link LivenessEvent.DeadlineReached} should be applied next; {@link Long#MAX_VALUE}
     * when nothing is awaited. May be earlier than anything happens.
     */
    public long nextDeadlineNanos() {
        Deadline first = deadlines.peek();
        return first == null ? Long.MAX_VALUE : first.atNanos();
    }

    /** Entries in the queue, stale ones included. */
    int deadlinesQueued() {
        return deadlines.size();
    }

    /** How many agents are watched. */
    public int watched() {
        return watches.size();
    }

    /**
     * The silence after which that agent is lost, as of now; 0 for an agent that is not watched.
     */
    public long silenceLimitNanos(AgentKey agent) {
        Watch watch = watches.get(agent.id());
        return watch == null || !watch.agent.equals(agent) ? 0 : limitOf(watch);
    }

    /**
     * Takes one event; {@code nowNanos} is monotonic and never earlier than before. Events about
     * unknown agents, old streams and old dials change nothing.
     */
    public List<LivenessEffect> apply(LivenessEvent event, long nowNanos) {
        return switch (event) {
            case LivenessEvent.Heard heard -> heard(heard.agent(), heard.stream(), nowNanos);
            case LivenessEvent.Beat beat -> beat(beat, nowNanos);
            case LivenessEvent.StreamOpened opened -> opened(opened, nowNanos);
            case LivenessEvent.StreamBroken broken -> broken(broken, nowNanos);
            case LivenessEvent.Leaving leaving -> leaving(leaving);
            case LivenessEvent.RegistrationSeen seen -> registrationSeen(seen);
            case LivenessEvent.RegistrationGone gone -> registrationGone(gone, nowNanos);
            case LivenessEvent.DialEnded ended -> dialEnded(ended, nowNanos);
            case LivenessEvent.DeadlineReached() -> deadlineReached(nowNanos);
        };
    }

    private List<LivenessEffect> heard(AgentKey agent, long stream, long nowNanos) {
        Watch watch = watch(agent);
        if (watch == null || watch.stream != stream || watch.phase == Phase.BROKEN) {
            return List.of();
        }
        long gap = nowNanos - watch.lastSignNanos;
        if (gap >= limits.heartbeatNanos() / 2) {
            // Shorter gaps are reports between heartbeats: they say nothing about how late a
            // heartbeat may be.
            watch.longestGapNanos =
                    Math.max(
                            gap,
                            watch.longestGapNanos - watch.longestGapNanos / GAP_FORGET_DIVISOR);
            watch.gaps = Math.min(GAPS_TO_TRUST, watch.gaps + 1);
        }
        watch.lastSignNanos = nowNanos;
        watch.judgeFromNanos = nowNanos;
        if (watch.phase != Phase.SUSPECTED) {
            return List.of();
        }
        watch.phase = Phase.STREAMING;
        watch.dial = 0;
        arm(watch, nowNanos);
        return List.of(new LivenessEffect.Cleared(watch.agent));
    }

    private List<LivenessEffect> beat(LivenessEvent.Beat beat, long nowNanos) {
        List<LivenessEffect> effects = heard(beat.agent(), beat.stream(), nowNanos);
        Watch watch = watch(beat.agent());
        if (watch == null
                || watch.stream != beat.stream()
                || watch.phase == Phase.BROKEN
                || beat.answered() == LivenessEvent.Beat.UNTOLD) {
            return effects;
        }
        boolean hears = beat.answered() > watch.answerHeard || beat.answered() >= watch.answerGiven;
        watch.answerHeard = Math.max(watch.answerHeard, beat.answered());
        watch.answerGiven = beat.sequence();
        if (hears) {
            watch.deafBeats = 0;
            return effects;
        }
        if (watch.deafBeats++ == 0) {
            watch.deafSinceNanos = nowNanos;
        }
        long deaf = nowNanos - watch.deafSinceNanos;
        if (watch.deafBeats < BEATS_TO_BE_DEAF || deaf < limits.mostSilenceNanos()) {
            return effects;
        }
        var lost = new ArrayList<>(effects);
        lost.add(declareLost(watch, new LostCause.Deaf(deaf, limits.mostSilenceNanos())));
        return lost;
    }

    private List<LivenessEffect> opened(LivenessEvent.StreamOpened opened, long nowNanos) {
        Watch watch = watches.get(opened.agent().id());
        if (watch == null) {
            watch(new Watch(opened.agent(), opened.stream(), nowNanos), nowNanos);
            return List.of();
        }
        if (opened.stream() <= watch.stream) {
            return List.of();
        }
        if (!watch.agent.equals(opened.agent())) {
            List<LivenessEffect> lost = List.of(declareLost(watch, new LostCause.Replaced()));
            watch(new Watch(opened.agent(), opened.stream(), nowNanos), nowNanos);
            return lost;
        }
        boolean suspected = watch.phase == Phase.SUSPECTED;
        watch.stream = opened.stream();
        watch.answerGiven = 0;
        watch.answerHeard = 0;
        watch.deafBeats = 0;
        watch.phase = Phase.STREAMING;
        watch.lastSignNanos = nowNanos;
        watch.judgeFromNanos = nowNanos;
        watch.dial = 0;
        watch.redialAtNanos = Long.MAX_VALUE;
        arm(watch, nowNanos);
        return suspected ? List.of(new LivenessEffect.Cleared(watch.agent)) : List.of();
    }

    private List<LivenessEffect> broken(LivenessEvent.StreamBroken broken, long nowNanos) {
        Watch watch = watch(broken.agent());
        if (watch == null || watch.stream != broken.stream() || watch.phase == Phase.BROKEN) {
            return List.of();
        }
        if (watch.phase == Phase.STREAMING) {
            watch.lastSignNanos = nowNanos;
        }
        if (watch.sessionGone
                && nowNanos - watch.sessionGoneAtNanos >= limits.sessionGraceNanos()) {
            return List.of(declareLost(watch, new LostCause.SessionGoneToo()));
        }
        watch.phase = Phase.BROKEN;
        watch.brokenAtNanos = nowNanos;
        watch.redialAtNanos = Long.MAX_VALUE;
        arm(watch, nowNanos);
        return List.of(dial(watch));
    }

    private List<LivenessEffect> leaving(LivenessEvent.Leaving leaving) {
        Watch watch = watch(leaving.agent());
        if (watch == null || watch.stream != leaving.stream()) {
            return List.of();
        }
        return List.of(declareLost(watch, new LostCause.Left(leaving.reason())));
    }

    private List<LivenessEffect> registrationSeen(LivenessEvent.RegistrationSeen seen) {
        Watch watch = watch(seen.agent());
        if (watch != null) {
            watch.sessionGone = false;
        }
        return List.of();
    }

    private List<LivenessEffect> registrationGone(
            LivenessEvent.RegistrationGone gone, long nowNanos) {
        Watch watch = watch(gone.agent());
        if (watch == null || watch.sessionGone) {
            return List.of();
        }
        if (watch.phase == Phase.BROKEN) {
            return List.of(declareLost(watch, new LostCause.SessionGoneToo()));
        }
        watch.sessionGone = true;
        watch.sessionGoneAtNanos = nowNanos;
        return List.of();
    }

    private List<LivenessEffect> dialEnded(LivenessEvent.DialEnded ended, long nowNanos) {
        Watch watch = watch(ended.agent());
        if (watch == null || watch.dial != ended.dial()) {
            return List.of();
        }
        watch.dial = 0;
        return switch (ended.result()) {
            case REFUSED -> List.of(declareLost(watch, new LostCause.ConnectionRefused()));
            case OTHER_INCARNATION -> List.of(declareLost(watch, new LostCause.Replaced()));
            case SAME_INCARNATION, TIMEOUT -> {
                // A dying process may answer a last time before its sockets close: ask again while
                // it is waited for.
                if (watch.phase == Phase.BROKEN) {
                    watch.redialAtNanos = nowNanos + limits.redialNanos();
                    arm(watch, nowNanos);
                }
                yield List.of();
            }
        };
    }

    private List<LivenessEffect> deadlineReached(long nowNanos) {
        var effects = new ArrayList<LivenessEffect>();
        Deadline first = deadlines.peek();
        if (first != null && nowNanos - first.atNanos() >= limits.heartbeatNanos()) {
            forgiveOwnPause(nowNanos);
        }
        while (true) {
            Deadline due = deadlines.peek();
            if (due == null || due.atNanos() > nowNanos) {
                return effects;
            }
            deadlines.remove();
            if (due.watch().armed == due.sequence()) {
                due.watch().armed = NONE;
                judge(due.watch(), nowNanos, effects);
            }
        }
    }

    /**
     * This process did not run for a while: what the agents said meanwhile may still be queued
     * behind this event.
     */
    private void forgiveOwnPause(long nowNanos) {
        for (Watch watch : watches.values()) {
            if (watch.phase == Phase.BROKEN) {
                watch.brokenAtNanos =
                        Math.max(
                                watch.brokenAtNanos,
                                nowNanos + limits.heartbeatNanos() - limits.returnNanos());
            } else {
                long limit = limitOf(watch);
                watch.judgeFromNanos =
                        Math.max(watch.judgeFromNanos, nowNanos + limits.heartbeatNanos() - limit);
            }
        }
    }

    private void judge(Watch watch, long nowNanos, List<LivenessEffect> effects) {
        switch (watch.phase) {
            case STREAMING -> {
                long silent = nowNanos - watch.judgeFromNanos;
                if (silent >= limitOf(watch) / 2) {
                    watch.phase = Phase.SUSPECTED;
                    effects.add(
                            new LivenessEffect.Suspect(
                                    watch.agent, nowNanos - watch.lastSignNanos));
                    effects.add(dial(watch));
                }
            }
            case SUSPECTED -> {
                long limit = limitOf(watch);
                if (nowNanos - watch.judgeFromNanos >= limit) {
                    effects.add(
                            declareLost(
                                    watch,
                                    new LostCause.Silent(nowNanos - watch.lastSignNanos, limit)));
                    return;
                }
            }
            case BROKEN -> {
                if (nowNanos - watch.brokenAtNanos >= limits.returnNanos()) {
                    effects.add(declareLost(watch, new LostCause.StayedAway(limits.returnNanos())));
                    return;
                }
                if (nowNanos >= watch.redialAtNanos) {
                    watch.redialAtNanos = Long.MAX_VALUE;
                    effects.add(dial(watch));
                }
            }
        }
        arm(watch, nowNanos);
    }

    private LivenessEffect dial(Watch watch) {
        watch.dial = nextDial++;
        return new LivenessEffect.Dial(watch.agent, watch.dial);
    }

    private LivenessEffect declareLost(Watch watch, LostCause cause) {
        watches.remove(watch.agent.id());
        watch.armed = NONE;
        return new LivenessEffect.DeclareLost(watch.agent, cause, watch.lastSignNanos);
    }

    private void watch(Watch watch, long nowNanos) {
        watches.put(watch.agent.id(), watch);
        arm(watch, nowNanos);
    }

    private @Nullable Watch watch(AgentKey agent) {
        Watch watch = watches.get(agent.id());
        return watch == null || !watch.agent.equals(agent) ? null : watch;
    }

    private long limitOf(Watch watch) {
        if (watch.gaps < GAPS_TO_TRUST) {
            return limits.mostSilenceNanos();
        }
        return Math.min(
                limits.mostSilenceNanos(),
                Math.max(4 * limits.heartbeatNanos(), 3 * watch.longestGapNanos));
    }

    /**
     * Words between deadlines do not touch the queue: the deadline finds out and is armed again. An
     * entry that is armed over stays queued, stale, until it is due: at most the longest limit.
     */
    private void arm(Watch watch, long nowNanos) {
        long at =
                switch (watch.phase) {
                    case STREAMING -> watch.judgeFromNanos + limitOf(watch) / 2;
                    case SUSPECTED -> watch.judgeFromNanos + limitOf(watch);
                    case BROKEN ->
                            Math.min(
                                    watch.brokenAtNanos + limits.returnNanos(),
                                    watch.redialAtNanos);
                };
        watch.armed = nextDeadlineSequence++;
        deadlines.add(new Deadline(Math.max(at, nowNanos), watch.armed, watch));
    }
}
