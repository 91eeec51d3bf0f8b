package io.coxswain.chaos.junit;

import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.scenario.Setup;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts a {@link Cluster} for each test that takes one, ends it with the test, and keeps its
 * artifacts when the test fails. Either by {@link CoxswainTest} or as a field:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final CoxswainExtension CHAOS =
 *         CoxswainExtension.builder().job(Path.of("jobs/mine.yaml")).spares(2).build();
 * }</pre>
 */
public final class CoxswainExtension
        implements ParameterResolver, TestExecutionExceptionHandler, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(CoxswainExtension.class);
    private static final String STARTED = "started";
    private static final String JOB = "small.yaml";
    private static final String DATA = "digits.bin";
    private static final AtomicInteger RUNS = new AtomicInteger();

    /** System property: the folder of artifacts. Default: {@code target/chaos}. */
    private static final String FOLDER = "coxswain.chaos.artifacts";

    private final @Nullable Builder builder;

    private record Started(Cluster cluster, Path folder) {}

    /** For {@link CoxswainTest}. */
    public CoxswainExtension() {
        this.builder = null;
    }

    private CoxswainExtension(Builder builder) {
        this.builder = builder;
    }

    /** Any job, any setup, for tests of a class of one's own. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what the clusters of a class are started with. Not thread-safe. */
    public static final class Builder {
        private @Nullable Path job;
        private final Map<String, String> sets = new LinkedHashMap<>();
        private int spares = 1;
        private int rack = 1;
        private int zookeepers = 1;
        private int standbys;
        private boolean namespaces;
        private Set<Plane> proxied = EnumSet.noneOf(Plane.class);
        private @Nullable Path folder;
        private Path arenas = Path.of("/dev/shm");

        private Builder() {}

        /** The job's file: any runtime that the launcher's agents start. Default: a small one. */
        public Builder job(Path file) {
            job = file;
            return this;
        }

        /** Overrides a field of the job. */
        public Builder set(String field, Object value) {
            sets.put(field, String.valueOf(value));
            return this;
        }

        /** Agents without a rank. Default 1. */
        public Builder spares(int count) {
            spares = count;
            return this;
        }

        /** Agents that share a failure domain. Default 1: each in its own. */
        public Builder racksOf(int agents) {
            rack = agents;
            return this;
        }

        /** Coordinators that stand by the first; default none. */
        public Builder standbys(int coordinators) {
            standbys = coordinators;
            return this;
        }

        /** ZooKeeper servers: one alone, or an ensemble of 3 or 5. Default 1. */
        public Builder zookeepers(int servers) {
            zookeepers = servers;
            return this;
        }

        /** Each agent in a network namespace, links cut by dropping packets: needs root and nft. */
        public Builder inNamespaces() {
            namespaces = true;
            return this;
        }

        /** The planes whose links are to fail. Default none. */
        public Builder proxied(Plane... planes) {
            proxied = Set.of(planes);
            return this;
        }

        /** Where artifacts go. Default {@code target/chaos}. */
        public Builder artifacts(Path path) {
            folder = path;
            return this;
        }

        /** A folder on tmpfs. Default {@code /dev/shm}. */
        public Builder arenas(Path path) {
            arenas = path;
            return this;
        }

        public CoxswainExtension build() {
            return new CoxswainExtension(this);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Cluster.class;
    }

    /** The test's cluster: one for all of its methods and parameters, started by the first. */
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        if (context.getTestMethod().isEmpty()) {
            throw new ParameterResolutionException(
                    "a Cluster is one test's: take it as a parameter of the test, of @BeforeEach or"
                            + " of @AfterEach, not of a constructor or of @BeforeAll");
        }
        Started before = context.getStore(NAMESPACE).get(STARTED, Started.class);
        if (before != null) {
            return before.cluster();
        }
        Builder with = builder == null ? annotated(context) : builder;
        Path folder =
                artifacts(with)
                        .resolve(
                                context.getRequiredTestClass().getSimpleName()
                                        + "."
                                        + context.getRequiredTestMethod().getName()
                                        + "-"
                                        + RUNS.incrementAndGet());
        try {
            Path job = with.job;
            var sets = new LinkedHashMap<>(with.sets);
            if (job == null) {
                Path jobs = bundled(artifacts(with));
                job = jobs.resolve(JOB);
                sets.put("data", jobs.resolve(DATA).toString());
            }
            Setup setup =
                    new Setup(
                            job,
                            sets,
                            with.spares,
                            with.rack,
                            Setup.SESSION,
                            Setup.LIMIT,
                            with.zookeepers,
                            with.namespaces,
                            with.standbys);
            Cluster cluster =
                    Cluster.builder(setup)
                            .folder(folder)
                            .arenas(with.arenas)
                            .proxied(with.proxied)
                            .start();
            context.getStore(NAMESPACE).put(STARTED, new Started(cluster, folder));
            return cluster;
        } catch (Exception e) {
            throw new ParameterResolutionException(
                    "no cluster: " + e.getMessage() + "; artifacts: " + folder, e);
        }
    }

    private static Builder annotated(ExtensionContext context) {
        CoxswainTest asked = context.getRequiredTestMethod().getAnnotation(CoxswainTest.class);
        if (asked == null) {
            throw new ParameterResolutionException(
                    "a Cluster is given to methods with @CoxswainTest, or where"
                            + " CoxswainExtension.builder() is registered");
        }
        if (asked.agents() < 1 || asked.shards() < 1 || asked.agents() % asked.shards() != 0) {
            throw new ParameterResolutionException(
                    asked.agents() + " agents cannot hold " + asked.shards() + " shards evenly");
        }
        Builder builder =
                builder()
                        .set("mesh.replicas", asked.agents() / asked.shards())
                        .set("mesh.shards", asked.shards())
                        .set("steps", asked.steps())
                        .spares(asked.spares())
                        .zookeepers(asked.zookeepers())
                        .standbys(asked.standbys());
        if (!asked.job().isEmpty()) {
            builder.job(Path.of(asked.job()));
        }
        if (asked.proxies()) {
            builder.proxied(Plane.values());
        }
        for (String set : List.of(asked.set())) {
            String[] field = set.split("=", 2);
            if (field.length != 2) {
                throw new ParameterResolutionException(
                        "set = \"" + set + "\": expected FIELD=VALUE");
            }
            builder.set(field[0], field[1]);
        }
        return builder;
    }

    private static Path artifacts(Builder builder) {
        Path folder = builder.folder;
        return (folder == null ? Path.of(System.getProperty(FOLDER, "target/chaos")) : folder)
                .toAbsolutePath();
    }

    // The small job is a file for the agents' workers, so it is laid beside the artifacts.
    private static synchronized Path bundled(Path folder) throws IOException {
        Path jobs = Files.createDirectories(folder.resolve("jobs"));
        for (String name : List.of(JOB, DATA)) {
            Path file = jobs.resolve(name);
            if (!Files.exists(file)) {
                try (InputStream in = CoxswainExtension.class.getResourceAsStream(name)) {
                    if (in == null) {
                        throw new IOException("this library lacks its resource " + name);
                    }
                    Files.copy(in, file);
                }
            }
        }
        return jobs;
    }

    /** An assertion of the test's own knows nothing of the artifacts: they are named with it. */
    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        Started started = context.getStore(NAMESPACE).get(STARTED, Started.class);
        if (started != null) {
            var artifacts = new Exception("logs, events and report: " + started.folder());
            artifacts.setStackTrace(new StackTraceElement[0]);
            failure.addSuppressed(artifacts);
        }
        throw failure;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        Started started = context.getStore(NAMESPACE).remove(STARTED, Started.class);
        if (started == null) {
            return;
        }
        started.cluster().close();
        if (context.getExecutionException().isEmpty()) {
            started.cluster().forget();
        } else {
            context.publishReportEntry("artifacts", started.folder().toString());
        }
    }
}
