package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.StepRun;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One machine and everything around it played by the test, in the words of the design. The agent is
 * rank 0 of a 1×2 mesh unless it is ordered otherwise.
 */
final class Story {
    static final String JOB = "job-1";
    static final long MILLI = 1_000_000L;
    static final long LEASE = 10_000 * MILLI;
    static final Peer SELF = peer("a");
    static final Peer OTHER = peer("b");
    static final Peer SPARE = peer("s");
    static final StateLayout LAYOUT =
            new StateLayout(
                    100,
                    List.of(0L, 50L, 100L),
                    List.of(1000L, 1000L),
                    List.of(2000L, 2000L),
                    "print",
                    true);

    final AgentMachine machine = new AgentMachine(SELF.key(), AgentLimits.DEFAULT);
    final List<AgentEffect> all = new ArrayList<>();
    List<AgentEffect> last = List.of();
    long now = 1_000 * MILLI;
    long term = 7;
    int generation = 1;
    long epoch;
    long base;
    int rank;

    static Peer peer(String id) {
        return new Peer(
                new AgentKey(id, id.repeat(32)), new Endpoint("127.0.0.1", 1000 + id.charAt(0)));
    }

    static JobSpec job() {
        return job(JOB);
    }

    static JobSpec job(String id) {
        return new JobSpec(
                id,
                "digits",
                1,
                2,
                1000,
                1,
                "data",
                64,
                4,
                1,
                1,
                0,
                60_000 * MILLI,
                "runtime",
                "agent",
                "reference",
                "{}");
    }

    static Digest digest(long step, int shard) {
        return new Digest("%032x".formatted(step * 10 + shard + 1));
    }

    static StateName state(long epoch, long step, int shard) {
        return new StateName(JOB, epoch, step, shard);
    }

    static StepPlan plan(long epoch, int snapshotEvery, int reportEvery) {
        return new StepPlan(
                epoch,
                List.of(
                        new StepPlan.Operation(1, StepPlan.Kind.EXECUTE, List.of(), false, 1, 0, 2),
                        new StepPlan.Operation(2, StepPlan.Kind.REDUCE, List.of(1), false, 1, 0, 0),
                        new StepPlan.Operation(3, StepPlan.Kind.APPLY, List.of(2), false, 1, 0, 0),
                        new StepPlan.Operation(
                                4, StepPlan.Kind.SNAPSHOT, List.of(3), false, snapshotEvery, 0, 0),
                        new StepPlan.Operation(5, StepPlan.Kind.GATHER, List.of(3), false, 1, 0, 0),
                        new StepPlan.Operation(
                                6, StepPlan.Kind.DIGEST, List.of(4), true, snapshotEvery, 0, 0),
                        new StepPlan.Operation(
                                7, StepPlan.Kind.REPLICATE, List.of(6), true, snapshotEvery, 0, 0)),
                reportEvery);
    }

    static View view(long epoch, long base) {
        return new View(JOB, epoch, epoch - 1, base, 1, 2, List.of(SELF, OTHER));
    }

    static Restore init(int shard) {
        return new Restore(Restore.Action.INIT, state(0, 0, shard), Digest.NONE, null);
    }

    static CopyDuty duty(int rank, Peer holder) {
        return new CopyDuty(rank, rank, holder);
    }

    // ---------------------------------------------------------------- giving

    Story give(AgentEvent event) {
        last = machine.step(event, now);
        all.addAll(last);
        return this;
    }

    Story later(long nanos) {
        now += nanos;
        return give(new AgentEvent.Tick());
    }

    Story attached() {
        give(new AgentEvent.StreamOpened());
        return give(new AgentEvent.Welcomed(term, 250 * MILLI, LEASE));
    }

    Story offered() {
        return give(new AgentEvent.JobOffered(term, job()));
    }

    /** The worker came up and loaded the job; files are made at once. */
    Story loaded() {
        generation =
                find(AgentEffect.StartWorker.class)
                        .map(AgentEffect.StartWorker::generation)
                        .orElse(generation);
        give(new AgentEvent.WorkerConnected(generation));
        give(loadedEvent());
        return filesMade();
    }

    AgentEvent.JobLoaded loadedEvent() {
        return new AgentEvent.JobLoaded(generation, LAYOUT, 0, 4, 1, 2);
    }

    /** All files asked for in the last effects are there. */
    Story filesMade() {
        List<AgentEffect> seen = new ArrayList<>();
        for (AgentEffect.CreateFile create : each(AgentEffect.CreateFile.class)) {
            give(new AgentEvent.FileReady(create.file()));
            seen.addAll(last);
        }
        last = seen.isEmpty() ? last : seen;
        return this;
    }

    Story standby() {
        return attached().offered().loaded();
    }

    Story ordered(long newEpoch, long baseStep, Restore restore, CopyDuty... duties) {
        return ordered(newEpoch, baseStep, 0, restore, plan(newEpoch, 1, 10), duties);
    }

