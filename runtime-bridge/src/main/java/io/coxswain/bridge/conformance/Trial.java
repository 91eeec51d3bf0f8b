package io.coxswain.bridge.conformance;

import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.Welcome;
import io.coxswain.proto.control.v1.JobSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What one check works with: workers of its own, random numbers of its own, files of its own. */
final class Trial implements AutoCloseable {
    private final Conformance setup;
    private final Path sockets;
    private final Path arenas;
    private final Random random;
    private final Facts facts;
    private final List<WorkerStart> starts = new ArrayList<>();
    private final List<KitWorker> workers = new ArrayList<>();
    private final List<Mesh> meshes = new ArrayList<>();
    private int files;

    /** What checks learned of the worker that others build upon. */
    static final class Facts {
        String runtimeKind = "";
        boolean deterministic;
    }

    Trial(Conformance setup, Path sockets, Path arenas, long seed, Facts facts) {
        this.setup = setup;
        this.sockets = sockets;
        this.arenas = arenas;
        this.random = new Random(seed);
        this.facts = facts;
    }

    Limits limits() {
        return setup.limits();
    }

    Random random() {
        return random;
    }

    Facts facts() {
        return facts;
    }

    /** How often a check with random moments tries. */
    int rounds() {
        return setup.rounds();
    }

    JobSpec job() {
        return setup.job();
    }

    /** The job with steps long enough to do something while one runs. */
    JobSpec slowJob() throws NotApplicable {
        @Nullable JobSpec slow = setup.slowJob();
        if (slow == null) {
            throw new NotApplicable(
                    "needs a job whose steps take longer than an abort may (--slow)");
        }
        return slow;
    }

    void requireDeterministic() throws NotApplicable {
        if (!facts.deterministic) {
            throw new NotApplicable("the worker does not call itself deterministic");
        }
    }

    /** Starts a worker; nobody has answered its hello yet. */
    WorkerStart start() throws IOException {
        return start(Map.of());
    }

    private WorkerStart start(Map<String, String> more) throws IOException {
        int number = starts.size();
        var environment = new HashMap<>(setup.environment());
        environment.putAll(more);
        WorkerStart start =
                WorkerStart.of(
                        setup.command(),
                        environment,
                        setup.folder(),
                        sockets.resolve("w" + number + ".sock"),
                        sockets.resolve("w" + number + ".log"),
                        setup.limits());
        starts.add(start);
        return start;
    }

    /** A worker that has been welcomed. */
    KitWorker worker() throws IOException, Broken, InterruptedException {
        return worker(WorkerStart.welcome());
    }

    KitWorker worker(Welcome welcome) throws IOException, Broken, InterruptedException {
        return greeted(start(), welcome);
    }

    /** One of several processes of a rank. */
    KitWorker worker(int local, int size) throws IOException, Broken, InterruptedException {
        String rank = Integer.toString(local);
        String count = Integer.toString(size);
        WorkerStart start =
                start(
                        Map.of(
                                WorkerMain.LOCAL_RANK_VARIABLE,
                                rank,
                                WorkerMain.LOCAL_SIZE_VARIABLE,
                                count,
                                "LOCAL_RANK",
                                rank,
                                "LOCAL_WORLD_SIZE",
                                count));
        return greeted(start, WorkerStart.welcome());
    }

    private KitWorker greeted(WorkerStart start, Welcome welcome)
            throws Broken, InterruptedException {
        KitWorker worker = start.greet(welcome);
        workers.add(worker);
        return worker;
    }

    /** A worker with this job loaded, and no view. */
    Mesh loaded(JobSpec job) throws IOException, Broken, InterruptedException {
        return loaded(job, 1);
    }

    /** The same, where each rank has so many processes. */
    Mesh loaded(JobSpec job, int processes) throws IOException, Broken, InterruptedException {
        var mesh = new Mesh(this, job, processes);
        meshes.add(mesh);
        mesh.load();
        return mesh;
    }

    /** A worker with this job loaded and the initial state. */
    Mesh ready(JobSpec job) throws IOException, Broken, InterruptedException {
        Mesh mesh = loaded(job);
        mesh.init(1);
        return mesh;
    }

    /** A name for an arena file that nobody has used. */
    Path newArena() {
        return arenas.resolve("a" + files++);
    }

    /** What the worker that was started last printed last. */
    String lastWords() {
        return starts.isEmpty() ? "" : starts.getLast().lastWords();
    }

    @Override
    public void close() {
        for (WorkerStart start : starts) {
            start.close();
        }
        for (KitWorker worker : workers) {
            worker.close();
        }
        meshes.forEach(Mesh::close);
    }
}
