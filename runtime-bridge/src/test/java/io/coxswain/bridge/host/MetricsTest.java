package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.spi.MetricSink;
import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.TrainingRuntime;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.bridge.v1.ToWorker;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.reflect.Proxy;
import java.nio.file.Path;

class MetricsTest {
    @TempDir Path folder;

    @Test
    void theNewestOfEachNameIsTakenOnce() {
        var board = new MetricBoard(() -> 7);
        assertThat(board.take()).isEmpty();
        board.report("loss", 2);
        board.report("rate", Double.NaN);
        board.report("loss", 1);
        assertThat(board.take())
                .hasValue(
                        Metrics.newBuilder()
                                .setStep(7)
                                .addValues(metric("loss", 1))
                                .addValues(metric("rate", Double.NaN))
                                .build());
        assertThat(board.take()).isEmpty();
    }

    private static Metric metric(String name, double value) {
        return Metric.newBuilder().setName(name).setValue(value).build();
    }

    @Test
    void namesAreBounded() {
        var board = new MetricBoard(() -> 0);
        board.report("", 1);
        board.report("x".repeat(MetricSink.MOST_CHARACTERS + 1), 1);
        for (int i = 0; i < 100; i++) {
            board.report("m" + i, i);
        }
        assertThat(board.take().orElseThrow().getValuesList())
                .extracting(Metric::getName)
                .hasSize(MetricSink.MOST_NAMES)
                .contains("m0", "m31");
        board.report("m99", 1);
        board.report("m5", 1);
        assertThat(board.take().orElseThrow().getValuesList())
                .extracting(Metric::getName)
                .containsExactly("m5");
    }

    /** Reports, then fails, while it loads. */
    private static TrainingRuntime failing() {
        var sink = new MetricSink[1];
        return (TrainingRuntime)
                Proxy.newProxyInstance(
                        TrainingRuntime.class.getClassLoader(),
                        new Class<?>[] {TrainingRuntime.class},
                        (_, method, arguments) -> {
                            switch (method.getName()) {
                                case "reportTo" -> sink[0] = (MetricSink) arguments[0];
                                case "load" -> {
                                    sink[0].report("files", 3);
                                    throw new IllegalStateException("cannot load");
                                }
                                default -> {}
                            }
                            return null;
                        });
    }

    @Test
    void whatWasMeasuredComesBeforeTheFaultAndTheFaultHasItsTraceback() throws Exception {
        RuntimeFactory factory =
                new RuntimeFactory() {
                    @Override
                    public String kind() {
                        return "reference";
                    }

                    @Override
                    public TrainingRuntime create() {
                        return failing();
                    }
                };
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"), factory)) {
            long id =
                    worker.agent.send(
                            ToWorker.newBuilder()
                                    .setLoadJob(LoadJob.newBuilder().setJob(TestMesh.job(1, 1))));
            FromWorker first = worker.agent.receive();
            assertThat(first.getRequestId()).isZero();
            assertThat(first.getMetrics().getValuesList()).containsExactly(metric("files", 3));
            FromWorker second = worker.agent.receive();
            assertThat(second.getRequestId()).isEqualTo(id);
            Fault fault = second.getFault();
            assertThat(fault.getMessage()).contains("cannot load");
            assertThat(fault.getTraceback())
                    .startsWith("java.lang.IllegalStateException: cannot load")
                    .contains("\tat ");
        }
    }
}
