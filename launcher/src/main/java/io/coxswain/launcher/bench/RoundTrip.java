package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.agent.worker.WorkerExit;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.WorkerSettings;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * How long an order takes to a worker process and its answer back, by the agent's own supervisor:
 * an order that is refused at once, so that it is the bridge and nothing else. The next order is
 * sent on the thread that took the answer before, as an agent's loop that is not busy does.
 */
final class RoundTrip implements WorkerSupervisor.Listener {
    private static final int LIMIT_SECONDS = 60;

    private final long[] nanos;
    private final CompletableFuture<double[]> done = new CompletableFuture<>();
    private final CompletableFuture<WorkerSupervisor> supervisor = new CompletableFuture<>();
    private int answered = -1;
    private long sent;

    private RoundTrip(int trips) {
        nanos = new long[trips];
    }

    /**
     * Measures.
     *
     * @param trips after as many that warm up
     * @return microseconds of each
     */
    static double[] measure(Path sockets, int trips)
            throws EnvironmentException, InterruptedException {
        var trip = new RoundTrip(2 * trips);
        try (var worker =
                new WorkerSupervisor(
                        JavaProcess.worker("reference", WorkerSettings.usual()),
                        sockets,
                        sockets,
                        WorkerSupervisor.Limits.DEFAULT,
                        OutputLimits.DEFAULT,
                        trip)) {
            trip.supervisor.complete(worker);
            worker.start();
            return trip.done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new EnvironmentException("a worker did not answer: " + e.getMessage(), e);
        }
    }

    private void send() {
        sent = System.nanoTime();
        supervisor
                .join()
                .send(
                        ToWorker.newBuilder()
                                .setRequestId(answered + 2L)
                                .setExecute(Execute.newBuilder().setEpoch(1).setStep(1))
                                .build());
    }

    @Override
    public void ready(long generation, List<Hello> hellos) {
        send();
    }

    @Override
    public void message(long generation, int local, FromWorker message) {
        long now = System.nanoTime();
        answered++;
        if (answered < nanos.length) {
            nanos[answered] = now - sent;
            send();
        } else if (!done.isDone()) {
            double[] micros = new double[nanos.length / 2];
            for (int i = 0; i < micros.length; i++) {
                micros[i] = nanos[nanos.length - micros.length + i] / 1e3;
            }
            done.complete(micros);
        }
    }

    @Override
    public void pong(long generation, Pong pong) {
        // The side channel is not what is measured.
    }

    @Override
    public void asked(long generation, int local, KeyValueRequest request) {
        // The reference runtime finds nobody.
    }

    @Override
    public void exited(long generation, WorkerExit exit) {
        done.completeExceptionally(new EnvironmentException(exit.describe()));
    }
}
