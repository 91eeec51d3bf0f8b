package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.adapter.zookeeper.EmbeddedZooKeeper;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

final class CoordinatorHttpTest {
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

    @Test
    void thereIsNoPortUnlessItIsAskedFor() throws IOException {
        try (Coordinator coordinator = builder("/none").build().start()) {
            assertThat(coordinator.httpUrl()).isEmpty();
        }
    }

    @Test
    void theLeaderTellsItsJobAndTheStandbyItself() throws Exception {
        try (Coordinator leader = builder("/pair").id("one").http("127.0.0.1", 0).build().start()) {
            leader.leading().join();
            var submitted = new CountDownLatch(1);
            var _ =
                    leader.listen(event -> {
                        if (event.event() instanceof CoordinatorEvent.JobWaiting) {
                            submitted.countDown();
                        }
                    });
            leader.submit(job()).join();
            submitted.await();
            var seen = new CountDownLatch(1);
            var _ =
                    leader.watch(picture -> {
                        if (picture.job() != null) {
                            seen.countDown();
                        }
                    });
            seen.await();
            assertThat(get(leader, "livez").body()).isEqualTo("alive\n");
            HttpResponse<String> ready = get(leader, "readyz");
            assertThat(ready.statusCode()).isEqualTo(200);
            assertThat(ready.body()).isEqualTo("ready: it leads with term 1\n");
            assertThat(get(leader, "metrics").body())
                    .contains("coxswain_leader 1.0")
                    .contains("coxswain_term 1.0")
                    .contains("coxswain_zookeeper_connected 1.0")
                    .contains("coxswain_job_phase{job_id=\"j\",phase=\"waiting\"} 1.0")
                    .contains("coxswain_steps_completed_total{job_id=\"j\"} 0.0");
            try (Coordinator standby =
                    builder("/pair").id("two").http("127.0.0.1", 0).build().start()) {
                assertThat(get(standby, "livez").statusCode()).isEqualTo(200);
                assertThat(get(standby, "metrics").body())
                        .contains("coxswain_leader 0.0")
                        .doesNotContain("coxswain_job_phase")
                        .doesNotContain("coxswain_agents");
                leader.close();
                standby.leading().join();
                assertThat(get(standby, "readyz").body())
                        .isEqualTo("ready: it leads with term 2\n");
            }
        }
    }

    @Test
    void badRequestsChangeNothing() throws Exception {
        try (Coordinator coordinator =
                builder("/bad").http("127.0.0.1", 0).httpName("train.example").build().start()) {
            assertThat(get(coordinator, "nothing").statusCode()).isEqualTo(404);
            assertThat(get(coordinator, "metrics/").statusCode()).isEqualTo(404);
            assertThat(get(coordinator, "metrics%2e").statusCode()).isEqualTo(400);
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> answer =
                        client.send(
                                HttpRequest.newBuilder(uri(coordinator, "metrics"))
                                        .DELETE()
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(405);
            }
            assertThat(coordinator.status().join().jobs()).isEmpty();
        }
    }

    @Test
    void aPortInUseEndsTheStartAndLeavesNothingOpen() throws IOException {
        try (var taken = new ServerSocket(0)) {
            Coordinator coordinator =
                    builder("/taken").http("0.0.0.0", taken.getLocalPort()).build();
            assertThatThrownBy(coordinator::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("HTTP port 0.0.0.0:" + taken.getLocalPort());
            assertThat(coordinator.httpUrl()).isEmpty();
        }
    }

    @Test
    void grpcHealthTellsWhoLeads() throws Exception {
        try (Coordinator coordinator = builder("/health").build().start()) {
            coordinator.leading().join();
            ManagedChannel channel =
                    NettyChannelBuilder.forAddress("127.0.0.1", coordinator.port())
                            .usePlaintext()
                            .build();
            try {
                Iterator<HealthCheckResponse> watch =
                        HealthGrpc.newBlockingStub(channel)
                                .watch(
                                        HealthCheckRequest.newBuilder()
                                                .setService(ControlPlaneGrpc.SERVICE_NAME)
                                                .build());
                ServingStatus status = watch.next().getStatus();
                while (status != ServingStatus.SERVING) {
                    status = watch.next().getStatus();
                }
                assertThat(
                                HealthGrpc.newBlockingStub(channel)
                                        .check(HealthCheckRequest.getDefaultInstance())
                                        .getStatus())
                        .isEqualTo(ServingStatus.SERVING);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    private static JobSpec job() {
        return new JobSpec(
                "j",
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
                Map.of());
    }

    private static URI uri(Coordinator coordinator, String path) {
        return URI.create(coordinator.httpUrl().orElseThrow() + path);
    }

    private static HttpResponse<String> get(Coordinator coordinator, String path)
            throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(uri(coordinator, path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
