package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.maintenance.Maintenance;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.SampleCountRule;

import org.junit.jupiter.api.Test;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Every phase meets every event. The table is what the machine does; a pair without an entry fails,
 * and so does one that does something else.
 */
final class JobTransitionsTest {
    /** Rows: events. Columns: phases in order. A dot: stays. */
    private static final String TABLE =
            """
                                 wait  fence plan  retrn prst  prep  actv  ACT   fin   rec   DONE  FAIL  CANC
            attached             ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            attached again       ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            attached, restarted  ·     ·     ·     ·     fence fence fence fence fence ·     ·     ·     ·
            ready                prst  ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            unfit                ·     ·     ·     ·     fence fence fence fence ·     ·     ·     ·     ·
            lost                 ·     ·     ·     ·     fence fence fence fence fence ·     ·     ·     ·
            spare lost           ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            inventory            ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            view ready           ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            view ready, wrong    ·     ·     ·     ·     ·     fence ·     ·     ·     ·     ·     ·     ·
            view failed          ·     ·     ·     ·     ·     fence fence fence ·     ·     ·     ·     ·
            view failed, state   ·     ·     ·     ·     ·     fence fence fence ·     ·     ·     ·     ·
            progress             ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            progress of all      ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            worker lost          ·     ·     ·     ·     fence fence fence fence fence ·     ·     ·     ·
            copy held            ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            copies refused       ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            final state          ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            accused              ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            hangs                ·     ·     ·     ·     ·     ·     ·     fence ·     ·     ·     ·     ·
            preparing durable    ·     ·     ·     ·     prep  ·     ·     ·     ·     ·     ·     ·     ·
            active durable       ·     ·     ·     ·     ·     ·     ACT   ·     ·     ·     ·     ·     ·
            result durable       ·     ·     ·     ·     ·     ·     ·     ·     ·     DONE  ·     ·     ·
            account durable      ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer FENCE_LIMIT    ·     retrn ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer PREPARE_LIMIT  ·     ·     ·     ·     ·     fence ·     ·     ·     ·     ·     ·     ·
            timer SETTLE         ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer WORKER_RESTART ·     ·     prst  ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer RETURN_WAIT    ·     ·     ·     rec   ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer TICK           ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            timer FINAL_LIMIT    ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            pause                ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            pause durable        ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            resume               ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            held                 ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            steps halted         ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            drained              ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            store gone           ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·     ·
            cancel               rec   rec   rec   rec   rec   rec   rec   rec   rec   ·     ·     ·     ·
            """;

    private final Map<String, Function<Scene, JobEvent>> events = new LinkedHashMap<>();

    /**
     * A story in some phase: a 2×2 job whose rank 0 died or is about to; {@code member} is alive.
     */
    private record Scene(JobStory story, SimAgent member, SimAgent other, SimAgent loading) {
        long epoch() {
            return story.effects.stream()
                    .mapToLong(effect ->
                            switch (effect) {
                                case JobEffect.PersistView persist -> persist.view().epoch();
                                case JobEffect.SendFence fence -> fence.epoch();
                                default -> 0;
                            })
                    .max()
                    .orElse(0);
        }
    }

