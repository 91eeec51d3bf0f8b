package io.coxswain.launcher.job;

import io.coxswain.coordinator.core.model.FlopsLabels;
import io.coxswain.coordinator.core.model.JobLabels;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A job file as read: everything about one training run. {@code examples/digits/job.yaml} documents
 * each field.
 *
 * @param every snapshot each N steps; {@link JobSpec#AUTOMATIC}: chosen while the job runs
 * @param runtime the runtime's own section, checked here for the kinds that this version knows
 * @param labels for people and tools; nothing in the run depends on them
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
        RuntimeSection runtime,
        Map<String, String> labels) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final int MAX_RANKS = 1 << 20;
    private static final long MAX_STEPS = 1_000_000_000_000L;

    /** In the order in which complaints name them. */
    private static final Map<String, RuntimeKind> KINDS = new LinkedHashMap<>();

    static {
        KINDS.put("reference", ReferenceSection::read);
        KINDS.put("pjrt", PjrtSection::read);
        KINDS.put(ProcessSection.KIND, ProcessSection::read);
    }

    /**
     * Reads and checks a job file that runs on this machine.
     *
     * @param sets overrides, {@code mesh.replicas → 1}
     * @throws ConfigException with every complaint, each with its place
     */
    public static JobFile read(Path file, Map<String, String> sets) throws ConfigException {
        return read(file, sets, true);
    }

    /**
     * The same for a job that runs elsewhere: its data need not be here, but are checked if they
     * are.
     */
    public static JobFile readForOtherHosts(Path file, Map<String, String> sets)
            throws ConfigException {
        return read(file, sets, false);
    }

    private static JobFile read(Path file, Map<String, String> sets, boolean mustBeHere)
            throws ConfigException {
        ConfigSection root = ConfigFile.read(file, sets);
        root.require("name", "steps", "data", "batch", "runtime");
        String name =
                root.text(
                        "name",
                        "unnamed",
                        NAME,
                        "a name of letters, digits, '.', '_' and '-', at most 63 long");
        Map<String, String> labels = labels(root.section("labels"));
        ConfigSection meshSection = root.section("mesh");
        int replicas = (int) meshSection.whole("replicas", 1, 1, MAX_RANKS);
        int shards = (int) meshSection.whole("shards", 1, 1, MAX_RANKS);
        long steps = root.whole("steps", 1, 1, MAX_STEPS);
        long seed = root.whole("seed", 0, Long.MIN_VALUE, Long.MAX_VALUE);
        Path folder = file.toAbsolutePath().normalize().resolveSibling("");
        Path data = folder.resolve(root.text("data", "."));
        int batch = (int) root.whole("batch", 1, 1, 1 << 24);
        int microshards = (int) root.whole("microshards", Math.min(8, batch), 1, 1 << 20);
        ConfigSection protect = root.section("protect");
        int copies = (int) protect.whole("copies", 1, 0, 16);
        int level = (int) protect.whole("level", 15, 0, 15);
        Duration returnWait =
                protect.duration(
                        "returnWait", Duration.ofSeconds(60), Duration.ZERO, Duration.ofHours(24));
        ConfigSection collectives = root.section("collectives");
        String within = collectives.choice("within", "runtime", List.of("runtime"));
        String across = collectives.choice("across", "agent", List.of("agent", "runtime"));
        ConfigSection runtime = root.section("runtime");
        String kind = runtime.choice("kind", "reference", List.copyOf(KINDS.keySet()));
        int every =
                (int)
                        protect.wholeOr(
                                "auto",
                                JobSpec.AUTOMATIC,
                                "every",
                                kind.equals(ProcessSection.KIND) ? JobSpec.AUTOMATIC : 1,
                                1,
                                1_000_000);
        if (!kind.equals(ProcessSection.KIND)) {
            ProcessSection.refuseElsewhere(runtime, kind);
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
        boolean here = checkData(root, data, mustBeHere, kind.equals(ProcessSection.KIND));
        RuntimeSection own =
                KINDS.getOrDefault(kind, ReferenceSection::read)
                        .read(
                                new RuntimeKind.Around(
                                        root,
                                        runtime,
                                        collectives,
                                        folder,
                                        data,
                                        here,
                                        mustBeHere,
                                        replicas,
                                        shards,
                                        batch,
                                        microshards,
                                        across));
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
                own,
                labels);
    }

    private static Map<String, String> labels(ConfigSection section) {
        var labels = new LinkedHashMap<String, String>();
        for (String key : section.names()) {
            if (!JobLabels.isKey(key)) {
                section.complain(key, "expected " + JobLabels.KEY_EXPECTED);
            }
            String value = section.text(key, "");
            if (!value.isEmpty() && !JobLabels.isValue(value)) {
                section.complain(
                        key, "found '" + value + "', expected " + JobLabels.VALUE_EXPECTED);
            }
            if (!FlopsLabels.isFit(key, value)) {
                section.complain(key, "found '" + value + "', expected " + FlopsLabels.EXPECTED);
            }
            labels.put(key, value);
            if (labels.size() == JobLabels.MOST + 1) {
                section.complain(key, "one label too many; expected at most " + JobLabels.MOST);
            }
        }
        return labels;
    }

    // Returns whether there is a file that can be looked into.
    private static boolean checkData(
            ConfigSection root, Path data, boolean mustBeHere, boolean folders) {
        if (!root.has("data")) {
            return false;
        }
        if (!Files.exists(data)) {
            if (mustBeHere) {
                root.complain(
                        "data",
                        "no such file: "
                                + data
                                + "; expected a data file, relative to the job file's folder");
            }
            return false;
        }
        // What a user's own program makes of a path is its business: a folder of files, mostly.
        if ((Files.isDirectory(data) && !folders) || !Files.isReadable(data)) {
            root.complain(
                    "data",
                    "cannot be read: "
                            + data
                            + "; expected a readable file"
                            + (folders ? " or folder" : ""));
            return false;
        }
        return true;
    }

    /** Parameters of the whole model. */
    public long parameters() {
        return runtime.parameters();
    }

    /** State that each rank carries only to be larger. */
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
                runtime.json(),
                labels);
    }
}
