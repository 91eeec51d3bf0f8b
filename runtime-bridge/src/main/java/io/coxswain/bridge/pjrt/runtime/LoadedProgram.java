package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.data.SampleOrder;
import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.bundle.ApplyProgram;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.SafeTensors;
import io.coxswain.bridge.pjrt.client.CompileTarget;
import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.TrainingJob;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A loaded job: client, bundle, data, and its programs, compiled when they are first asked for. The
 * runtime's thread.
 */
final class LoadedProgram implements AutoCloseable {
    private static final String VERSION = "coxswain-pjrt-1";

    private final TrainingJob job;
    private final PjrtConfig config;
    private Backend backend;
    private final ProgramBundle bundle;
    private final SafeTensors initial;
    private final TrainingData data;
    private final SampleOrder order;
    private final List<ShardPlan> plans;
    private final Map<Compiled, PjrtExecutable> executables = new HashMap<>();

    /** What names a compiled program. */
    private record Compiled(String sha256, CompileTarget target) {}

    private LoadedProgram(
            TrainingJob job,
            PjrtConfig config,
            Backend backend,
            ProgramBundle bundle,
            SafeTensors initial,
            TrainingData data) {
        this.job = job;
        this.config = config;
        this.backend = backend;
        this.bundle = bundle;
        this.initial = initial;
        this.data = data;
        this.order = new SampleOrder(job.seed(), data.samples(), job.batch(), job.microshards());
        this.plans = plans(bundle, job.shards());
    }

    /**
     * Loads and checks everything. Compiles nothing.
     *
     * @throws RuntimeFault naming the field, the file or the leaf
     */
    static LoadedProgram load(TrainingJob job) throws RuntimeFault {
        PjrtConfig config = PjrtConfig.parse(job.configuration());
        ProgramBundle bundle = ProgramBundle.open(config.bundle());
        JobCheck.check(job, bundle);
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        boolean complete = false;
        try {
            SafeTensors initial = bundle.openInitial();
            opened.push(initial);
            TrainingData data = TrainingData.open(job.data(), bundle);
            opened.push(data);
            Backend backend = Backend.open(config, bundle, null);
            opened.push(backend);
            LoadedProgram loaded = new LoadedProgram(job, config, backend, bundle, initial, data);
            complete = true;
            return loaded;
        } finally {
            if (!complete) {
                closeAll(opened);
            }
        }
    }

