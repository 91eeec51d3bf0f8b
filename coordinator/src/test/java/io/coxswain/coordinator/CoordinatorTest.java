package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.adapter.zookeeper.EmbeddedZooKeeper;
import io.coxswain.coordinator.adapter.zookeeper.ZkClients;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

class CoordinatorTest {
    @TempDir static Path folder;
    private static EmbeddedZooKeeper zooKeeper;

    @BeforeAll
    static void open() throws Exception {
        zooKeeper = new EmbeddedZooKeeper(folder);
    }

    @AfterAll
    static void close() {
        zooKeeper.close();
    }

    private static Coordinator.Builder builder(String chroot) {
        return Coordinator.builder().zookeeper(zooKeeper.connectString()).chroot(chroot);
    }

    private static JobSpec job(String id) {
        return job(id, Map.of());
    }

    private static JobSpec job(String id, Map<String, String> labels) {
        return new JobSpec(
                id,
                "digits",
                new Mesh(1, 1),
                10,
                1,
                "d",
                8,
                8,
                0,
                1,
                0,
                0,
                "runtime",
                "agent",
                "reference",
                "{}",
                labels);
    }

    @Test
    void jobsAreSubmittedQueuedCancelledAndReported() throws Exception {
        try (Coordinator coordinator = builder("/life").id("c1").build().start()) {
            assertThat(coordinator.leading().join()).isEqualTo(1);
            assertThat(coordinator.submit(job("j1")).join())
                    .isEqualTo(new SubmitOutcome.Accepted("j1"));
            assertThat(coordinator.submit(job("j1")).join())
                    .isEqualTo(new SubmitOutcome.Accepted("j1"));
            assertThat(coordinator.submit(job("j2")).join())
                    .isInstanceOf(SubmitOutcome.Refused.class);
            assertThat(coordinator.submit(job("j2"), true).join())
                    .isEqualTo(new SubmitOutcome.Queued("j2", 1));

            var report = coordinator.result("j1");
            assertThat(coordinator.cancel("j1").join())
                    .isEqualTo(new CancelOutcome.Cancelled("j1"));

            assertThat(report.join().completed()).isFalse();
            assertThat(report.join().environment()).containsEntry("coordinator", "c1");
            assertThat(coordinator.status().join().jobs())
                    .extracting(CoordinatorStatus.Job::jobId)
                    .containsExactly("j2", "j1");
            assertThatThrownBy(() -> coordinator.result("nobody").join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void aRestartedCoordinatorKnowsWhatEnded() throws Exception {
        Map<String, String> labels = Map.of("chaos", "allowed", "team", "vision");
        try (Coordinator coordinator = builder("/again").build().start()) {
            coordinator.submit(job("j1", labels)).join();
            assertThat(coordinator.status().join().jobs().getFirst().labels()).isEqualTo(labels);
            var report = coordinator.result("j1");
            coordinator.cancel("j1").join();
            report.join();
        }
        try (Coordinator coordinator = builder("/again").build().start()) {
            assertThat(coordinator.leading().join()).isEqualTo(2);
            assertThat(coordinator.result("j1").join().completed()).isFalse();
            assertThat(coordinator.status().join().jobs().getFirst().labels()).isEqualTo(labels);
            assertThat(coordinator.submit(job("j1", labels)).join())
                    .isEqualTo(new SubmitOutcome.Accepted("j1"));
            assertThat(coordinator.submit(job("j1")).join())
                    .isInstanceOf(SubmitOutcome.Refused.class);
        }
    }

    @Test
    void twoInOneJvmAndOnlyOneLeads() throws Exception {
        Coordinator first = builder("/two").id("first").build().start();
        first.leading().join();
        try (Coordinator second = builder("/two").id("second").build().start()) {
            CoordinatorStatus standby = second.status().join();
            assertThat(standby.leading()).isFalse();
            var waiting = second.submit(job("j1"));
            assertThat(waiting).isNotDone();

            first.close();

            assertThat(waiting.join()).isEqualTo(new SubmitOutcome.Accepted("j1"));
            assertThat(second.leading().join()).isEqualTo(2);
        }
    }

    @Test
    void listenersHearTheLeadershipAndTheEnd() throws Exception {
        var heard = new CopyOnWriteArrayList<CoordinatorEvent>();
        Coordinator coordinator = builder("/listen").build();
        Subscription subscription = coordinator.listen(event -> heard.add(event.event()));
        coordinator.start();
        coordinator.submit(job("j1")).join();

        coordinator.close();
        subscription.awaitEnd();

        assertThat(heard)
                .startsWith(
                        new CoordinatorEvent.LeadershipGained(1),
                        new CoordinatorEvent.JobSubmitted("j1", "digits"));
        assertThat(heard.getLast()).isInstanceOf(CoordinatorEvent.LeadershipLost.class);
    }

    @Test
    void whoeverWaitsIsToldWhenItCloses() throws Exception {
        Coordinator coordinator = builder("/waits").build().start();
        coordinator.submit(job("j1")).join();
        var report = coordinator.result("j1");
        coordinator.status().join();

        coordinator.close();

        assertThatThrownBy(report::join).hasCauseInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> coordinator.status().join())
                .hasCauseInstanceOf(IllegalStateException.class);
        coordinator.close();
        assertThatThrownBy(coordinator::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theHostsClientAndMetersStayTheHosts() throws Exception {
        var registry = new SimpleMeterRegistry();
        try (ZkClients host = zooKeeper.connect()) {
            Coordinator coordinator =
                    Coordinator.builder()
                            .curator(host.client())
                            .chroot("/guest")
                            .id("guest")
                            .meterRegistry(registry)
                            .build()
                            .start();
            coordinator.leading().join();
            coordinator.status().join();
            assertThat(registry.get("coxswain.term").tag("coordinator", "guest").gauge())
                    .isNotNull();

            coordinator.close();

            assertThat(registry.getMeters()).isEmpty();
            assertThat(host.client().checkExists().forPath("/guest/controller/term")).isNotNull();
            assertThat(host.client().checkExists().forPath("/guest/controller/leader")).isNull();
        }
    }

    @Test
    void adminIsServedOnTheSamePort() throws Exception {
        try (Coordinator coordinator = builder("/admin").id("c9").build().start()) {
            coordinator.leading().join();
            ManagedChannel channel =
                    NettyChannelBuilder.forAddress(
                                    new InetSocketAddress(
                                            InetAddress.getLoopbackAddress(), coordinator.port()))
                            .usePlaintext()
                            .build();
            try {
                var status =
                        AdminGrpc.newBlockingStub(channel)
                                .status(StatusRequest.getDefaultInstance());
                assertThat(status.getCoordinatorId()).isEqualTo("c9");
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @Test
    void aPortInUseFailsTheStartAndLeavesNothing() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Coordinator coordinator =
                    builder("/port").bind("127.0.0.1", taken.getLocalPort()).build();

            assertThatThrownBy(coordinator::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot open the control port");
            assertThatThrownBy(coordinator::port).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aBugStopsThisCoordinatorOnlyAndIsTold() throws Exception {
        var told = new CopyOnWriteArrayList<Throwable>();
        var fatal = new CountDownLatch(1);
        var armed = new AtomicBoolean();
        // An executor that breaks its contract: what it throws reaches the decision loop.
        Executor bad =
                task -> {
                    if (armed.get()) {
                        throw new IllegalStateException("on purpose");
                    }
                    Thread.ofVirtual().start(task);
                };
        try (Coordinator healthy = builder("/healthy").build().start();
                Coordinator broken =
                        builder("/broken")
                                .executor(bad)
                                .onFatal(bug -> {
                                    told.add(bug);
                                    fatal.countDown();
                                })
                                .build()
                                .start()) {
            broken.leading().join();
            armed.set(true);
            var unanswered = broken.status();
            fatal.await();

            assertThat(told)
                    .singleElement()
                    .satisfies(bug -> assertThat(bug).hasMessage("on purpose"));
            assertThatThrownBy(unanswered::join).hasCauseInstanceOf(IllegalStateException.class);
            assertThat(healthy.leading().join()).isEqualTo(1);
            assertThat(healthy.status().join().leading()).isTrue();
        }
    }

    @Test
    void relationsBetweenTimesAreChecked() {
        assertThatThrownBy(() ->
                        builder("/x")
                                .heartbeat(Duration.ofSeconds(6))
                                .lease(Duration.ofSeconds(12))
                                .build())
                .hasMessageContaining("lease must be more than 2 heartbeats")
                .hasMessageContaining("12000 ms")
                .hasMessageContaining("raise the lease");
        assertThatThrownBy(() -> builder("/x").lease(Duration.ofSeconds(9)).build())
                .hasMessageContaining("session timeout + 4 s = 10000 ms");
        assertThatThrownBy(() -> builder("/x").sessionTimeout(Duration.ofMillis(10)).build())
                .hasMessageContaining("sessionTimeout must be 1000 to 120000 ms, got 10 ms");
        assertThatThrownBy(() -> builder("/x").bind("127.0.0.1", 70_000).build())
                .hasMessageContaining("port must be 0 (a free one) to 65535");
        assertThatThrownBy(() -> builder("/x").eventBuffer(1).build())
                .hasMessageContaining("eventBuffer");
        assertThatThrownBy(() -> builder("/x").id("a/b").build()).hasMessageContaining("id 'a/b'");
        assertThatThrownBy(() -> builder("no slash").build().start())
                .hasMessageContaining("chroot");
        assertThatThrownBy(() -> Coordinator.builder().build())
                .hasMessageContaining("needs ZooKeeper");
    }

    @Test
    void everyEventHasALineAndJson() {
        List<CoordinatorEvent> events =
                List.of(
                        new CoordinatorEvent.StepsCompleted("j", 1, 40, 39, 0.25f, 120.04, 0.987),
                        new CoordinatorEvent.AgentLost("a", "0123456789abcdef", "gone\nfor good"),
                        new CoordinatorEvent.Gap(3, 9));

        assertThat(events)
                .extracting(EventText::of)
                .containsExactly(
                        "step 40 complete, 39 protected, loss 0.2500, 120.0 steps/s, goodput"
                                + " 98.7%",
                        "agent a lost (01234567): gone for good", "events 3 to 9 are gone");
        assertThat(EventText.json(events.getLast()))
                .isEqualTo("{\"fromSequence\":3,\"toSequence\":9}");
    }
}
