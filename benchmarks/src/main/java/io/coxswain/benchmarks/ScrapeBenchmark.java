package io.coxswain.benchmarks;

import io.coxswain.coordinator.adapter.metrics.CoordinatorMetrics;
import io.coxswain.coordinator.adapter.metrics.Exemplars;
import io.coxswain.coordinator.adapter.metrics.Readings;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.CopiesPicture;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.ExportsPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;
import io.coxswain.coordinator.picture.Window;
import io.coxswain.web.WebRequest;
import io.coxswain.web.WebResponse;
import io.coxswain.web.prometheus.MetricsHandler;
import io.coxswain.web.prometheus.StrictRegistry;
import io.micrometer.core.instrument.Tags;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Scrapes a second of a leader's metrics, from the picture to the bytes of OpenMetrics. */
@State(Scope.Thread)
public class ScrapeBenchmark extends CoreBenchmark {
    private static final WebRequest REQUEST =
            new WebRequest(
                    "GET",
                    "/metrics",
                    Map.of(),
                    Map.of("accept", "application/openmetrics-text;version=1.0.0"));

    @Param({"4", "1024"})
    public int agents;

    private MetricsHandler handler;
    private CoordinatorMetrics metrics;

    @Setup(Level.Trial)
    public void lead() throws IOException {
        var exemplars = new Exemplars();
        var registry = StrictRegistry.make(exemplars);
        metrics =
                new CoordinatorMetrics(
                        registry,
                        Tags.empty(),
                        new Still(picture(agents)),
                        exemplars,
                        System::nanoTime);
        handler = new MetricsHandler(registry, metrics::refresh);
        System.out.println("# " + scrape().body().length + " bytes");
    }

    @Benchmark
    public WebResponse scrape() throws IOException {
        return handler.handle(REQUEST);
    }

    /** A leader at one moment. */
    private record Still(Picture picture) implements Readings {
        @Override
        public long term() {
            return picture.term();
        }

        @Override
        public int backlog() {
            return 0;
        }

        @Override
        public long loopLagNanos() {
            return 0;
        }

        @Override
        public long fencedWrites() {
            return 0;
        }

        @Override
        public boolean zookeeperConnected() {
            return true;
        }

        @Override
        public long lastEvent() {
            return 1;
        }

        @Override
        public String traceOfIncident(String jobId, int incident) {
            return "";
        }

        @Override
        public String traceOfStep(String jobId, long step) {
            return "";
        }
    }

    private static Picture picture(int count) {
        var all = new ArrayList<AgentPicture>();
        for (int rank = 0; rank < count; rank++) {
            all.add(
                    new AgentPicture(
                            "agent-" + rank,
                            "0123456789abcdef",
                            "pod0/rack" + rank / 16 + "/host" + rank,
                            "host" + rank,
                            "ranked",
                            rank,
                            "execute of step 7",
                            1,
                            1L << 30,
                            1L << 29,
                            "h".repeat(120)));
        }
        Picture none = Picture.none("coordinator", 1);
        return new Picture(
                1,
                1,
                none.coordinator(),
                "leading",
                4,
                new Blocked(true, "training", 1, List.of(), ""),
                job(count),
                List.of(),
                all,
                1_000,
                0,
                none.coordinator(),
                "");
    }

    private static JobPicture job(int slots) {
        var loss = new EnumMap<Category, BigInteger>(Category.class);
        for (Category category : Category.values()) {
            loss.put(category, BigInteger.valueOf(1_500_000_000L));
        }
        loss.remove(Category.PRODUCTIVE);
        var windows = new ArrayList<Window>();
        for (String name : List.of("5m", "1h", "24h", "run")) {
            windows.add(new Window(name, 1, BigInteger.ONE, 0.97, Map.of()));
        }
        BigInteger one = BigInteger.ONE;
        return new JobPicture(
                "job-20260101-000000",
                "job",
                "active",
                "",
                3,
                1_000_000,
                500_000,
                499_990,
                10,
                100_000_000,
                1.5f,
                100,
                slots,
                slots,
                1,
                Map.of(),
                1,
                1,
                windows,
                List.of(),
                new Counters(one, one, loss, 500_000, 0, 3, 2, 1L << 40, 500_000, 0, 0, 7, 3),
                new StepFigures(10_000_000, 12_000_000, 9e6, 0.01, one, "none", List.of()),
                new Reliability(3, 3_600, 2.5, 0.99, 0.4),
                new CopiesPicture(1, 1, List.of(), List.of(), "any one host", false),
                List.of(),
                List.of(),
                ExportsPicture.NONE);
    }
}
