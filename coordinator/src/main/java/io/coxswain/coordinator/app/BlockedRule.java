package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.job.WaitReason;
import io.coxswain.coordinator.core.liveness.HangRule;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.picture.Blocked;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** Says of a running job what blocks its progress, in one line. Stateless. */
final class BlockedRule {
    private static final long SECOND = 1_000_000_000L;

    /** Names that are told one by one. */
    private static final int NAMED = 8;

    /** Without a step time: so long may the first steps take before anybody is worried. */
    private static final long FIRST_STEPS_NANOS = 30 * SECOND;

    private static final String ZOOKEEPER = "ZooKeeper";

    private BlockedRule() {}

    static Blocked of(
            JobRun run,
            JobMachine machine,
            Roster roster,
            boolean suspended,
            long nowNanos,
            LongUnaryOperator wallMillis) {
        Blocked judged = judge(run, machine, roster, suspended, nowNanos, wallMillis);
        return judged.healthy() ? judged : withWaits(judged, roster);
    }

    /** The same, if agents wait for what somebody else must do. */
    private static Blocked withWaits(Blocked judged, Roster roster) {
        List<Roster.Entry> waiting =
                roster.all().stream()
                        .filter(entry -> entry.beat != null && !entry.beat.waitsFor().isEmpty())
                        .toList();
        if (waiting.isEmpty()) {
            return judged;
        }
        Roster.Entry first = waiting.getFirst();
        AgentWord.Heartbeat beat = first.beat;
        int more = waiting.size() - 1;
        return new Blocked(
                false,
                judged.what()
                        + "; "
                        + first.profile.key().id()
                        + " waits for "
                        + (beat == null ? "" : beat.waitsFor())
                        + (more > 0 ? "; " + more + " more agents wait likewise" : ""),
                judged.sinceMillis(),
                few(waiting.stream().map(entry -> entry.profile.key().id()).toList()),
                "it goes on by itself when they have come");
    }

    private static Blocked judge(
            JobRun run,
            JobMachine machine,
            Roster roster,
            boolean suspended,
            long nowNanos,
            LongUnaryOperator wallMillis) {
        long since = wallMillis.applyAsLong(machine.phaseSinceNanos());
        List<String> waitsOn = names(machine.waitedFor());
        String why = machine.phaseReason();
        WaitReason waiting = machine.waiting();
        String waits = waiting == null ? why : waiting.text();
        if (suspended && machine.phase() != JobPhase.ACTIVE) {
            return new Blocked(
                    false,
                    "ZooKeeper is out of reach: nothing can be decided",
                    since,
                    List.of(ZOOKEEPER),
                    "the job goes on with " + phaseWords(machine.phase()) + " when it answers");
        }
        return switch (machine.phase()) {
            case WAITING ->
                    new Blocked(
                            false,
                            "waiting: " + waits,
                            since,
                            waitsOn,
                            waiting instanceof WaitReason.AgentsMissing
                                    ? "steps begin when that many agents are attached and ready:"
                                            + " start them"
                                    : "a view is planned when they are ready");
            case FENCING ->
                    new Blocked(
                            false,
                            "recovering: members are fenced and say what they hold (" + why + ")",
                            since,
                            waitsOn,
                            "then the recovery is planned from what they hold");
            case PLANNING ->
                    new Blocked(
                            false,
                            "recovering: " + waits,
                            since,
                            waitsOn,
                            "it keeps its rank if it is back in time, else a spare takes it");
            case RETURN_WAIT ->
                    new Blocked(
                            false,
                            "recovering: " + waits,
                            since,
                            List.of("a holder of the lost shard"),
                            "the job fails after "
                                    + seconds(machine.spec().returnWaitNanos())
                                    + " unless one comes back with its memory");
            case PERSISTING ->
                    new Blocked(
                            false,
                            starting(machine) + ": the new view is being recorded",
                            since,
                            List.of(ZOOKEEPER),
                            "then its members restore");
            case PREPARING ->
                    new Blocked(
                            false,
                            starting(machine) + ": members restore (" + why + ")",
                            since,
                            waitsOn,
                            "steps go on when all of them are ready");
            case ACTIVATING ->
                    new Blocked(
                            false,
                            starting(machine)
                                    + ": all members are ready, the view is being"
                                    + " recorded",
                            since,
                            List.of(ZOOKEEPER),
                            "then steps go on");
            case ACTIVE -> active(run, machine, roster, suspended, nowNanos, wallMillis);
            case FINISHING ->
                    new Blocked(
                            waitsOn.isEmpty(),
                            "finishing: final states are collected",
                            since,
                            waitsOn,
                            "then the result is recorded");
            case RECORDING ->
                    new Blocked(
                            false,
                            "the result is being recorded",
                            since,
                            List.of(ZOOKEEPER),
                            "then the job is over");
            case COMPLETED, FAILED, CANCELLED ->
                    new Blocked(
                            machine.phase() != JobPhase.FAILED,
                            machine.phase().name().toLowerCase(Locale.ROOT)
                                    + (run.detail().isEmpty() ? "" : ": " + run.detail()),
                            since,
                            List.of(),
                            "");
        };
    }

