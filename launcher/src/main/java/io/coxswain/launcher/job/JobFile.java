package io.coxswain.launcher.job;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A job file as read: everything about one training run. {@code examples/digits/job.yaml} documents
 * each field.
 *
 * @param runtime the runtime's own section, checked here for the kinds that this version knows
 */
public record JobFile(
        Path file,
        String name,
        Mesh mesh,
        long steps,
        long seed,
        Path data,
        int batch,
        int microshards,
        int copies,
        int every,
        int level,
        Duration returnWait,
        String within,
        String across,
        String runtimeKind,
        RuntimeSection runtime) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final int MAX_RANKS = 1 << 20;
    private static final long MAX_STEPS = 1_000_000_000_000L;

    /**
     * Reads and checks a job file.
     *
     * @param sets overrides, {@code mesh.replicas → 1}
     * @throws ConfigException with every complaint, each with its place
     */
    public static JobFile read(Path file, Map<String, String> sets) throws ConfigException {
        ConfigSection root = ConfigFile.read(file, sets);
        root.require("name", "steps", "data", "batch", "runtime");
        String name =
                root.text(
                        "name",
                        "unnamed",
                        NAME,
                        "a name of letters, digits, '.', '_' and '-', at most 63 long");
        ConfigSection meshSection = root.section("mesh");
        int replicas = (int) meshSection.whole("replicas", 1, 1, MAX_RANKS);
        int shards = (int) meshSection.whole("shards", 1, 1, MAX_RANKS);
        long steps = root.whole("steps", 1, 1, MAX_STEPS);
        long seed = root.whole("seed", 0, Long.MIN_VALUE, Long.MAX_VALUE);
        Path data = file.toAbsolutePath().normalize().resolveSibling(root.text("data", "."));
        int batch = (int) root.whole("batch", 1, 1, 1 << 24);
        int microshards = (int) root.whole("microshards", Math.min(8, batch), 1, 1 << 20);
        ConfigSection protect = root.section("protect");
        int copies = (int) protect.whole("copies", 1, 0, 16);
        int every = (int) protect.whole("every", 1, 1, 1_000_000);
        int level = (int) protect.whole("level", 15, 0, 15);
        Duration returnWait =
                protect.duration(
                        "returnWait", Duration.ofSeconds(60), Duration.ZERO, Duration.ofHours(24));
        ConfigSection collectives = root.section("collectives");
        String within = collectives.choice("within", "runtime", List.of("runtime"));
        String across = collectives.choice("across", "agent", List.of("agent", "runtime"));
        if (across.equals("runtime")) {
            collectives.complain(
                    "across", "'runtime' comes in a later version; this one has 'agent'");
        }
        ConfigSection runtime = root.section("runtime");
        String kind = runtime.choice("kind", "reference", List.of("reference", "pjrt", "process"));
        RuntimeSection own = RuntimeSection.NONE;
        if (kind.equals("reference")) {
            own = ReferenceSection.read(runtime);
        } else {
            runtime.complain(
                    "kind", "'" + kind + "' comes in a later version; this one has 'reference'");
        }
        long ranks = (long) replicas * shards;
        if (ranks > microshards && root.faultless()) {
            meshSection.complain(
                    meshSection.has("replicas") ? "replicas" : "shards",
                    replicas
                            + " × "
                            + shards
                            + " = "
                            + ranks
                            + " ranks, but only "
                            + microshards
                            + " microshards: each rank needs at least one; expected at most "
                            + microshards
                            + " ranks");
        }
        if (microshards > batch && root.faultless()) {
            root.complain(
                    "microshards",
                    microshards
                            + " microshards in a batch of "
                            + batch
                            + ": each needs at least one sample");
        }
        if (root.has("data")) {
            if (!Files.exists(data)) {
                root.complain(
                        "data",
                        "no such file: "
                                + data
                                + "; expected a data file, relative to the job file's folder");
            } else if (Files.isDirectory(data) || !Files.isReadable(data)) {
                root.complain("data", "cannot be read: " + data + "; expected a readable file");
            }
        }
        root.finish();
        return new JobFile(
                file,
                name,
                new Mesh(replicas, shards),
                steps,
                seed,
                data,
                batch,
                microshards,
                copies,
                every,
                level,
                returnWait,
                within,
                across,
                kind,
                own);
    }

    /** Parameters of the whole model. */
    public long parameters() {
        return runtime.parameters();
    }

    /** How many vectors as long as the parameters make up the state. */
    public int stateVectors() {
        return runtime.stateVectors();
    }

    /** State per rank beside them. */
    public long ballastBytes() {
        return runtime.ballastBytes();
    }

    /** The job as the coordinator takes it. */
    public JobSpec spec(String jobId) {
        return new JobSpec(
                jobId,
                name,
                mesh,
                steps,
                seed,
                data.toString(),
                batch,
                microshards,
                copies,
                every,
                level,
                returnWait.toNanos(),
                within,
                across,
                runtimeKind,
                runtime.json());
    }
}
