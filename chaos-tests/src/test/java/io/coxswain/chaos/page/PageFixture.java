package io.coxswain.chaos.page;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.adapter.http.page.PageRoutes;
import io.coxswain.coordinator.adapter.http.page.PageSource;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.Bucket;
import io.coxswain.coordinator.picture.CopiesPicture;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.ExportsPicture;
import io.coxswain.coordinator.picture.HolderPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.Point;
import io.coxswain.coordinator.picture.QueuedJob;
import io.coxswain.coordinator.picture.RankSteps;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;
import io.coxswain.coordinator.picture.Window;
import io.coxswain.web.Routes;
import io.coxswain.web.WebServer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** A page without a coordinator: its pictures are made by hand. */
final class PageFixture implements PageSource, AutoCloseable {
    static final long BEGAN = 1_760_000_000_000L;
    private static final BigInteger SECOND = BigInteger.valueOf(1_000_000_000);

    private final EventLog events = new EventLog(1_000, System::currentTimeMillis);
    private final AtomicLong sequence = new AtomicLong();
    private final PageRoutes pages;
    private final WebServer server;
    private volatile Picture picture = Picture.none("fixture", BEGAN);

    PageFixture() throws IOException {
        Routes.Builder routes = Routes.builder();
        pages = PageRoutes.addTo(routes, this);
        server = WebServer.builder().bind("127.0.0.1", 0).routes(routes.build()).start();
    }

    String url() {
        return server.url();
    }

    @Override
    public Picture picture() {
        return picture;
    }

    @Override
    public long nextSequence() {
        return events.lastSequence() + 1;
    }

    @Override
    public List<SequencedEvent> events(long fromSequence) {
        return events.read(fromSequence);
    }

    void event(CoordinatorEvent event) {
        events.publish(event, 0, 7, "job-1", 3, 40);
    }

    void show(
            String standing, Blocked blocked, @Nullable JobPicture job, List<AgentPicture> agents) {
        picture =
                new Picture(
                        sequence.incrementAndGet(),
                        System.currentTimeMillis(),
                        "fixture",
                        standing,
                        standing.equals("leading") ? 7 : 0,
                        blocked,
                        job,
                        List.of(new QueuedJob("next-1", "next", 1, 8, 100, "")),
                        agents,
                        1_000,
                        0,
                        standing.equals("leading") ? "fixture" : "coordinator-b",
                        standing.equals("leading") ? "" : "http://192.0.2.7:7480/");
    }

    /** A healthy run. */
    void healthy(int agents) {
        show(
                "leading",
                new Blocked(true, "training: step 400 of 1,000", BEGAN, List.of(), "step 401"),
                job("active", agents, List.of(incident(1, true))),
                agents(agents));
    }

    /** A recovery under way. */
    void recovering(int agents) {
        show(
                "leading",
                new Blocked(
                        false,
                        "recovering: restoring states",
                        System.currentTimeMillis(),
                        List.of("agent-0001"),
                        "the view starts when it is ready"),
                job("recovering", agents, List.of(incident(1, true), incident(2, false))),
                agents(agents));
    }

    static IncidentPicture incident(int id, boolean closed) {
        var phases = new LinkedHashMap<String, Long>();
        phases.put("detect", 2_000_000L);
        phases.put("fence", 17_000_000L);
        phases.put("decide", 7_000_000L);
        phases.put("restore", 53_000_000L);
        phases.put("resume", closed ? 62_000_000L : 0);
        return new IncidentPicture(
                id,
                "agent agent-0001 lost: its process is gone <img src=x onerror=alert(1)>",
                List.of("agent-0001"),
                196,
                199,
                0,
                BEGAN + 60_000,
                closed,
                false,
                closed ? "" : "resume",
                phases,
                "step 199 is the newest that every shard has",
                SECOND,
                "",
                List.of(
                        new IncidentPicture.Source(
                                1, "agent-0005", "peer-copy", "agent-0005", 510_200)));
    }

    static JobPicture job(String phase, int agents, List<IncidentPicture> incidents) {
        var windows = new ArrayList<Window>();
        for (String name : List.of("5m", "1h", "24h", "run")) {
            windows.add(
                    new Window(
                            name,
                            300_000_000_000L,
                            SECOND.multiply(BigInteger.valueOf(1_200)),
                            0.9,
                            categories()));
        }
        var timeline = new ArrayList<Bucket>();
        var curve = new ArrayList<Point>();
        for (int i = 0; i < 240; i++) {
            timeline.add(
                    new Bucket(
                            BEGAN + i * 1_000L,
                            BEGAN + (i + 1) * 1_000L,
                            Map.of(Category.PRODUCTIVE, 3.5, Category.STARTUP, 0.5)));
            curve.add(new Point(i, BEGAN + i * 1_000L, 1f / (1 + i), 20));
        }
        var holders = new ArrayList<HolderPicture>();
        for (int rank = 0; rank < agents; rank++) {
            holders.add(new HolderPicture(rank / 2, rank, name(rank), domain(rank), true));
        }
        return new JobPicture(
                "job-1",
                "digits",
                phase,
                "",
                3,
                1_000,
                400,
                399,
                1,
                50_000_000,
                0.5f,
                20,
                agents,
                2,
                Math.max(1, agents / 2),
                Map.of(),
                BEGAN,
                300_000_000_000L,
                windows,
                timeline,
                new Counters(
                        SECOND,
                        BigInteger.ZERO,
                        categories(),
                        400,
                        0,
                        1,
                        1,
                        5_000_000,
                        400,
                        0,
                        0,
                        0,
                        2),
                new StepFigures(
                        50_000_000,
                        70_000_000,
                        48_000_000,
                        0.04,
                        BigInteger.ZERO,
                        "none",
                        List.of(new RankSteps(0, 50_000_000, 70_000_000, 40_000_000, 1.4))),
                new Reliability(1, 300, 0.142, 0.99, Double.NaN),
                new CopiesPicture(1, 1, holders, List.of(), "any one host", false),
                incidents,
                curve,
                ExportsPicture.NONE);
    }

    private static Map<Category, BigInteger> categories() {
        var categories = new EnumMap<Category, BigInteger>(Category.class);
        categories.put(Category.PRODUCTIVE, SECOND.multiply(BigInteger.valueOf(1_080)));
        categories.put(Category.STARTUP, SECOND.multiply(BigInteger.valueOf(100)));
        categories.put(Category.RECOVERY_RESTORE, SECOND.multiply(BigInteger.valueOf(20)));
        return categories;
    }

    static List<AgentPicture> agents(int many) {
        var agents = new ArrayList<AgentPicture>();
        for (int i = 0; i < many; i++) {
            boolean lost = i == 1;
            agents.add(
                    new AgentPicture(
                            name(i),
                            "0123456789abcdef",
                            domain(i),
                            "host-" + i,
                            lost ? "lost" : "ranked",
                            lost ? -1 : i,
                            "",
                            1,
                            1_000_000,
                            400_000,
                            "h".repeat(lost ? 110 : 120) + (lost ? "l".repeat(10) : "")));
        }
        return agents;
    }

    private static String name(int index) {
        return String.format(Locale.ROOT, "agent-%04d", index);
    }

    private static String domain(int index) {
        return String.format(
                Locale.ROOT, "pod%d/rack%02d/host%04d", index / 512, index / 32, index);
    }

    @Override
    public void close() {
        server.close();
        pages.close();
        events.close();
    }
}