    JobTransitionsTest() {
        events.put(
                "attached",
                s ->
                        new JobEvent.AgentAttached(
                                new SimAgent(s.story, "z9", 99).profile, Inventory.EMPTY));
        events.put(
                "attached again",
                s -> new JobEvent.AgentAttached(s.member.profile, s.member.inventory()));
        events.put(
                "attached, restarted",
                s ->
                        new JobEvent.AgentAttached(
                                new SimAgent(s.story, s.member.key.id(), 98).profile,
                                Inventory.EMPTY));
        events.put("ready", s -> new JobEvent.AgentReady(s.loading.key, s.story.layout, 1, 1));
        events.put("unfit", s -> new JobEvent.AgentUnfit(s.member.key, "no data"));
        events.put("lost", s -> new JobEvent.AgentLost(s.member.key, "reset", s.story.now));
        events.put("spare lost", s -> new JobEvent.AgentLost(s.loading.key, "reset", s.story.now));
        events.put("inventory", s -> new JobEvent.InventoryReported(s.member.key, inventory(s)));
        events.put(
                "view ready",
                s ->
                        new JobEvent.ViewReadyReported(
                                s.member.key, s.epoch(), 6, Digest.NONE, "live", 0, 0));
        events.put(
                "view ready, wrong",
                s ->
                        new JobEvent.ViewReadyReported(
                                s.member.key, s.epoch(), 5, Digest.NONE, "live", 0, 0));
        events.put(
                "view failed",
                s ->
                        new JobEvent.ViewFailedReported(
                                s.member.key, s.epoch(), "no room", false, null, null));
        events.put(
                "view failed, state",
                s ->
                        new JobEvent.ViewFailedReported(
                                s.member.key,
                                s.epoch(),
                                "damaged",
                                true,
                                new StateName(1, 6, 1),
                                s.other.key));
        events.put("progress", s -> new JobEvent.ProgressReported(s.member.key, progress(s)));
        events.put(
                "progress of all",
                s ->
                        new JobEvent.AllProgressed(
                                epochOf(s.story), progress(s).runs(), progress(s).floor()));
        events.put(
                "worker lost",
                s -> new JobEvent.WorkerLostReported(s.member.key, s.epoch(), "exit 1", false));
        events.put(
                "copy held",
                s ->
                        new JobEvent.CopyHeldReported(
                                s.member.key,
                                new HeldState(new StateName(1, 4, 0), Digest.NONE, 1),
                                1));
        events.put(
                "copies refused", s -> new JobEvent.CopiesRefused(s.member.key, 1, 0, "no memory"));
        events.put(
                "final state",
                s ->
                        new JobEvent.FinalStateReported(
                                s.member.key,
                                new FinalShard(
                                        s.epoch(), 20, 1, List.of(), false, 0, 0, 0, List.of())));
        events.put(
                "accused",
                s -> new JobEvent.LinkAccused(s.member.key, s.other.key, s.epoch(), "timed out"));
        events.put(
                "hangs",
                s -> new JobEvent.HangSuspected(s.member.key, s.epoch(), false, "stuck", 3_000));
        events.put(
                "preparing durable",
                s -> new JobEvent.ViewPersisted(s.epoch(), JobEffect.ViewState.PREPARING));
        events.put(
                "active durable",
                s -> new JobEvent.ViewPersisted(s.epoch(), JobEffect.ViewState.ACTIVE));
        events.put("result durable", s -> new JobEvent.ResultPersisted());
        events.put("account durable", s -> new JobEvent.AccountPersisted(epochOf(s.story), 6));
        for (JobEffect.TimerKind kind : JobEffect.TimerKind.values()) {
            events.put("timer " + kind, s -> new JobEvent.TimerFired(kind, s.epoch()));
        }
        events.put("pause", s -> new JobEvent.PauseRequested("new data"));
        events.put("pause durable", s -> new JobEvent.PausePersisted(1));
        events.put("resume", s -> new JobEvent.ResumeRequested());
        events.put("held", s -> new JobEvent.StepsHeld(s.member.key, epochOf(s.story), 6));
        events.put(
                "steps halted",
                s -> new JobEvent.StepsHaltedReported(s.member.key, s.epoch(), 1, 7, true));
        events.put("drained", s -> new JobEvent.MaintenanceOrdered(drained(s.member), false));
        events.put("store gone", s -> new JobEvent.StoreReachable(false));
        events.put("cancel", s -> new JobEvent.CancelRequested("enough"));
    }

    private static Maintenance drained(SimAgent agent) {
        var book = new MaintenanceBook();
        book.noticed(agent.key, "SIGTERM", Long.MAX_VALUE);
        return book.orders();
    }

    private static Inventory inventory(Scene scene) {
        Inventory held = scene.member.inventory();
        return new Inventory(
                scene.epoch(),
                true,
                held.live(),
                held.snapshots(),
                held.copies(),
                null,
                held.floor());
    }

    private static Progress progress(Scene scene) {
        long samples = SampleCountRule.samples(scene.story.spec, 1, 7, 7);
        var run = new StepRun(7, 7, 1_000, 1_000, 0, 0, 0, 0, samples, 0, 1, Digest.NONE, 0, 0);
        return new Progress(epochOf(scene.story), 1, List.of(run), 0);
    }

