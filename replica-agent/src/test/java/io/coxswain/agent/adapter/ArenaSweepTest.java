package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.ArenaSweep;
import io.coxswain.agent.core.model.AgentKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;

class ArenaSweepTest {
    private static final AgentKey KEY = new AgentKey("agent-1", "0123456789abcdef");

    @TempDir Path root;

    @Test
    void aFolderOfALivingProcessStays() throws IOException {
        ArenaFolder folder = ArenaFolder.create(root, KEY);
        Files.writeString(folder.path().resolve("region-1-0"), "bytes");
        assertThat(folder.path().getFileName()).hasToString("coxswain-agent-1-01234567");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.path())))
                .isEqualTo("rwx------");
        assertThat(ArenaSweep.sweep(root)).isEmpty();
        assertThat(folder.path().resolve("region-1-0")).exists();
        folder.delete();
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void aFolderOfADeadProcessGoesAndItsWorkersWithIt() throws Exception {
        Process worker = new ProcessBuilder("sleep", "600").start();
        try {
            long workerStart = worker.info().startInstant().orElse(Instant.EPOCH).toEpochMilli();
            Path folder = Files.createDirectory(root.resolve("coxswain-agent-2-ffffffff"));
            Process dead = new ProcessBuilder("true").start();
            long deadStart = dead.info().startInstant().orElse(Instant.now()).toEpochMilli();
            dead.waitFor();
            Files.write(
                    folder.resolve("owner"),
                    List.of(
                            "agent " + dead.pid() + " " + deadStart,
                            "worker " + worker.pid() + " " + workerStart));
            Files.writeString(folder.resolve("copies-0-0"), "bytes");
            assertThat(ArenaSweep.sweep(root)).containsExactly(folder);
            assertThat(folder).doesNotExist();
            assertThat(worker.waitFor(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            worker.destroyForcibly();
        }
    }

    @Test
    void aProcessIdThatIsUsedAgainIsNotTheOwner() throws Exception {
        Process other = new ProcessBuilder("sleep", "600").start();
        try {
            Path folder = Files.createDirectory(root.resolve("coxswain-agent-3-ffffffff"));
            Files.write(
                    folder.resolve("owner"),
                    List.of("agent " + other.pid() + " 1000", "worker " + other.pid() + " 1000"));
            assertThat(ArenaSweep.sweep(root)).containsExactly(folder);
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void whatDoesNotSayWhoseItIsStays() throws IOException {
        Path folder = Files.createDirectory(root.resolve("coxswain-somebody"));
        Path other = Files.createDirectory(root.resolve("something-else"));
        assertThat(ArenaSweep.sweep(root)).isEmpty();
        assertThat(folder).exists();
        assertThat(other).exists();
        assertThat(ArenaSweep.sweep(root.resolve("missing"))).isEmpty();
    }
}
