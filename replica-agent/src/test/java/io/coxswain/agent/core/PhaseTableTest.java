package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;
import static io.coxswain.agent.core.Story.OTHER;
import static io.coxswain.agent.core.Story.SELF;
import static io.coxswain.agent.core.Story.SPARE;
import static io.coxswain.agent.core.Story.digest;
import static io.coxswain.agent.core.Story.duty;
import static io.coxswain.agent.core.Story.init;
import static io.coxswain.agent.core.Story.plan;
import static io.coxswain.agent.core.Story.state;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.SnapshotInterval;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Every phase × every event: what the machine does is compared with {@code phase-table.txt}, line
 * by line. A phase or an event without a line fails, so does a line that no pair visits.
 */
class PhaseTableTest {
    private static final String TABLE = "phase-table.txt";

    @Test
    void everyPairDoesWhatTheTableSays() throws IOException {
        Map<Phase, Supplier<Story>> phases = phases();
        Map<String, Function<Story, AgentEvent>> events = events();
        assertThat(phases.keySet()).containsExactlyInAnyOrder(Phase.values());
        assertThat(
                        events.keySet().stream()
                                .map(name -> name.replaceAll(" .*", ""))
                                .collect(Collectors.toSet()))
                .containsExactlyInAnyOrderElementsOf(leaves(AgentEvent.class, new TreeSet<>()));
        List<String> lines = new ArrayList<>();
        for (var phase : phases.entrySet()) {
            for (var event : events.entrySet()) {
                Story story = phase.getValue().get();
                assertThat(story.machine.phase()).isEqualTo(phase.getKey());
                story.give(event.getValue().apply(story));
                lines.add(
                        phase.getKey()
                                + " + "
                                + event.getKey()
                                + " -> "
                                + story.machine.phase()
                                + effects(story));
            }
        }
        assertThat(String.join("\n", lines)).isEqualTo(String.join("\n", expected()));
    }

    private static String effects(Story story) {
        return story.last.isEmpty()
                ? ""
                : story.last.stream()
                        .map(effect ->
                                switch (effect) {
                                    case AgentEffect.Report report ->
                                            report.report().getClass().getSimpleName();
                                    case AgentEffect.AskWorker ask ->
                                            ask.request().getClass().getSimpleName();
                                    case AgentEffect.Reached reached -> "@" + reached.phase();
                                    default -> effect.getClass().getSimpleName();
                                })
                        .collect(Collectors.joining(", ", ": ", ""));
    }

    private static Set<String> leaves(Class<?> type, Set<String> names) {
        for (Class<?> permitted : type.getPermittedSubclasses()) {
            if (permitted.isSealed()) {
                leaves(permitted, names);
            } else {
                names.add(permitted.getSimpleName());
            }
        }
        return names;
    }

    private List<String> expected() throws IOException {
        try (InputStream table = PhaseTableTest.class.getResourceAsStream(TABLE)) {
            assertThat(table).as(TABLE + " beside this class").isNotNull();
            return table == null
                    ? List.of()
                    : new String(table.readAllBytes(), UTF_8).lines().toList();
        }
    }

    private static Map<Phase, Supplier<Story>> phases() {
        Map<Phase, Supplier<Story>> phases = new EnumMap<>(Phase.class);
        phases.put(Phase.NO_JOB, () -> new Story().attached());
        phases.put(
                Phase.WARMING,
                () -> new Story().attached().offered().give(new AgentEvent.WorkerConnected(1)));
        phases.put(Phase.STANDBY, () -> new Story().standby());
        phases.put(Phase.FENCING, () -> stepping().executed(1).reduced(1, 0).fenced(2));
        phases.put(Phase.FENCED, () -> stepping().fenced(2).fencedData());
        phases.put(
                Phase.RESTORING,
                () -> new Story().standby().ordered(1, 0, init(0), duty(0, SPARE)).fencedData());
        phases.put(
                Phase.VIEW_READY,
                () ->
                        new Story()
                                .standby()
                                .ordered(1, 0, init(0), duty(0, SPARE))
                                .fencedData()
                                .prepared(Digest.NONE));
        phases.put(
                Phase.GATHERING,
                () ->
                        new Story()
                                .standby()
                                .ordered(1, 0, init(0), duty(0, SPARE))
                                .fencedData()
                                .prepared(Digest.NONE)
                                .started(5));
        phases.put(Phase.STEPPING, PhaseTableTest::stepping);
        return phases;
    }

    private static Story stepping() {
        return new Story().running(5, duty(0, SPARE), duty(1, SELF));
    }

