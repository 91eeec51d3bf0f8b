package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What mutual TLS costs: the control plane's round trip with it beside one without, and the data
 * plane with it beside a raw TLS connection of the same engine, in turns in one run.
 */
public final class TlsBench {
    private static final long MEGA = 1_000_000;
    private static final double LATENCY_LIMIT = 1.3;
    private static final double DATA_LIMIT = 0.7;
    private static final int ATTACHES = 3;

    /**
     * What to measure.
     *
     * @param trips round trips of one turn
     * @param copyBytes of one copy over the data plane
     * @param runs turns of either
     */
    public record Options(int trips, long copyBytes, int runs) {}

    private final BenchSettings settings;
    private final Options options;
    private final BenchReport report;

    private TlsBench(BenchSettings settings, Options options) {
        this.settings = settings;
        this.options = options;
        var described = new LinkedHashMap<String, Object>();
        described.put("tripsOfOneTurn", options.trips());
        described.put("copyBytes", options.copyBytes());
        described.put("provider", PlaneSecurity.provider());
        this.report = new BenchReport("tls", described);
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws EnvironmentException, InterruptedException, IOException {
        var bench = new TlsBench(settings, options);
        long deadline = settings.deadline();
        try (var certificates = new BenchCertificates()) {
            bench.control(certificates, deadline);
            try (var arenas = new ScratchArenas(settings)) {
                bench.data(certificates, arenas, deadline);
            }
        }
        return bench.report;
    }

    private boolean over(int round, long deadline) {
        return round > 0 && System.nanoTime() > deadline;
    }

    private void control(BenchCertificates certificates, long deadline)
            throws EnvironmentException, InterruptedException, IOException {
        settings.progress().accept("heartbeats and their answers over the control plane, in turns");
        var clear = new ArrayList<Double>();
        var sealed = new ArrayList<Double>();
        var ratios = new ArrayList<Double>();
        var clearAttach = new ArrayList<Double>();
        var sealedAttach = new ArrayList<Double>();
        try (PlaneSecurity plain = PlaneSecurity.loopback("the control plane");
                var without = new ControlTrips(plain, plain);
                var with =
                        new ControlTrips(
                                certificates.of(Role.COORDINATOR, "bench"),
                                certificates.of(Role.AGENT, ControlTrips.agentName()))) {
            // The first third warms both up.
            for (int round = -(options.runs() + 1) / 2;
                    round < options.runs() && !over(round, deadline);
                    round++) {
                // Who goes first takes turns too.
                boolean plainFirst = (round & 1) == 0;
                double one = (plainFirst ? without : with).measuredMedian(options.trips());
                double other = (plainFirst ? with : without).measuredMedian(options.trips());
                if (round >= 0) {
                    double plainMicros = plainFirst ? one : other;
                    double tlsMicros = plainFirst ? other : one;
                    clear.add(plainMicros);
                    sealed.add(tlsMicros);
                    ratios.add(tlsMicros / plainMicros);
                }
            }
            for (int i = -1; i < Math.min(options.runs(), ATTACHES); i++) {
                double plainMillis = without.attach();
                double tlsMillis = with.attach();
                if (i >= 0) {
                    clearAttach.add(plainMillis);
                    sealedAttach.add(tlsMillis);
                }
            }
        }
        report.add("heartbeat to its answer, in the clear", "µs", Samples.of(clear), null);
        report.add("  over mutual TLS", "µs", Samples.of(sealed), null);
        report.add(
                "  mutual TLS ÷ in the clear",
                "",
                Samples.of(ratios),
                Figure.Limit.atMost(LATENCY_LIMIT, "of the control plane's latency"));
        report.add("dial, attach, welcome, in the clear", "ms", Samples.of(clearAttach), null);
        report.add("  over mutual TLS", "ms", Samples.of(sealedAttach), null);
    }

    private void data(BenchCertificates certificates, ScratchArenas arenas, long deadline)
            throws EnvironmentException, InterruptedException, IOException {
        long bytes = options.copyBytes();
        settings.progress()
                .accept(
                        "copies of "
                                + bytes / MEGA
                                + " MB over the data plane with TLS and over a raw TLS connection,"
                                + " in turns");
        var raw = new ArrayList<Double>();
        var pushed = new ArrayList<Double>();
        var shares = new ArrayList<Double>();
        var open = new ArrayList<Double>();
        var rawCpu = new ArrayList<Double>();
        var pushedCpu = new ArrayList<Double>();
        PlaneSecurity one = certificates.of(Role.AGENT, CopyNode.name(1));
        PlaneSecurity two = certificates.of(Role.AGENT, CopyNode.name(2));
        String suite;
        try (var limit = new RawTls((int) bytes, one, two);
                var owner = new CopyNode(arenas, 1, bytes, one);
                var holder = new CopyNode(arenas, 2, bytes, two);
                var plainOwner = new CopyNode(arenas, 1, bytes);
                var plainHolder = new CopyNode(arenas, 2, bytes)) {
            owner.fill(bytes);
            plainOwner.fill(bytes);
            suite = limit.suite();
            for (int round = -(options.runs() + 1) / 2;
                    round < options.runs() && !over(round, deadline);
                    round++) {
                double cpuBefore = processNanos();
                double before = limit.gigabytesPerSecond(bytes);
                double cpuRaw = processNanos();
                double rate = (double) bytes / owner.push(holder);
                double cpuPushed = processNanos();
                double after = limit.gigabytesPerSecond(bytes);
                double clear = (double) bytes / plainOwner.push(plainHolder);
                if (round >= 0) {
                    double mean = 2 / (1 / before + 1 / after);
                    raw.add(mean);
                    pushed.add(rate);
                    shares.add(rate / mean);
                    open.add(clear);
                    rawCpu.add((cpuRaw - cpuBefore) / bytes);
                    pushedCpu.add((cpuPushed - cpuRaw) / bytes);
                }
            }
        }
        report.add(
                "copy over the data plane with TLS, CRC and digest checked",
                "GB/s",
                Samples.of(pushed),
                null);
        report.add("raw TLS connection over loopback", "GB/s", Samples.of(raw), null);
        report.add(
                "  data plane ÷ raw TLS",
                "",
                Samples.of(shares),
                Figure.Limit.atLeast(DATA_LIMIT, "with the same provider and suite"));
        report.add("  the data plane in the clear", "GB/s", Samples.of(open), null);
        report.add("CPU of both ends, data plane with TLS", "ns/B", Samples.of(pushedCpu), null);
        report.add("  raw TLS connection", "ns/B", Samples.of(rawCpu), null);
        report.note("TLS by " + PlaneSecurity.provider() + "; " + suite);
        report.detail(Map.of("suite", suite, "orders", List.of("raw", "TLS", "raw", "clear")));
    }

    private static double processNanos() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getProcessCpuTime()
                : 0;
    }
}
