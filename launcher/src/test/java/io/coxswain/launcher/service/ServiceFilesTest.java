package io.coxswain.launcher.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;

class ServiceFilesTest {
    private static final Path EXAMPLES = Path.of("..", "examples", "cluster");

    @TempDir private Path folder = Path.of("");

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("c.yaml"), text);
    }

    @Test
    void theExamplesSpellOutTheDefaults() throws Exception {
        CoordinatorFile written =
                CoordinatorFile.read(EXAMPLES.resolve("coordinator.yaml"), Map.of("log", "x.log"));
        CoordinatorFile empty = CoordinatorFile.read(file("log: x.log\n"), Map.of());

        assertThat(written.heartbeat())
                .isEqualTo(empty.heartbeat())
                .isEqualTo(Duration.ofMillis(250));
        assertThat(written.lease()).isEqualTo(empty.lease()).isEqualTo(Duration.ofSeconds(10));
        assertThat(written.settle()).isEqualTo(empty.settle());
        assertThat(written.eventBuffer()).isEqualTo(empty.eventBuffer());
        assertThat(written.common().zookeeper()).isEqualTo(empty.common().zookeeper());
        assertThat(written.common().chroot()).isEqualTo(empty.common().chroot());
        assertThat(written.common().bindHost()).isEqualTo(empty.common().bindHost());
        assertThat(written.common().port()).isEqualTo(empty.common().port()).isEqualTo(7400);
        assertThat(written.common().logLevel()).isEqualTo(Level.INFO);
        assertThat(written.common().security())
                .isEqualTo(empty.common().security())
                .isEqualTo(WireSecurity.loopbackOnly());
        assertThat(written.common().zookeeperAccess())
                .isEqualTo(empty.common().zookeeperAccess())
                .isEqualTo(ZooKeeperAccess.OPEN);
        assertThat(empty.common().log()).isEqualTo(folder.resolve("x.log"));
    }

    @Test
    void theAgentsExampleSpellsOutTheDefaults() throws Exception {
        Map<String, String> here = Map.of("arena.folder", folder.toString(), "id", "host1");
        AgentFile written = AgentFile.read(EXAMPLES.resolve("agent.yaml"), here);
        AgentFile empty = AgentFile.read(file("devices: 1\n"), here);

        assertThat(written.failureDomain()).isEqualTo(empty.failureDomain()).isEqualTo("host1");
        assertThat(written.arenaBudgetBytes())
                .isEqualTo(empty.arenaBudgetBytes())
                .isEqualTo(1L << 30);
        assertThat(written.keepArena()).isEqualTo(empty.keepArena()).isFalse();
        assertThat(written.workers().heapBytes())
                .isEqualTo(empty.workers().heapBytes())
                .isEqualTo(1L << 30);
        assertThat(written.workers().environment())
                .isEqualTo(empty.workers().environment())
                .isEmpty();
        assertThat(written.workers().createOptions())
                .isEqualTo(empty.workers().createOptions())
                .isEmpty();
        assertThat(written.workerSilence()).isEqualTo(empty.workerSilence());
        assertThat(written.copyBytesPerSecond()).isEqualTo(empty.copyBytesPerSecond()).isZero();
        assertThat(written.devices()).isEqualTo(empty.devices());
        assertThat(written.labels()).isEqualTo(empty.labels()).isEmpty();
        assertThat(written.common().port()).isEqualTo(empty.common().port()).isZero();
    }

    @Test
    void certificatesAndCredentialsAreReadFromTheirFolder() throws Exception {
        Files.writeString(
                folder.resolve("users"), "# who\ncoordinator:long-enough\n\nagent:long:enough\n");
        CommonOptions read =
                CoordinatorFile.read(
                                file(
                                        """
                                        tls: {folder: tls}
                                        zookeeperAuthFile: users
                                        zookeeperOptions: {zookeeper.client.secure: "true"}
                                        """),
                                Map.of())
                        .common();

        assertThat(read.security()).isEqualTo(WireSecurity.tls(TlsFiles.in(folder.resolve("tls"))));
        assertThat(read.zookeeperAccess().password("agent")).contains("long:enough");
        assertThat(read.zookeeperAccess().options())
                .containsExactly(Map.entry("zookeeper.client.secure", "true"));
        assertThat(read.zookeeperAccess().toString()).doesNotContain("enough");
        assertThat(CoordinatorFile.read(file("plaintext: true\n"), Map.of()).common().security())
                .isEqualTo(WireSecurity.plaintext());
    }

    @Test
    void contradictionsAboutSecurityAreSaid() throws Exception {
        Files.writeString(folder.resolve("users"), "coordinator:long-enough\n");
        Files.writeString(folder.resolve("short"), "agent:short\n");

        assertThat(complaints("tls: {folder: t}\nplaintext: true\n"))
                .anyMatch(text -> text.contains("plaintext: contradicts tls"));
        assertThat(complaints("tls: {folder: t, cert: c.pem}\n"))
                .anyMatch(text -> text.contains("folder names all three"));
        assertThat(complaints("tls: {cert: c.pem}\n"))
                .anyMatch(text -> text.contains("is not enough: expected cert, key and ca"));
        assertThat(complaints("zookeeperAuthFile: users\n"))
                .anyMatch(text -> text.contains("has no line agent:PASSWORD"));
        assertThat(complaints("zookeeperAuthFile: short\n"))
                .anyMatch(text ->
                        text.contains("short:1: expected a password of at least 8 characters"));
        assertThat(complaints("zookeeperAuthFile: none\n"))
                .anyMatch(text -> text.contains("there is no file"));
        assertThat(complaints("zookeeperOptions: {java.home: x}\n"))
                .anyMatch(text -> text.contains("is no option of ZooKeeper's client"));
    }

    private List<String> complaints(String text) throws Exception {
        Path file = file(text);
        try {
            var _ = CoordinatorFile.read(file, Map.of());
            return List.of();
        } catch (ConfigException wrong) {
            return wrong.complaints();
        }
    }

    @Test
    void bindAndAdvertisedAddressAreSeparate() throws Exception {
        AgentFile agent =
                AgentFile.read(
                        file(
                                """
                                bind: {host: 0.0.0.0, port: 7500}
                                advertise: {host: edge7, port: 17500}
                                labels: {zone: a}
                                """),
                        Map.of("arena.folder", folder.toString()));

        assertThat(agent.common().bindHost()).isEqualTo("0.0.0.0");
        assertThat(agent.common().port()).isEqualTo(7500);
        assertThat(agent.common().advertisedHost()).isEqualTo("edge7");
        assertThat(agent.common().advertisedPort()).isEqualTo(17500);
        assertThat(agent.labels()).containsExactly(Map.entry("zone", "a"));
    }

    @Test
    void aHostSetsItsWorkersEnvironmentAndOptions() throws Exception {
        AgentFile agent =
                AgentFile.read(
                        file(
                                """
                                worker:
                                  env: {CUDA_VISIBLE_DEVICES: "0,1", NPROC: 8}
                                  createOptions:
                                    node_id: 3
                                    memory_fraction: 0.75
                                    preallocate: false
                                    allocator: bfc
                                    version: "1"
                                    visible_devices: [0, 2]
                                """),
                        Map.of("arena.folder", folder.toString()));

        assertThat(agent.workers().environment())
                .isEqualTo(Map.of("CUDA_VISIBLE_DEVICES", "0,1", "NPROC", "8"));
        assertThat(agent.workers().createOptions())
                .isEqualTo(
                        Map.of(
                                "node_id",
                                3L,
                                "memory_fraction",
                                0.75,
                                "preallocate",
                                false,
                                "allocator",
                                "bfc",
                                "version",
                                "1",
                                "visible_devices",
                                List.of(0L, 2L)));
        Path wrong = file("worker:\n  env: {A-B: 1}\n  createOptions: {a: {b: 1}, c: [x], d: }\n");
        assertThatThrownBy(() -> AgentFile.read(wrong, Map.of("arena.folder", folder.toString())))
                .hasMessageContaining(":2:14: worker.env.A-B: expected a variable's name")
                .hasMessageContaining(
                        ":3:22: worker.createOptions.a: found a group of fields, expected a number")
                .hasMessageContaining(":3:34: worker.createOptions.c: found 'x' in the list")
                .hasMessageContaining("worker.createOptions.d: found nothing, expected a number");
    }

    @Test
    void relationsAreChecked() throws IOException {
        Path shortLease = file("heartbeat: 6s\nlease: 11s\n");
        assertThatThrownBy(() -> CoordinatorFile.read(shortLease, Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(
                        shortLease
                                + ":2:8: lease: a lease of 11000ms is not more than twice the"
                                + " heartbeat of 6000ms");
        Path beforeFailover = file("sessionTimeout: 10s\nlease: 12s\n");
        assertThatThrownBy(() -> CoordinatorFile.read(beforeFailover, Map.of()))
                .hasMessageContaining(
                        ":2:8: lease: a lease of 12000ms is less than sessionTimeout + 4s ="
                                + " 14000ms");
    }

    @Test
    void unknownFieldsAreErrors() throws IOException {
        Path typo = file("bind:\n  prot: 7400\nzookeper: a:1\n");

        assertThatThrownBy(() -> CoordinatorFile.read(typo, Map.of()))
                .hasMessageContaining(typo + ":2:3: bind.prot: unknown field; did you mean 'port'?")
                .hasMessageContaining(
                        typo + ":3:1: zookeper: unknown field; did you mean 'zookeeper'?");
    }

    @Test
    void aFolderForSharedMemoryMustBeThere() throws IOException {
        Path gone = file("arena:\n  folder: " + folder.resolve("gone") + "\n");

        assertThatThrownBy(() -> AgentFile.read(gone, Map.of()))
                .hasMessageContaining(
                        gone + ":2:11: arena.folder: " + folder.resolve("gone") + " is no folder");
    }
}