    private static Map<String, Function<Story, AgentEvent>> events() {
        Map<String, Function<Story, AgentEvent>> events = new LinkedHashMap<>();
        events.put("Tick", s -> new AgentEvent.Tick());
        events.put("StreamOpened", s -> new AgentEvent.StreamOpened());
        events.put("StreamClosed", s -> new AgentEvent.StreamClosed("reset"));
        events.put("Welcomed", s -> new AgentEvent.Welcomed(s.term, 1, 1));
        events.put("Welcomed of a lower term", s -> new AgentEvent.Welcomed(s.term - 1, 1, 1));
        events.put("AttachRejected", s -> new AgentEvent.AttachRejected(s.term, "old"));
        events.put("HeartbeatAnswered", s -> new AgentEvent.HeartbeatAnswered(s.term, 1, 1));
        events.put("JobOffered", s -> new AgentEvent.JobOffered(s.term, Story.job()));
        events.put(
                "JobOffered of another job",
                s -> new AgentEvent.JobOffered(s.term, Story.job("job-2")));
        events.put("Fenced", s -> new AgentEvent.Fenced(s.term, JOB, 9));
        events.put(
                "Fenced below the promise",
                s -> new AgentEvent.Fenced(s.term, JOB, s.machine.promisedEpoch() - 1));
        events.put(
                "ViewOrdered",
                s ->
                        new AgentEvent.ViewOrdered(
                                s.term,
                                new PrepareOrder(
                                        Story.view(9, 0),
                                        0,
                                        init(0),
                                        plan(9, 1, 10),
                                        new Placement(JOB, 9, 1, List.of(duty(0, SPARE)), 0),
                                        List.of(),
                                        0)));
        events.put(
                "ViewOrdered for a spare",
                s ->
                        new AgentEvent.ViewOrdered(
                                s.term,
                                new PrepareOrder(
                                        Story.view(9, 0),
                                        -1,
                                        null,
                                        null,
                                        new Placement(JOB, 9, 1, List.of(duty(1, SELF)), 0),
                                        List.of(),
                                        0)));
        events.put("ViewStarted", s -> new AgentEvent.ViewStarted(s.term, JOB, 1, 7));
        events.put("StepsGranted", s -> new AgentEvent.StepsGranted(s.term, JOB, 1, 7));
        events.put(
                "StepsGranted that holds",
                s ->
                        new AgentEvent.StepsGranted(
                                s.term, JOB, 1, 0, List.of(), SnapshotInterval.PLANNED, true));
        events.put(
                "PlacementInstalled",
                s ->
                        new AgentEvent.PlacementInstalled(
                                s.term, new Placement(JOB, 1, 2, List.of(duty(0, OTHER)), 1)));
        events.put(
                "FinalRequested", s -> new AgentEvent.FinalRequested(s.term, JOB, 1, 0, List.of()));
        events.put("JobEnded", s -> new AgentEvent.JobEnded(s.term, JOB, "done"));
        events.put(
                "ProgressAcknowledged",
                s -> new AgentEvent.ProgressAcknowledged(s.term, JOB, 1, 1));
        events.put(
                "KeyValueAnswered",
                s ->
                        new AgentEvent.KeyValueAnswered(
                                s.term, JOB, 1, KeyValueReply.refused("not_found", "no key")));
        events.put("HaltOrdered", s -> new AgentEvent.HaltOrdered(s.term, JOB, 1, 1, 1, true));
        events.put("LeaveGranted", s -> new AgentEvent.LeaveGranted(s.term));
        events.put("NoticeGiven", s -> new AgentEvent.NoticeGiven("SIGTERM", 30_000 * MILLI));
        events.put("WorkerConnected", s -> new AgentEvent.WorkerConnected(s.generation));
        events.put("WorkerPonged", s -> new AgentEvent.WorkerPonged(s.generation));
        events.put("JobLoaded", Story::loadedEvent);
        events.put(
                "ViewPrepared",
                s -> new AgentEvent.ViewPrepared(s.generation, 1, 0, Digest.NONE, 0));
        events.put(
                "Executed",
                s -> new AgentEvent.Executed(s.generation, 1, 1, new float[] {1}, 1, 1, 1, 1));
        events.put(
                "RequestAborted",
                s -> new AgentEvent.RequestAborted(s.generation, new WorkerRequest.Apply(1, 1, 1)));
        events.put("Applied", s -> new AgentEvent.Applied(s.generation, 1, 1, 1, 1));
        events.put(
                "SnapshotCommitted",
                s -> new AgentEvent.SnapshotCommitted(s.generation, 1, 0, 0, digest(0, 0), 1));
        events.put(
                "SnapshotFailed", s -> new AgentEvent.SnapshotFailed(s.generation, 1, 0, 0, "why"));
        events.put("Finished", s -> new AgentEvent.Finished(s.generation, Story.parts()));
        events.put(
                "WorkerFaulted",
                s ->
                        new AgentEvent.WorkerFaulted(
                                s.generation, new WorkerRequest.Execute(9, 1), "internal", "why"));
        events.put(
                "KeyValueAsked",
                s -> new AgentEvent.KeyValueAsked(s.generation, 5, 1, 0, new byte[] {1}));
        events.put("WorkerExited", s -> new AgentEvent.WorkerExited(s.generation, "signal 9"));
        events.put(
                "WorkerExited of an older generation",
                s -> new AgentEvent.WorkerExited(s.generation - 1, "signal 9"));
        events.put("Reduced", s -> new AgentEvent.Reduced(1, 1, 1, 0, new long[] {1, 1}));
        events.put("Gathered", s -> new AgentEvent.Gathered(1, 0));
        events.put("PeerLost", s -> new AgentEvent.PeerLost(1, 1, "why"));
        events.put("DataFenced", s -> new AgentEvent.DataFenced(9));
        events.put(
                "CopyPushed",
                s -> new AgentEvent.CopyPushed(state(1, 0, 0), SPARE.key(), true, ""));
        events.put(
                "StateFetched",
                s ->
                        new AgentEvent.StateFetched(
                                state(1, 0, 0),
                                new SlotRef("nowhere", 0),
                                true,
                                "",
                                digest(0, 0),
                                1));
        events.put(
                "CopyReceived",
                s ->
                        new AgentEvent.CopyReceived(
                                state(1, 3, 1),
                                new SlotRef("copies-1-0", 0),
                                digest(3, 1),
                                1,
                                0,
                                1));
        events.put(
                "CopyDropped",
                s -> new AgentEvent.CopyDropped(state(1, 3, 1), new SlotRef("copies-1-0", 0)));
        events.put("FileReady", s -> new AgentEvent.FileReady("stray"));
        events.put("FileFailed", s -> new AgentEvent.FileFailed("stray", "why"));
        events.put("FileInspected", s -> new AgentEvent.FileInspected("stray", List.of()));
        return events;
    }
}
