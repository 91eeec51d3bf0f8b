package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.adapter.zookeeper.EmbeddedZooKeeper;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.term.TermVerdict;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.Heartbeat;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Who has an agent's certificate, and says over it that another coordinator leads, to a leader with
 * everything it has in production: mutual TLS, the loop, ZooKeeper.
 */
class RogueAgentTest {
    private static final long MOST_SECONDS = 50;

    @TempDir private Path folder = Path.of("");

    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<PlaneSecurity> opened = new ArrayList<>();
    private final BlockingQueue<CoordinatorEvent> events = new LinkedBlockingQueue<>();
    private EmbeddedZooKeeper zooKeeper;
    private Coordinator coordinator;

    @BeforeEach
    void open() throws Exception {
        zooKeeper = new EmbeddedZooKeeper(Files.createDirectory(folder.resolve("zk")));
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
        coordinator =
                Coordinator.builder()
                        .zookeeper(zooKeeper.connectString())
                        .id("c1")
                        .security(WireSecurity.tls(issue(Role.COORDINATOR, "c1")))
                        .build();
        var unusedUntilClosed = coordinator.listen(event -> events.add(event.event()));
        coordinator.start();
        assertThat(coordinator.leading().get(MOST_SECONDS, TimeUnit.SECONDS)).isEqualTo(1);
    }

    @AfterEach
    void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        opened.forEach(PlaneSecurity::close);
        coordinator.close();
        zooKeeper.close();
    }

    private TlsFiles issue(Role role, String name) throws IOException {
        Path into = folder.resolve(role + "-" + name);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(), Duration.ofDays(1), into);
        return TlsFiles.in(into);
    }

    /** An agent with a good certificate and no scruples. */
    private final class Agent implements StreamObserver<CoordinatorMessage> {
        private final BlockingQueue<CoordinatorMessage> heard = new LinkedBlockingQueue<>();
        private final ManagedChannel channel;
        private final String id;
        private @Nullable StreamObserver<AgentMessage> out;

        Agent(String id) throws IOException {
            this.id = id;
            PlaneSecurity security =
                    PlaneSecurity.open(id, WireSecurity.tls(issue(Role.AGENT, id)));
            opened.add(security);
            channel =
                    NettyChannelBuilder.forAddress("127.0.0.1", coordinator.port())
                            .sslContext(
                                    security.client(
                                            PeerRule.roles(Role.COORDINATOR), PlaneSecurity.HTTP_2))
                            .build();
            channels.add(channel);
        }

        private AgentMessage.Builder message(long termSeen) {
            return AgentMessage.newBuilder()
                    .setTermSeen(termSeen)
                    .setAgent(
                            AgentIdentity.newBuilder()
                                    .setAgentId(id)
                                    .setIncarnation("a".repeat(32)));
        }

        /** Opens another stream and says which term it has seen. */
        CoordinatorMessage attach(long termSeen) throws InterruptedException {
            StreamObserver<AgentMessage> opened = ControlPlaneGrpc.newStub(channel).attach(this);
            out = opened;
            opened.onNext(
                    message(termSeen)
                            .setAttach(
                                    Attach.newBuilder()
                                            .setProtocolMajor(1)
                                            .setDataEndpoint(
                                                    Endpoint.newBuilder()
                                                            .setHost("127.0.0.1")
                                                            .setPort(1))
                                            .setFailureDomain("rack/" + id)
                                            .setArenaBudgetBytes(1 << 20))
                            .build());
            return hear();
        }

        void beat(long termSeen, long sequence) {
            Objects.requireNonNull(out)
                    .onNext(
                            message(termSeen)
                                    .setHeartbeat(Heartbeat.newBuilder().setSequence(sequence))
                                    .build());
        }

        CoordinatorMessage hear() throws InterruptedException {
            CoordinatorMessage message = heard.poll(MOST_SECONDS, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("agent " + id + " heard nothing");
            }
            return message;
        }

        @Override
        public void onNext(CoordinatorMessage message) {
            heard.add(message);
        }

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onCompleted() {}
    }

    private CoordinatorEvent.TermClaimed claim() throws InterruptedException {
        while (true) {
            CoordinatorEvent event = events.poll(MOST_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("nobody was told of a claim");
            }
            if (event instanceof CoordinatorEvent.TermClaimed told) {
                return told;
            }
        }
    }

    @Test
    void whoClaimsAHigherTermIsSentAwayAndTheLeaderGoesOn() throws Exception {
        Agent honest = new Agent("a1");
        assertThat(honest.attach(0).hasWelcome()).isTrue();
        Agent rogue = new Agent("a2");

        for (int i = 0; i < 5; i++) {
            CoordinatorMessage answer = rogue.attach(Long.MAX_VALUE);
            assertThat(answer.hasRejected()).as("%s", answer).isTrue();
            assertThat(answer.getRejected().getReason()).contains("agent a2");
            assertThat(answer.getRejected().getRetry()).isFalse();
        }

        CoordinatorEvent.TermClaimed told = claim();
        assertThat(told.agent()).isEqualTo("a2");
        assertThat(told.verdict()).isEqualTo(TermVerdict.HELD);
        // The same leader, in the same term; again, since a slow test may have been too silent.
        CoordinatorMessage answered = honest.attach(1);
        assertThat(answered.hasWelcome()).isTrue();
        assertThat(answered.getTerm()).isEqualTo(1);
        CoordinatorStatus status = coordinator.status().get(MOST_SECONDS, TimeUnit.SECONDS);
        assertThat(status.leading()).isTrue();
        assertThat(status.term()).isEqualTo(1);
        assertThat(status.agents())
                .extracting(CoordinatorStatus.Agent::agentId)
                .containsExactly("a1");
        // Under its own name it is let in, once it claims nothing.
        assertThat(rogue.attach(1).hasWelcome()).isTrue();
        assertThat(events).noneMatch(event -> event instanceof CoordinatorEvent.LeadershipLost);
    }

    @Test
    void whoClaimsItOnAStreamThatIsOpenLosesIt() throws Exception {
        Agent honest = new Agent("a1");
        assertThat(honest.attach(0).hasWelcome()).isTrue();
        Agent rogue = new Agent("a2");
        assertThat(rogue.attach(0).hasWelcome()).isTrue();

        rogue.beat(2, 1);
        // Not a reply: what it says does not count until ZooKeeper was asked, nor afterwards.
        assertThat(rogue.hear().hasRejected()).isTrue();

        assertThat(honest.attach(1).hasWelcome()).isTrue();
        CoordinatorStatus status = coordinator.status().get(MOST_SECONDS, TimeUnit.SECONDS);
        assertThat(status.term()).isEqualTo(1);
        assertThat(claim().claimed()).isEqualTo(2);
    }

    @Test
    void whoIsAskedForTermsWithoutZooKeeperBelievesNobodyAndLeadsOn() throws Exception {
        Agent honest = new Agent("a1");
        assertThat(honest.attach(0).hasWelcome()).isTrue();
        Agent rogue = new Agent("a2");
        zooKeeper.stop();

        CoordinatorMessage answer = rogue.attach(9);
        assertThat(answer.hasRejected()).isTrue();
        assertThat(answer.getRejected().getRetry()).isTrue();

        assertThat(claim().verdict()).isEqualTo(TermVerdict.UNKNOWN);
        assertThat(honest.attach(1).hasWelcome()).isTrue();
        assertThat(events).noneMatch(event -> event instanceof CoordinatorEvent.LeadershipLost);
    }
}