    /**
     * Makes the client anew, as one of several that find each other. Buffers and programs of the
     * former one are gone; while there is no new one the former stays, closed, and refuses all.
     */
    void join(Node node) throws RuntimeFault {
        backend.close();
        executables.clear();
        Backend joined = Backend.open(config, bundle, node);
        if (!joined.identity().equals(backend.identity())) {
            joined.close();
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "the plugin '%s' was replaced while the job ran".formatted(config.plugin()));
        }
        backend = joined;
    }

    TrainingJob job() {
        return job;
    }

    PjrtConfig config() {
        return config;
    }

    ProgramBundle bundle() {
        return bundle;
    }

    TrainingData data() {
        return data;
    }

    SampleOrder order() {
        return order;
    }

    SafeTensors initial() {
        return initial;
    }

    PjrtClient client() {
        return backend.client();
    }

    /** The devices that the microshards are spread over. */
    List<PjrtDevice> devices() {
        return backend.devices();
    }

    /** The device that has the state. */
    PjrtDevice home() {
        return devices().getFirst();
    }

    /** Uploads of the region's memory. */
    RegionTransfers regionTransfers() {
        return backend.regionTransfers();
    }

    ShardPlan plan(int shard) {
        return plans.get(shard);
    }

    /** Whether a rank's state has all parameters, so that none have to come from the region. */
    boolean holdsAllParameters() {
        return plans.size() == 1;
    }

    /** Whether updates reuse the memory of the old state. */
    boolean donates(ShardPlan plan) {
        return config.donate() && !plan.update().donated().isEmpty();
    }

    /** A program that runs on the device with the state. */
    PjrtExecutable atHome(Program program) throws RuntimeFault {
        return executable(program, new CompileTarget.OneDevice(home().id()));
    }

    /** A program that runs on any of the devices. */
    PjrtExecutable anywhere(Program program) throws RuntimeFault {
        return devices().size() == 1
                ? atHome(program)
                : executable(program, new CompileTarget.Portable());
    }

    RuntimeLayout layout() {
        List<RuntimeLayout.Shard> shards = new ArrayList<>();
        for (ShardPlan plan : plans) {
            List<SlotTable.Box> boxes = plan.boxes();
            ArenaFile.Shape region =
                    new ArenaFile.Shape(
                            parameterElements(),
                            job.microshardsPerRank(),
                            plan.end() - plan.begin(),
                            0,
                            0,
                            0,
                            0);
            shards.add(
                    new RuntimeLayout.Shard(
                            plan.begin(),
                            plan.end(),
                            SlotTable.Meta.layOut(job.jobId(), 0, 0, plan.shard(), boxes)
                                    .dataBytes(),
                            region.fileBytes(),
                            0,
                            boxes.size()));
        }
        return new RuntimeLayout(
                parameterElements(), shards, fingerprint(), backend.isDeterministic());
    }

    @Override
    public void close() {
        // The client first: it waits for what still reads the mapped files.
        Deque<AutoCloseable> opened = new ArrayDeque<>(List.of(backend, data, initial));
        closeAll(opened);
    }

    private PjrtExecutable executable(Program program, CompileTarget target) throws RuntimeFault {
        Compiled name = new Compiled(program.sha256(), target);
        PjrtExecutable known = executables.get(name);
        if (known == null) {
            known = backend.compiler().compile(program, target);
            executables.put(name, known);
        }
        return known;
    }

    private long parameterElements() {
        return bundle.isPair() ? bundle.parameterElements() : 0;
    }

    private String fingerprint() {
        List<String> lines = new ArrayList<>();
        lines.add(VERSION);
        for (Program program : programs()) {
            lines.add(program.label() + " " + program.sha256());
        }
        lines.add("initial " + bundle.initial().sha256());
        lines.add("leaves %s %s".formatted(bundle.parameters(), bundle.optimizer()));
        lines.add("arrays " + bundle.batchArrays());
        for (ShardPlan plan : plans) {
            lines.add("shard %d to %d".formatted(plan.begin(), plan.end()));
        }
        lines.add("data " + data.sha256());
        lines.add("batch %d in %d".formatted(job.batch(), job.microshards()));
        lines.add("seed " + job.seed());
        lines.add(backend.identity());
        return Sha256.hex(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }

    /** The programs that this job runs. */
    List<Program> programs() {
        List<Program> programs = new ArrayList<>();
        addIfThere(programs, bundle.grads());
        plans.forEach(plan -> programs.add(plan.update()));
        addIfThere(programs, bundle.evaluate());
        return programs;
    }

    private static void addIfThere(List<Program> programs, @Nullable Program program) {
        if (program != null) {
            programs.add(program);
        }
    }

    private static List<ShardPlan> plans(ProgramBundle bundle, int shards) {
        Program step = bundle.step();
        if (!bundle.isPair() && step != null) {
            // A fused program has no flat vector outside; its state is one shard without a range.
            ShardPlan whole = ShardPlan.of(bundle, 1, 0, 0, bundle.parameterElements(), step);
            return List.of(whole.withoutRange());
        }
        List<ShardPlan> plans = new ArrayList<>();
        for (ApplyProgram apply : bundle.apply(shards)) {
            plans.add(
                    ShardPlan.of(
                            bundle,
                            shards,
                            apply.shard(),
                            apply.begin(),
                            apply.end(),
                            apply.program()));
        }
        return plans;
    }

    private static void closeAll(Deque<AutoCloseable> opened) {
        for (AutoCloseable one : opened) {
            try {
                one.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing does not fail", e);
            }
        }
    }
}