    Story ordered(
            long newEpoch,
            long baseStep,
            int ownRank,
            @Nullable Restore restore,
            @Nullable StepPlan plan,
            CopyDuty... duties) {
        epoch = newEpoch;
        base = baseStep;
        rank = ownRank;
        View view =
                ownRank == 1
                        ? new View(
                                JOB, newEpoch, newEpoch - 1, baseStep, 1, 2, List.of(OTHER, SELF))
                        : ownRank == 0
                                ? view(newEpoch, baseStep)
                                : new View(
                                        JOB,
                                        newEpoch,
                                        newEpoch - 1,
                                        baseStep,
                                        1,
                                        2,
                                        List.of(peer("c"), OTHER));
        give(
                new AgentEvent.ViewOrdered(
                        term,
                        new PrepareOrder(
                                view,
                                ownRank,
                                restore,
                                plan,
                                new Placement(JOB, newEpoch, 1, List.of(duties), 0),
                                List.of(),
                                0)));
        filesMade();
        return this;
    }

    Story fencedData() {
        return give(new AgentEvent.DataFenced(machine.promisedEpoch()));
    }

    Story prepared(Digest digest) {
        return give(
                new AgentEvent.ViewPrepared(
                        generation, epoch, base, digest, digest.known() ? 1000 : 0));
    }

    Story started(long through) {
        return give(new AgentEvent.ViewStarted(term, JOB, epoch, through));
    }

    Story gatheredBase() {
        return give(new AgentEvent.Gathered(epoch, base));
    }

    Story executed(long step) {
        return give(
                new AgentEvent.Executed(
                        generation, epoch, step, new float[] {1, 2}, 32, 99, 5 * MILLI, MILLI));
    }

    Story reduced(long step, long floor) {
        return give(
                new AgentEvent.Reduced(epoch, step, 128, floor, new long[] {5 * MILLI, 8 * MILLI}));
    }

    Story applied(long step) {
        return give(new AgentEvent.Applied(generation, epoch, step, MILLI, MILLI / 10));
    }

    Story gathered(long step) {
        return give(new AgentEvent.Gathered(epoch, step));
    }

    Story committed(long step, int slot) {
        return give(
                new AgentEvent.SnapshotCommitted(
                        generation, epoch, step, slot, digest(step, rank), 1000));
    }

    Story verified(long ofEpoch, long step, Peer holder) {
        return give(new AgentEvent.CopyPushed(state(ofEpoch, step, rank), holder.key(), true, ""));
    }

    Story fenced(long newEpoch) {
        return give(new AgentEvent.Fenced(term, JOB, newEpoch));
    }

    Story exited(String cause) {
        return give(new AgentEvent.WorkerExited(generation, cause));
    }

    /**
     * In a first view from the seed, credits up to {@code through}, base gathered and its snapshot
     * (slot 0) committed.
     */
    Story running(long through, CopyDuty... duties) {
        standby()
                .ordered(1, 0, init(0), duties)
                .fencedData()
                .prepared(Digest.NONE)
                .started(through)
                .gatheredBase();
        List<AgentEffect> seen = last;
        committed(0, 0);
        List<AgentEffect> both = new ArrayList<>(seen);
        both.addAll(last);
        last = both;
        return this;
    }

    /**
     * A whole step; its snapshot, if the machine took one, is committed. Returns the slot, -1 if
     * none.
     */
    int made(long step, long floor) {
        executed(step).reduced(step, floor);
        int slot = request(WorkerRequest.Apply.class).orElseThrow().snapshotSlot();
        applied(step).gathered(step);
        if (slot >= 0) {
            committed(step, slot);
        }
        return slot;
    }

    // ---------------------------------------------------------------- looking

    <T extends AgentEffect> List<T> each(Class<T> type) {
        return last.stream().filter(type::isInstance).map(type::cast).toList();
    }

    <T extends AgentEffect> Optional<T> find(Class<T> type) {
        return all.reversed().stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    <T extends WorkerRequest> Optional<T> request(Class<T> type) {
        return each(AgentEffect.AskWorker.class).stream()
                .map(AgentEffect.AskWorker::request)
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst();
    }

    /** The newest request of that kind in the whole story. */
    <T extends WorkerRequest> Optional<T> everAsked(Class<T> type) {
        return all.reversed().stream()
                .filter(AgentEffect.AskWorker.class::isInstance)
                .map(effect -> ((AgentEffect.AskWorker) effect).request())
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst();
    }

    <T extends AgentReport> Optional<T> report(Class<T> type) {
        return each(AgentEffect.Report.class).stream()
                .map(AgentEffect.Report::report)
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst();
    }

    <T extends AgentReport> List<T> everReported(Class<T> type) {
        return all.stream()
                .filter(AgentEffect.Report.class::isInstance)
                .map(effect -> ((AgentEffect.Report) effect).report())
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /** What a report tells of steps; nothing where there is none. */
    static List<StepRun> runsOf(@Nullable Progress progress) {
        return progress == null ? List.of() : progress.runs();
    }

    static FinalParts parts() {
        return new FinalParts(
                List.of(new FinalParts.Leaf("w", 0, 1, 0, "00", "01")), 0.5, 0.9, 64, List.of(32L));
    }
}