    private static Blocked active(
            JobRun run,
            JobMachine machine,
            Roster roster,
            boolean suspended,
            long nowNanos,
            LongUnaryOperator wallMillis) {
        if (StatusPhases.stands(machine)) {
            return new Blocked(
                    true,
                    String.format(
                            Locale.ROOT,
                            "paused after step %,d: %s",
                            machine.completedStep(),
                            machine.pause(nowNanos).reason()),
                    wallMillis.applyAsLong(machine.pause(nowNanos).sinceNanos()),
                    List.of(),
                    "steps go on when somebody resumes it: coxswain resume");
        }
        long stepped = Math.max(machine.phaseSinceNanos(), run.steppedNanos());
        long still = nowNanos - stepped;
        long budget =
                machine.stepTimes().known()
                        ? Math.max(SECOND, 4 * machine.stepTimes().longestNanos())
                        : FIRST_STEPS_NANOS;
        if (still > budget) {
            return stalled(machine, roster, still, wallMillis.applyAsLong(stepped));
        }
        if (suspended) {
            return new Blocked(
                    false,
                    "ZooKeeper is out of reach: training goes on, but nothing could be decided",
                    wallMillis.applyAsLong(run.suspendedNanos()),
                    List.of(ZOOKEEPER),
                    "a failure now stops the job until ZooKeeper answers");
        }
        return new Blocked(
                true,
                String.format(
                        Locale.ROOT,
                        "training: step %,d of %,d",
                        machine.completedStep(),
                        machine.spec().steps()),
                wallMillis.applyAsLong(machine.phaseSinceNanos()),
                List.of(),
                "");
    }

    /** No step for longer than the job's own steps explain: whom do the ranks wait for? */
    private static Blocked stalled(
            JobMachine machine, Roster roster, long stillNanos, long sinceMillis) {
        View view = machine.view();
        var accusers = new HashMap<Integer, Integer>();
        var words = new HashMap<Integer, AgentWord.Heartbeat>();
        var silent = new ArrayList<String>();
        List<AgentProfile> members = view == null ? List.of() : view.members();
        for (int rank = 0; rank < members.size(); rank++) {
            Roster.Entry entry = roster.of(members.get(rank).key());
            if (entry == null || entry.suspect || !entry.streaming) {
                silent.add(members.get(rank).key().id());
            } else if (entry.beat != null) {
                words.put(rank, entry.beat);
                entry.beat.waitingForRanks().forEach(of -> accusers.merge(of, 1, Integer::sum));
            }
        }
        String what = "no step for " + seconds(stillNanos) + ": ";
        if (!silent.isEmpty()) {
            return new Blocked(
                    false,
                    what + "no sign of life from " + listed(silent),
                    sinceMillis,
                    few(silent),
                    "whoever stays silent is declared lost within seconds, and a recovery begins");
        }
        int blamed = -1;
        int waiting = 0;
        for (Map.Entry<Integer, Integer> accused : accusers.entrySet()) {
            if (accused.getKey() < members.size() && (blamed < 0 || accused.getValue() > waiting)) {
                blamed = accused.getKey();
                waiting = accused.getValue();
            }
        }
        if (blamed < 0) {
            return new Blocked(
                    false,
                    what + "all ranks are at work, nobody waits for anybody",
                    sinceMillis,
                    List.of(),
                    "");
        }
        String id = members.get(blamed).key().id();
        AgentWord.Heartbeat word = words.get(blamed);
        String doing = word == null || word.operation().isEmpty() ? "" : " in " + word.operation();
        long limit = HangRule.budgetNanos(machine.stepTimes());
        return new Blocked(
                false,
                what
                        + waiting
                        + (waiting == 1 ? " rank waits" : " ranks wait")
                        + " for rank "
                        + blamed
                        + " ("
                        + id
                        + doing
                        + ")",
                sinceMillis,
                List.of(id),
                limit == Long.MAX_VALUE
                        ? ""
                        : "a hang is assumed after " + seconds(limit) + ", and it is fenced");
    }

    private static String starting(JobMachine machine) {
        return machine.lineage().branches().isEmpty() ? "starting" : "recovering";
    }

    private static String phaseWords(JobPhase phase) {
        return phase.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static List<String> names(List<AgentKey> keys) {
        return few(keys.stream().map(AgentKey::id).toList());
    }

    private static List<String> few(List<String> names) {
        if (names.size() <= NAMED) {
            return names;
        }
        var few = new ArrayList<>(names.subList(0, NAMED - 1));
        few.add((names.size() - few.size()) + " more agents");
        return few;
    }

    private static String listed(List<String> names) {
        return String.join(", ", few(names));
    }

    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }
}
