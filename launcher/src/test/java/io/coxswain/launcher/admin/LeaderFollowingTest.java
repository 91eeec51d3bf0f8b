package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.adapter.grpc.LeaderRedirect;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.ResumeRequest;
import io.coxswain.proto.admin.v1.ResumeResponse;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Commands go where a coordinator that does not lead sends them. */
class LeaderFollowingTest {
    private final List<Server> servers = new ArrayList<>();

    /** A coordinator that leads, or sends to the one that does. */
    private static final class Coordinator extends AdminGrpc.AdminImplBase {
        final AtomicInteger asked = new AtomicInteger();
        volatile String leader = "";

        @Override
        public void resume(ResumeRequest request, StreamObserver<ResumeResponse> out) {
            asked.incrementAndGet();
            if (leader.isEmpty()) {
                out.onNext(
                        ResumeResponse.newBuilder()
                                .setResumed(true)
                                .setJobId(request.getJobId())
                                .build());
                out.onCompleted();
                return;
            }
            var trailers = new Metadata();
            trailers.put(LeaderRedirect.LEADER, leader);
            out.onError(Status.FAILED_PRECONDITION.asRuntimeException(trailers));
        }

        @Override
        public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
            out.onNext(
                    StatusResponse.newBuilder()
                            .setTerm(leader.isEmpty() ? 3 : 0)
                            .setLeader(leader)
                            .build());
            out.onCompleted();
        }
    }

    private String start(Coordinator coordinator) throws IOException {
        Server server =
                NettyServerBuilder.forAddress(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .addService(coordinator)
                        .build()
                        .start();
        servers.add(server);
        return "127.0.0.1:" + server.getPort();
    }

    @AfterEach
    void stop() {
        servers.forEach(Server::shutdownNow);
    }

    @Test
    void aStandbySendsToTheLeaderWhichAnswersFromThenOn() throws Exception {
        var leads = new Coordinator();
        var standsBy = new Coordinator();
        standsBy.leader = start(leads);
        try (AdminClient client =
                AdminClient.connect(new AdminClient.Address(start(standsBy), "", ""))) {
            assertThat(client.resume("j").getResumed()).isTrue();
            assertThat(client.resume("j").getResumed()).isTrue();
            assertThat(client.status("").getTerm()).isEqualTo(3);
        }
        assertThat(standsBy.asked).hasValue(1);
        assertThat(leads.asked).hasValue(2);
    }

    @Test
    void theStatusOfAStandbyIsTheLeaders() throws Exception {
        var standsBy = new Coordinator();
        standsBy.leader = start(new Coordinator());
        try (AdminClient client =
                AdminClient.connect(new AdminClient.Address(start(standsBy), "", ""))) {
            assertThat(client.status("").getTerm()).isEqualTo(3);
        }
    }

    @Test
    void whatARoleMayNotDoIsRefusedForGoodAndWhoIsNotThereMayBeThereLater() throws Exception {
        try (AdminClient client =
                AdminClient.connect(new AdminClient.Address("127.0.0.1:9", "", ""))) {
            EnvironmentException refused =
                    client.unanswered(
                            Status.PERMISSION_DENIED
                                    .withDescription("a viewer may not")
                                    .asRuntimeException());
            assertThat(refused.isLasting()).isTrue();
            assertThat(refused).hasMessageContaining("127.0.0.1:9 refused: a viewer may not");
            EnvironmentException gone =
                    client.unanswered(
                            Status.UNAVAILABLE
                                    .withDescription("io exception\nChannel Pipeline: []")
                                    .asRuntimeException());
            assertThat(gone.isLasting()).isFalse();
            assertThat(gone).hasMessageContaining("UNAVAILABLE, io exception. Is it running");
            EnvironmentException late =
                    client.unanswered(
                            Status.DEADLINE_EXCEEDED
                                    .withDescription("CallOptions deadline exceeded after 9.9s")
                                    .asRuntimeException());
            assertThat(late.isLasting()).isFalse();
            assertThat(late)
                    .hasMessageContaining("did not answer in time")
                    .hasMessageContaining("waits for ZooKeeper");
        }
    }

    @Test
    void withoutTlsNobodyElsewhereIsAskedHoweverOften() {
        assertThatThrownBy(
                        () -> AdminClient.connect(new AdminClient.Address("192.0.2.7:1", "", "")))
                .isInstanceOfSatisfying(
                        EnvironmentException.class,
                        refused -> assertThat(refused.isLasting()).isTrue())
                .hasMessageContaining("--tls");
    }

    @Test
    void coordinatorsThatSendToEachOtherAreNotFollowedForEver() throws Exception {
        var one = new Coordinator();
        var other = new Coordinator();
        one.leader = start(other);
        other.leader = start(one);
        try (AdminClient client =
                AdminClient.connect(new AdminClient.Address(other.leader, "", ""))) {
            assertThatThrownBy(() -> client.resume("j")).isInstanceOf(EnvironmentException.class);
        }
        assertThat(one.asked.get() + other.asked.get()).isLessThanOrEqualTo(6);
    }
}
