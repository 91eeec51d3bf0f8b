package io.coxswain.agent.adapter;

import static io.coxswain.agent.adapter.TestLeader.take;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.store.v1.Leader;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Refusal;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;

import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Who plays the leader with a certificate of another role, where ZooKeeper is open so that it could
 * even say where it is: no word of it reaches the agent's machine, and none of the agent it.
 */
class ImpostorLeaderTest {
    private static final long FALSE_TERM = Long.MAX_VALUE;
    private static final AgentProfile PROFILE = TestLeader.agent("a1");

    @TempDir private Path folder = Path.of("");

    private final BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<Leader> dialled = new LinkedBlockingQueue<>();
    private final List<AutoCloseable> closed = new ArrayList<>();
    private TestZooKeeper zookeeper;
    private CuratorFramework curator;

    @BeforeEach
    void open() throws Exception {
        zookeeper = new TestZooKeeper(Files.createDirectory(folder.resolve("zk")));
        curator = zookeeper.client();
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : closed.reversed()) {
            one.close();
        }
        curator.close();
        zookeeper.close();
    }

    private PlaneSecurity security(Role role, String name) throws IOException {
        Path into = Files.createTempDirectory(folder, name);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(), Duration.ofDays(1), into);
        PlaneSecurity made = PlaneSecurity.open(name, WireSecurity.tls(TlsFiles.in(into)));
        closed.add(made);
        return made;
    }

    private Server serve(Role role, String name, TestLeader speaker) throws IOException {
        Server server =
                NettyServerBuilder.forAddress(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .sslContext(
                                security(role, name)
                                        .server(PeerRule.roles(Role.AGENT), PlaneSecurity.HTTP_2))
                        .addService(speaker)
                        .build()
                        .start();
        closed.add(server::shutdownNow);
        return server;
    }

    private void elect(long term, Server server) throws Exception {
        Leader record =
                Leader.newBuilder()
                        .setTerm(term)
                        .setCoordinatorId("who says so")
                        .setControlEndpoint(
                                Endpoint.newBuilder()
                                        .setHost("127.0.0.1")
                                        .setPort(server.getPort()))
                        .build();
        TestLeader.elect(curator, record);
    }

    private PlaneSecurity follow() throws IOException {
        PlaneSecurity own = security(Role.AGENT, "a1");
        var channels = new ControlChannels("a1", own, List.of());
        closed.add(channels);
        var client =
                new GrpcControlClient(
                        curator,
                        PROFILE,
                        leader -> {
                            dialled.add(leader);
                            return channels.open(leader);
                        },
                        events::add,
                        new GrpcControlClient.Pauses(Duration.ofMillis(1), Duration.ofMillis(20)));
        closed.add(client);
        client.start();
        return own;
    }

    @ParameterizedTest
    @EnumSource(value = Role.class, names = "COORDINATOR", mode = EnumSource.Mode.EXCLUDE)
    void noOtherRoleLeads(Role role) throws Exception {
        var impostor = new TestLeader(TestLeader.fence(FALSE_TERM));
        elect(FALSE_TERM, serve(role, "stolen", impostor));
        PlaneSecurity own = follow();
        // It dialled, was disappointed, and dials again.
        take(dialled);
        take(dialled);
        take(dialled);

        assertThat(events).isEmpty();
        assertThat(impostor.heard).isEmpty();
        assertThat(own.refusals().of(Refusal.ROLE)).isPositive();

        // The agent has not seen that term: the true leader's word counts.
        var leader = new TestLeader(TestLeader.fence(4));
        elect(4, serve(Role.COORDINATOR, "c1", leader));
        assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
        assertThat(take(events)).isEqualTo(TestLeader.fenced(4));
        assertThat(impostor.heard).isEmpty();
    }

    @Test
    void anotherAuthoritysCoordinatorLeadsNobody() throws Exception {
        Path own = folder;
        folder = Files.createDirectory(folder.resolve("other"));
        CertificateAuthority.create(folder, "other", Duration.ofDays(2), InstantSource.system());
        var impostor = new TestLeader(TestLeader.fence(FALSE_TERM));
        Server server = serve(Role.COORDINATOR, "c1", impostor);
        folder = own;
        elect(FALSE_TERM, server);
        follow();
        take(dialled);
        take(dialled);

        assertThat(events).isEmpty();
        assertThat(impostor.heard).isEmpty();
    }
}
