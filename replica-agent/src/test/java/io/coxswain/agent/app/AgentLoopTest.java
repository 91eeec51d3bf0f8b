package io.coxswain.agent.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.AgentObserver;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;

import org.junit.jupiter.api.Test;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

class AgentLoopTest {
    private static final JobSpec JOB =
            new JobSpec(
                    "job-1",
                    "n",
                    1,
                    1,
                    10,
                    1,
                    "",
                    1,
                    1,
                    0,
                    1,
                    0,
                    0,
                    "runtime",
                    "agent",
                    "reference",
                    "{}");

    private final LinkedBlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    private final CompletableFuture<Throwable> fatal = new CompletableFuture<>();
    private final List<String> kills = new CopyOnWriteArrayList<>();
    private final AtomicLong skippedNanos = new AtomicLong();
    private volatile CountDownLatch standStill = new CountDownLatch(0);

    /** A worker port that hears nothing but, where told to, fails on start. */
    private record Workers(boolean broken, List<String> kills) implements WorkerPort {
        @Override
        public void start(int generation, JobSpec job) {
            if (broken) {
                throw new IllegalStateException("broken on purpose");
            }
        }

        @Override
        public void stop(int generation) {}

        @Override
        public void kill(int generation, String reason, boolean hung) {
            kills.add(reason);
        }

        @Override
        public void replace(int generation, String reason) {
            kills.add(reason);
        }

        @Override
        public void abort(int generation, long belowEpoch) {}

        @Override
        public void ask(int generation, WorkerRequest request) {}

        @Override
        public void answer(int generation, long requestId, KeyValueReply reply) {}
    }

    private final class Control implements ControlPort {
        @Override
        public void report(AgentReport report, long termSeen) {
            CountDownLatch gate = standStill;
            reports.add(report);
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void leave(String reason) {}
    }

    /** A port that nothing may call here. */
    private static <T> T silent(Class<T> port) {
        return port.cast(
                Proxy.newProxyInstance(
                        port.getClassLoader(),
                        new Class<?>[] {port},
                        (_, method, _) -> {
                            throw new InvocationTargetException(
                                    new AssertionError(method + " was called"));
                        }));
    }

    private AgentLoop loop(boolean broken) {
        EffectRunner runner =
                new EffectRunner(
                        new AgentMachine(new AgentKey("a", "aaaa"), AgentLimits.DEFAULT),
                        new AgentPorts(
                                new Control(),
                                new Workers(broken, kills),
                                silent(DataPort.class),
                                silent(ArenaPort.class)),
                        AgentObserver.NONE);
        return new AgentLoop(
                "a", runner, () -> System.nanoTime() + skippedNanos.get(), fatal::complete);
    }

    @Test
    void eventsBecomeReportsAndTimeBecomesHeartbeats() throws Exception {
        try (AgentLoop loop = loop(false)) {
            loop.post(new AgentEvent.StreamOpened());
            loop.start();
            assertThat(reports.poll(10, TimeUnit.SECONDS)).isInstanceOf(AgentReport.Attach.class);
            loop.post(new AgentEvent.Welcomed(1, 1_000_000, 1_000_000_000));
            for (int beat = 1; beat <= 3; beat++) {
                long sequence = beat;
                assertThat(reports.poll(10, TimeUnit.SECONDS))
                        .isInstanceOfSatisfying(
                                AgentReport.Heartbeat.class,
                                heard -> assertThat(heard.sequence()).isEqualTo(sequence));
            }
        }
        assertThat(fatal).isNotDone();
    }

    @Test
    void aWorkerThatSpokeWhileTheAgentStoodStillIsNotKilled() throws Exception {
        try (AgentLoop loop = loop(false)) {
            loop.post(new AgentEvent.StreamOpened());
            loop.post(new AgentEvent.JobOffered(1, JOB));
            loop.post(new AgentEvent.WorkerConnected(1));
            loop.start();
            assertThat(reports.poll(10, TimeUnit.SECONDS)).isInstanceOf(AgentReport.Attach.class);
            var pause = new CountDownLatch(1);
            standStill = pause;
            loop.post(new AgentEvent.StreamClosed("reset"));
            loop.post(new AgentEvent.StreamOpened());
            assertThat(reports.poll(10, TimeUnit.SECONDS)).isInstanceOf(AgentReport.Attach.class);
            // The loop is within that report; when it comes back, a minute has gone by.
            skippedNanos.set(60_000_000_000L);
            loop.post(new AgentEvent.WorkerPonged(1));
            standStill = new CountDownLatch(0);
            pause.countDown();
            loop.post(new AgentEvent.StreamClosed("reset"));
            loop.post(new AgentEvent.StreamOpened());
            assertThat(reports.poll(10, TimeUnit.SECONDS)).isInstanceOf(AgentReport.Attach.class);
        }
        assertThat(kills).isEmpty();
    }

    @Test
    void aBugStopsTheLoopAndIsToldOnce() throws Exception {
        try (AgentLoop loop = loop(true)) {
            loop.start();
            loop.post(new AgentEvent.JobOffered(1, JOB));
            assertThat(fatal.get(10, TimeUnit.SECONDS)).hasMessage("broken on purpose");
            loop.post(new AgentEvent.StreamOpened());
        }
        assertThat(reports).isEmpty();
    }
}
