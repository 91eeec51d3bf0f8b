package io.coxswain.coordinator.adapter.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.event.Incident.Phase;
import io.coxswain.coordinator.core.recovery.RecoveryReason;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class TracesTest {
    private static final long MILLI = 1_000_000L;
    private static final RecoveryReason REASON =
            new RecoveryReason.NewestHeldByAll(40, 40, List.of(), 3, 0, 1, 1_000, List.of());

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final SdkTracerProvider provider =
            SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build();
    private final OpenTelemetrySdk sdk =
            OpenTelemetrySdk.builder().setTracerProvider(provider).build();
    private final Traces traces = new Traces(sdk, "c1", 10);
    private long sequence;

    @AfterEach
    void close() {
        sdk.close();
    }

    private void tell(long nanos, CoordinatorEvent event) {
        sequence++;
        traces.on(new SequencedEvent(sequence, nanos, nanos / MILLI + 5_000, 3, "j", 2, 40, event));
    }

    /** Phases of 10 ms each, from job time 100 ms on; job time is the events' clock less 50 ms. */
    private static Incident incident(boolean closed, Phase... phases) {
        var stretches = new ArrayList<Incident.Stretch>();
        long at = 100 * MILLI;
        for (Phase phase : phases) {
            boolean runs = !closed && stretches.size() == phases.length - 1;
            stretches.add(
                    new Incident.Stretch(
                            phase, 2, at, runs ? 0 : 10 * MILLI, "why " + phase, List.of("a1")));
            at += 10 * MILLI;
        }
        return new Incident(
                4,
                "agent a1 lost: died",
                List.of("a1"),
                40,
                40,
                0,
                List.of(),
                Incident.Phases.NONE,
                closed,
                Incident.Kind.HOST,
                100 * MILLI,
                stretches,
                REASON,
                1,
                null);
    }

    private void progressed(long nanos, Phase... phases) {
        tell(
                nanos,
                new CoordinatorEvent.IncidentProgressed(
                        "j", incident(false, phases), phases[phases.length - 1], "why"));
    }

    private static String text(SpanData span, String key) {
        return String.valueOf(span.getAttributes().get(AttributeKey.stringKey(key)));
    }

    @Test
    void anIncidentIsATreeOfItsPhases() {
        progressed(160 * MILLI, Phase.DETECT, Phase.FENCE);
        String traceId = traces.ofIncident("j", 4);
        assertThat(traceId).hasSize(32);
        progressed(170 * MILLI, Phase.DETECT, Phase.FENCE, Phase.DECIDE);
        progressed(180 * MILLI, Phase.DETECT, Phase.FENCE, Phase.DECIDE, Phase.RESTORE);
        var all =
                new Phase[] {
                    Phase.DETECT,
                    Phase.FENCE,
                    Phase.DECIDE,
                    Phase.RESTORE,
                    Phase.FENCE,
                    Phase.DECIDE,
                    Phase.RESTORE,
                    Phase.RESUME
                };
        tell(230 * MILLI, new CoordinatorEvent.IncidentClosed("j", incident(true, all)));

        List<SpanData> spans = exporter.getFinishedSpanItems();
        SpanData root = spans.getLast();
        assertThat(root.getName()).isEqualTo("incident");
        assertThat(root.getParentSpanContext().isValid()).isFalse();
        assertThat(root.getTraceId()).isEqualTo(traceId);
        assertThat(text(root, "coxswain.kind")).isEqualTo("host");
        assertThat(text(root, "coxswain.cause")).isEqualTo("agent a1 lost: died");
        assertThat(text(root, "coxswain.reason")).isEqualTo(REASON.text());
        assertThat(root.getAttributes().get(AttributeKey.stringArrayKey("coxswain.agents")))
                .containsExactly("a1");
        assertThat(root.getAttributes().get(AttributeKey.longKey("coxswain.step"))).isEqualTo(40);
        assertThat(root.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);

        List<SpanData> phases = spans.subList(0, spans.size() - 1);
        assertThat(phases)
                .extracting(SpanData::getName)
                .containsExactly(
                        "detect", "fence", "decide", "restore", "fence", "decide", "restore",
                        "resume");
        long at = root.getStartEpochNanos();
        for (SpanData phase : phases) {
            assertThat(phase.getTraceId()).isEqualTo(traceId);
            assertThat(phase.getParentSpanId()).isEqualTo(root.getSpanId());
            assertThat(phase.getStartEpochNanos()).isEqualTo(at);
            at = phase.getEndEpochNanos();
            assertThat(text(phase, "coxswain.reason")).startsWith("why ");
        }
        assertThat(root.getEndEpochNanos()).isEqualTo(at);
        // Wall time: the first event was heard at 5,160 ms, 10 ms after what it tells began.
        assertThat(root.getStartEpochNanos()).isEqualTo(5_150 * MILLI);
        assertThat(at - root.getStartEpochNanos()).isEqualTo(80 * MILLI);
    }

    @Test
    void phasesThatTookNoTimeAreToldOnceEach() {
        var stretches =
                List.of(
                        new Incident.Stretch(Phase.DETECT, 1, 0, 0, "a", List.of()),
                        new Incident.Stretch(Phase.FENCE, 1, 0, 0, "b", List.of()),
                        new Incident.Stretch(Phase.DECIDE, 1, 0, 0, "c", List.of()));
        for (int known = 1; known <= 3; known++) {
            tell(
                    0,
                    new CoordinatorEvent.IncidentProgressed(
                            "j",
                            new Incident(
                                    1,
                                    "x",
                                    List.of(),
                                    0,
                                    0,
                                    0,
                                    List.of(),
                                    Incident.Phases.NONE,
                                    false,
                                    Incident.Kind.HOST,
                                    0,
                                    stretches.subList(0, known),
                                    null,
                                    1,
                                    null),
                            Phase.DECIDE,
                            ""));
        }
        assertThat(exporter.getFinishedSpanItems())
                .extracting(SpanData::getName)
                .containsExactly("detect", "fence");
    }

    @Test
    void anIncidentThatIsNotOverEndsWithTheJob() {
        progressed(160 * MILLI, Phase.DETECT, Phase.FENCE);
        tell(900 * MILLI, new CoordinatorEvent.JobFinished("j", false, "state is lost", ""));
        SpanData root = exporter.getFinishedSpanItems().getLast();
        assertThat(root.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(root.getStatus().getDescription()).contains("state is lost");
        assertThat(root.getEndEpochNanos()).isEqualTo(5_900 * MILLI);
        traces.close();
        assertThat(exporter.getFinishedSpanItems()).filteredOn("name", "incident").hasSize(1);
    }

    @Test
    void whatIsOpenEndsWithTheCoordinator() {
        progressed(160 * MILLI, Phase.DETECT, Phase.FENCE);
        traces.close();
        assertThat(exporter.getFinishedSpanItems()).filteredOn("name", "incident").hasSize(1);
    }

    private void steps(long nanos, long epoch, long step) {
        tell(nanos, new CoordinatorEvent.StepsCompleted("j", epoch, step, step, 0.5f, 100, 0.9));
    }

    @Test
    void ofStepsOneRunInSoManyIsTraced() {
        for (int i = 1; i <= 41; i++) {
            steps(i * 20L * MILLI, 2, 5L * i);
        }
        List<SpanData> spans = exporter.getFinishedSpanItems();
        assertThat(spans).hasSize(4).allMatch(span -> span.getName().equals("steps"));
        SpanData first = spans.getFirst();
        assertThat(first.getAttributes().get(AttributeKey.longKey("coxswain.step.first")))
                .isEqualTo(6);
        assertThat(first.getAttributes().get(AttributeKey.longKey("coxswain.step.last")))
                .isEqualTo(10);
        assertThat(first.getEndEpochNanos() - first.getStartEpochNanos()).isEqualTo(20 * MILLI);
        assertThat(traces.ofStep("j", 7)).isEqualTo(first.getTraceId());
        assertThat(traces.ofStep("j", 11)).isEmpty();
        assertThat(traces.ofStep("k", 7)).isEmpty();
    }

    @Test
    void aRunNeverSpansAViewOrARollback() {
        var each = new Traces(sdk, "c1", 1);
        long[][] told = {{2, 5}, {2, 10}, {3, 12}, {3, 11}, {3, 15}};
        for (int i = 0; i < told.length; i++) {
            each.on(
                    new SequencedEvent(
                            i + 1,
                            i,
                            i,
                            1,
                            "j",
                            2,
                            0,
                            new CoordinatorEvent.StepsCompleted(
                                    "j", told[i][0], told[i][1], 0, 0, 0, 0)));
        }
        assertThat(exporter.getFinishedSpanItems())
                .extracting(span ->
                        span.getAttributes().get(AttributeKey.longKey("coxswain.step.last")))
                .containsExactly(10L, 15L);
    }

    @Test
    void aTracerThatThrowsCostsTraces() {
        OpenTelemetry broken = OpenTelemetry.noop();
        var none = new Traces(broken, "c1", 1);
        none.on(
                new SequencedEvent(
                        1,
                        0,
                        0,
                        1,
                        "j",
                        1,
                        0,
                        new CoordinatorEvent.IncidentProgressed(
                                "j", incident(false, Phase.DETECT), Phase.DETECT, "")));
        assertThat(none.ofIncident("j", 4)).isEmpty();
        assertThatThrownBy(() -> new Traces(broken, "c1", 0)).hasMessageContaining("one in 0");
    }

    @Test
    void oldIdsAreForgotten() {
        for (int id = 1; id <= 1_500; id++) {
            var incident =
                    new Incident(
                            id,
                            "x",
                            List.of(),
                            0,
                            0,
                            0,
                            List.of(),
                            Incident.Phases.NONE,
                            true,
                            Incident.Kind.HOST,
                            0,
                            List.of(),
                            null,
                            1,
                            null);
            tell(id, new CoordinatorEvent.IncidentClosed("j", incident));
        }
        assertThat(traces.ofIncident("j", 500)).isEmpty();
        assertThat(traces.ofIncident("j", 501)).isNotEmpty();
    }
}