    private static Scene sceneIn(JobPhase phase) {
        boolean shardGoes = phase == JobPhase.RETURN_WAIT || phase == JobPhase.FAILED;
        var story = shardGoes ? new JobStory(1, 2, 0, 20) : new JobStory(2, 2, 1, 20);
        SimAgent loading = story.comes("y8", false);
        story.attach("a0", "a1", "a2", "a3");
        story.pass(400 * JobStory.MILLI);
        boolean spare = phase != JobPhase.WAITING;
        if (spare && !shardGoes) {
            story.attach("a4");
        }
        story.steps(6);
        SimAgent victim = story.atRank(0);
        SimAgent member = story.atRank(1);
        SimAgent other = story.atRank(story.spec.mesh().ranks() - 1);
        Set<JobPhase> ends = EnumSet.of(JobPhase.FINISHING, JobPhase.RECORDING, JobPhase.COMPLETED);
        switch (phase) {
            case WAITING, RETURN_WAIT -> story.kill(victim.key.id());
            case FENCING -> {
                story.hold = JobEffect.SendFence.class::isInstance;
                story.kill(victim.key.id());
            }
            case PLANNING -> story.killWorker(victim.key.id());
            case PERSISTING -> {
                story.hold = JobEffect.PersistView.class::isInstance;
                story.kill(victim.key.id());
            }
            case PREPARING -> {
                story.hold = JobEffect.SendPrepareView.class::isInstance;
                story.kill(victim.key.id());
            }
            case ACTIVATING -> {
                story.hold =
                        effect ->
                                effect instanceof JobEffect.PersistView persist
                                        && persist.state() == JobEffect.ViewState.ACTIVE;
                story.kill(victim.key.id());
            }
            case ACTIVE -> {}
            case FINISHING -> story.hold = JobEffect.SendCollectFinal.class::isInstance;
            case RECORDING -> story.hold = JobEffect.PersistResult.class::isInstance;
            case COMPLETED -> story.finish();
            case FAILED -> story.kill(victim.key.id()).pass(61_000 * JobStory.MILLI);
            case CANCELLED -> {
                story.tell(new JobEvent.CancelRequested("enough"));
                story.settle();
            }
        }
        if (ends.contains(phase)) {
            story.steps(20);
        }
        story.isIn(phase);
        story.hold = effect -> !(effect instanceof JobEffect.Publish);
        return new Scene(story, member, other, loading);
    }

    @Test
    void everyPhaseMeetsEveryEvent() {
        var table = new StringBuilder(" ".repeat(20));
        for (JobPhase phase : JobPhase.values()) {
            table.append(' ').append(String.format("%-5s", SHORT.get(phase)));
        }
        table.append('\n');
        for (var event : events.entrySet()) {
            table.append(String.format("%-20s", event.getKey()));
            for (JobPhase phase : JobPhase.values()) {
                Scene scene = sceneIn(phase);
                JobEvent what = event.getValue().apply(scene);
                if (what instanceof JobEvent.TimerFired timer) {
                    // The wait for a return ends on time: one that ends late lets many come back.
                    scene.story.now +=
                            timer.kind() == JobEffect.TimerKind.RETURN_WAIT
                                    ? scene.story.spec.returnWaitNanos()
                                    : 70_000 * JobStory.MILLI;
                }
                scene.story.tell(what);
                JobPhase after = scene.story.machine.phase();
                assertThat(after == phase || reachable(phase, after))
                        .as(phase + " → " + after)
                        .isTrue();
                table.append(' ')
                        .append(String.format("%-5s", after == phase ? "·" : SHORT.get(after)));
            }
            table.append('\n');
        }
        assertThat(table.toString().replaceAll(" +\n", "\n")).isEqualTo(TABLE);
    }

    @Test
    void everyKindOfEventIsInTheTable() {
        var kinds = new java.util.HashSet<Class<?>>();
        Scene scene = sceneIn(JobPhase.ACTIVE);
        events.values().forEach(event -> kinds.add(event.apply(scene).getClass()));
        assertThat(kinds).containsExactlyInAnyOrder(JobEvent.class.getPermittedSubclasses());
    }

    /** One event may lead through a fence that nobody needs to answer. */
    private static boolean reachable(JobPhase from, JobPhase to) {
        return from.next().contains(to)
                || from.next().stream().anyMatch(between -> between.next().contains(to));
    }

    private static final EnumMap<JobPhase, String> SHORT = new EnumMap<>(JobPhase.class);

    static {
        SHORT.put(JobPhase.WAITING, "wait");
        SHORT.put(JobPhase.FENCING, "fence");
        SHORT.put(JobPhase.PLANNING, "plan");
        SHORT.put(JobPhase.RETURN_WAIT, "retrn");
        SHORT.put(JobPhase.PERSISTING, "prst");
        SHORT.put(JobPhase.PREPARING, "prep");
        SHORT.put(JobPhase.ACTIVATING, "actv");
        SHORT.put(JobPhase.ACTIVE, "ACT");
        SHORT.put(JobPhase.FINISHING, "fin");
        SHORT.put(JobPhase.RECORDING, "rec");
        SHORT.put(JobPhase.COMPLETED, "DONE");
        SHORT.put(JobPhase.FAILED, "FAIL");
        SHORT.put(JobPhase.CANCELLED, "CANC");
    }

    static long epochOf(JobStory story) {
        View view = story.machine.view();
        return view == null ? 0 : view.epoch();
    }
}
