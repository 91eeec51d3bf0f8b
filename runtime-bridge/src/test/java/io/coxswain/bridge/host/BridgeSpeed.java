package io.coxswain.bridge.host;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.JobSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Measures a worker process: start, warm-up, the bridge's round trip, and the stall of a snapshot
 * against a plain copy of the same bytes in the same run. Not a test: run its main by hand, with
 * the folder for the arena, the ballast's bytes and, if wanted, an ahead-of-time cache: it is made
 * if it does not exist, else used.
 */
final class BridgeSpeed {
    private static final int ROUNDS = 20_000;
    private static final int STEPS = 40;

    private BridgeSpeed() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "coxswain-speed");
        long ballast = Long.parseLong(args[1]);
        @Nullable Path archive = args.length > 2 ? Path.of(args[2]) : null;
        boolean make = archive != null && Files.notExists(archive);
        List<String> flags =
                archive == null
                        ? List.of()
                        : List.of((make ? "-XX:AOTCacheOutput=" : "-XX:AOTCache=") + archive);
        JobSpec job =
                TestMesh.job(1, 1).toBuilder()
                        .setBatch(128)
                        .setMicroshards(8)
                        .setRuntimeJson(
                                """
                                {"model": {"layers": [64, 256, 256, 10]}, "ballast": %d}\
                                """
                                        .formatted(ballast))
                        .build();
        long start = System.nanoTime();
        try (WorkerProcess worker = new WorkerProcess(folder, flags)) {
            print("start to hello", System.nanoTime() - start);
            printCpu(worker, "at hello");
            JobLoaded loaded =
                    worker.agent
                            .call(
                                    ToWorker.newBuilder()
                                            .setLoadJob(
                                                    LoadJob.newBuilder()
                                                            .setJob(job)
                                                            .setWarmUp(true)))
                            .getJobLoaded();
            print("load", loaded.getLoadNanos());
            print("warm-up", loaded.getCompileNanos());
            printCpu(worker, "when warm");
            ArenaFile.Shape shape = TestMesh.shape(job, loaded, 0);
            long reserve = System.nanoTime();
            try (ArenaFile region = ArenaFile.create(folder.resolve("region"), shape)) {
                print(
                        "reserve %d MB".formatted(shape.fileBytes() / 1_000_000),
                        System.nanoTime() - reserve);
                measure(worker, region);
            }
            System.out.println(
                    "worker memory: "
                            + Files.readAllLines(
                                            Path.of("/proc/" + worker.process.pid() + "/status"))
                                    .stream()
                                    .filter(line -> line.startsWith("Rss"))
                                    .toList());
            worker.agent.send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
            worker.exit();
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            for (String name : new String[] {"region", "stderr", "w"}) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.delete(folder);
        }
    }

    private static void measure(WorkerProcess worker, ArenaFile region) throws IOException {
        long start = System.nanoTime();
        worker.agent.call(
                ToWorker.newBuilder()
                        .setPrepareView(
                                PrepareView.newBuilder()
                                        .setEpoch(1)
                                        .setReplicas(1)
                                        .setShards(1)
                                        .setRegionPath(region.path().toString())
                                        .setOrigin(StateOrigin.STATE_ORIGIN_INIT)));
        print("prepare view (init)", System.nanoTime() - start);
        // A request that is refused at once: the bridge and nothing else.
        long[] trips = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            long sent = System.nanoTime();
            worker.agent.call(
                    ToWorker.newBuilder().setExecute(Execute.newBuilder().setEpoch(9).setStep(1)));
            trips[i] = System.nanoTime() - sent;
        }
        print("round trip, last half", Arrays.copyOfRange(trips, ROUNDS / 2, ROUNDS));
        long[] executes = new long[STEPS];
        long[] applies = new long[STEPS];
        long[] stalls = new long[STEPS];
        long[] commits = new long[STEPS];
        for (int step = 1; step <= STEPS; step++) {
            FromWorker executed =
                    worker.agent.call(
                            ToWorker.newBuilder()
                                    .setExecute(Execute.newBuilder().setEpoch(1).setStep(step)));
            executes[step - 1] = executed.getExecuted().getExecuteNanos();
            region.slot(step % 3).free();
            FromWorker applied =
                    worker.agent.call(
                            ToWorker.newBuilder()
                                    .setApply(
                                            Apply.newBuilder()
                                                    .setEpoch(1)
                                                    .setStep(step)
                                                    .setTakeSnapshot(true)
                                                    .setSlotIndex(step % 3)));
            applies[step - 1] = applied.getApplied().getApplyNanos();
            stalls[step - 1] = applied.getApplied().getSnapshotStallNanos();
            long waiting = System.nanoTime();
            if (worker.agent.committed().getFailed()) {
                throw new IOException("snapshot %d failed".formatted(step));
            }
            commits[step - 1] = System.nanoTime() - waiting;
        }
        print("execute", executes);
        print("apply", applies);
        print("snapshot stall", Arrays.copyOfRange(stalls, STEPS / 2, STEPS));
        print("commit in background", Arrays.copyOfRange(commits, STEPS / 2, STEPS));
        long[] copies = new long[STEPS];
        for (int i = 0; i < STEPS; i++) {
            long bytes = region.live().size();
            long copying = System.nanoTime();
            region.slot(i % 3).data().copyFrom(region.live(), 0, 0, bytes);
            copies[i] = System.nanoTime() - copying;
        }
        print("plain copy of the ballast", Arrays.copyOfRange(copies, STEPS / 2, STEPS));
    }

    private static void printCpu(WorkerProcess worker, String when) {
        System.out.println(
                "CPU time %s: %s"
                        .formatted(when, worker.process.info().totalCpuDuration().orElseThrow()));
    }

    private static void print(String what, long... nanos) {
        Arrays.sort(nanos);
        System.out.printf(
                "%s: median %.3f ms, min %.3f, p90 %.3f%n",
                what,
                nanos[nanos.length / 2] / 1e6,
                nanos[0] / 1e6,
                nanos[nanos.length * 9 / 10] / 1e6);
    }
}
