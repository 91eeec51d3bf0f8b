package io.coxswain.chaos.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.nemesis.Deed;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Ports on a process that stands for an agent, with a child that stands for its worker. */
class CommandFaultsTest implements Whereabouts {
    private static final Victim HOST = new Victim(Part.HOST, "a1");
    private static final Victim WORKER = new Victim(Part.WORKER, "a1");
    private static final Victim AGENT = new Victim(Part.AGENT, "a1");

    @TempDir private Path folder = Path.of("");

    private @Nullable Process agent;
    private String incarnation = "1";
    private boolean attached = true;
    private int looksUntilGone;
    private boolean unanswered;
    private long pid;

    private ProcessHandle start() throws Exception {
        Process started = new ProcessBuilder("sh", "-c", "sleep 1000 & echo up; wait").start();
        agent = started;
        pid = started.pid();
        assertThat(started.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("up");
        return started.children().findFirst().orElseThrow();
    }

    private void agentGone() throws Exception {
        Process started = agent;
        if (started == null) {
            throw new AssertionError("none was started");
        }
        assertThat(started.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @AfterEach
    void end() {
        Process started = agent;
        if (started != null) {
            started.descendants().forEach(ProcessHandle::destroyForcibly);
            started.destroyForcibly();
        }
    }

    private static String here() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    }

    private AgentSite site() throws IOException {
        return new AgentSite("a1", incarnation, here(), "10.0.0.7", pid);
    }

    @Override
    public AgentSite victim(String party) throws IOException {
        return site();
    }

    @Override
    public @Nullable AgentSite seen(String party) throws IOException {
        if (unanswered) {
            throw new IOException("the coordinator did not answer");
        }
        if (looksUntilGone > 0) {
            looksUntilGone--;
            attached = looksUntilGone > 0;
        }
        return attached ? site() : null;
    }

    private FaultPort open(PortSettings settings) {
        return settings.open(this);
    }

    private static void gone(ProcessHandle process) {
        assertThat(process.onExit().orTimeout(20, TimeUnit.SECONDS))
                .succeedsWithin(Duration.ofSeconds(20));
    }

    private static char state(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    // A signal is sent at once and taken when the process next runs; the kernel tells nobody.
    private static void becomes(long pid, boolean stopped) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while ((state(pid) == 'T') != stopped && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(state(pid) == 'T').isEqualTo(stopped);
    }

    @Test
    void aHostDiesWithItsWorker() throws Exception {
        ProcessHandle worker = start();

        open(PortSettings.of("local")).kill(HOST);

        gone(worker);
        agentGone();
    }

    @Test
    void aWorkerDiesAlone() throws Exception {
        ProcessHandle worker = start();

        open(PortSettings.of("local")).kill(WORKER);

        gone(worker);
    }

    @Test
    void whoIsStoppedGoesOnWhereItWasEvenIfNobodySeesIt() throws Exception {
        ProcessHandle worker = start();
        FaultPort port = open(PortSettings.of("local"));

        port.pause(HOST);
        becomes(pid, true);
        becomes(worker.pid(), true);

        attached = false;
        port.resume(HOST);
        becomes(pid, false);
        becomes(worker.pid(), false);
        port.resume(HOST);

        port.pause(AGENT);
        becomes(pid, true);
        assertThat(state(worker.pid())).isNotEqualTo('T');
        port.kill(AGENT);
        agentGone();
        // What is gone needs no waking.
        port.resume(AGENT);
        worker.destroyForcibly();
    }

    @Test
    void whatIsDeadIsStartedAgainAndWhatLivesIsNot() throws Exception {
        start();
        Path started = folder.resolve("started");
        FaultPort port =
                open(
                        new PortSettings(
                                "local",
                                List.of(),
                                Map.of("start", List.of("echo {agent} {address} >> " + started)),
                                Duration.ofMillis(500)));

        port.startAgain("a1");
        assertThat(started).as("nobody hurt it").doesNotExist();

        port.kill(HOST);
        assertThatThrownBy(() -> port.startAgain("a1"))
                .hasMessageContaining("a1 is still attached as the process that was to die");
        assertThat(started).doesNotExist();

        // The coordinator sees for a moment who is dead.
        looksUntilGone = 2;
        port.startAgain("a1");
        assertThat(started).hasContent("a1 10.0.0.7");

        attached = true;
        incarnation = "2";
        port.startAgain("a1");
        assertThat(started).hasContent("a1 10.0.0.7");
    }

    @Test
    void withoutACoordinatorWhoWasKilledIsStartedAllTheSame() throws Exception {
        start();
        Path started = folder.resolve("started");
        FaultPort port =
                open(
                        PortSettings.of("local")
                                .command("start", "echo {agent} >> " + started)
                                .command(
                                        "kill",
                                        "test ! -e "
                                                + folder.resolve("down")
                                                + " && kill -KILL {pid}"));
        unanswered = true;

        Files.createFile(folder.resolve("down"));
        assertThatThrownBy(() -> port.kill(HOST)).hasMessageContaining("status 1");
        assertThatThrownBy(() -> port.startAgain("a1")).hasMessageContaining("did not answer");
        assertThat(started).doesNotExist();

        Files.delete(folder.resolve("down"));
        port.kill(HOST);
        port.startAgain("a1");
        assertThat(started).hasContent("a1");
    }

    @Test
    void aCommandThatFailsSaysHow() throws Exception {
        start();
        FaultPort port =
                open(
                        PortSettings.of("ssh")
                                .command("killWorker", "echo no route to {host} >&2; exit 255"));

        assertThatThrownBy(() -> port.kill(WORKER))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ended with status 255: no route to " + here());
    }

    @Test
    void aCommandThatHangsIsEnded() throws Exception {
        start();
        var settings =
                new PortSettings(
                        "local",
                        List.of(),
                        Map.of("killWorker", List.of("sleep", "1000")),
                        Duration.ofMillis(200));

        assertThatThrownBy(() -> open(settings).kill(WORKER))
                .hasMessageContaining("sleep 1000 was not over within");
    }

    @Test
    void theLocalPortHurtsNobodyElsewhere() throws Exception {
        pid = 4711;
        var elsewhere =
                new Whereabouts() {
                    @Override
                    public AgentSite victim(String party) {
                        return new AgentSite("a1", "1", "another-host", "10.0.0.7", 4711);
                    }

                    @Override
                    public @Nullable AgentSite seen(String party) {
                        return null;
                    }
                };

        assertThatThrownBy(() -> PortSettings.of("local").open(elsewhere).kill(HOST))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("agent a1 runs on another-host, and this is ")
                .hasMessageContaining("use port ssh or kubectl");
    }

    @Test
    void plansAreTheCommandsAndRunNothing() throws Exception {
        pid = 4711;
        FaultPort kubectl =
                open(
                        new PortSettings(
                                "kubectl",
                                List.of("-n", "train"),
                                Map.of(),
                                Duration.ofSeconds(1)));

        assertThat(kubectl.plan(Deed.KILL, HOST))
                .isEqualTo(
                        "kubectl -n train delete pod "
                                + here()
                                + " --grace-period=0 --force --wait=false");
        assertThat(kubectl.plan(Deed.KILL, WORKER))
                .isEqualTo("kubectl -n train exec " + here() + " -- sh -c 'pkill -KILL -P 4711'");
        assertThat(kubectl.plan(Deed.START, HOST)).contains("somebody else does it");
        assertThat(kubectl.startsAgain()).isFalse();
        assertThat(kubectl.refusal(new Fault.Kill(Part.HOST))).isEmpty();
    }

    @Test
    void noSignalFromWithinReachesProcessOne() throws Exception {
        pid = 1;
        FaultPort kubectl = open(PortSettings.of("kubectl"));

        assertThatThrownBy(() -> kubectl.kill(AGENT))
                .hasMessageContaining("is process 1 of its container");
        assertThatThrownBy(() -> kubectl.pause(HOST))
                .hasMessageContaining("is process 1 of its container");
        assertThat(kubectl.plan(Deed.KILL, HOST)).contains("delete pod");
    }

    @Test
    void refusesWhatItHasNoCommandFor() {
        FaultPort ssh = open(PortSettings.of("ssh"));

        assertThat(ssh.refusal(new Fault.Kill(Part.HOST))).contains("give a command 'start'");
        assertThat(ssh.refusal(new Fault.Kill(Part.WORKER))).isEmpty();
        assertThat(ssh.refusal(new Fault.Pause(Part.HOST))).isEmpty();
        assertThat(ssh.refusal(new Fault.ExpireSession())).contains("cannot be expired");
        assertThatThrownBy(() -> open(PortSettings.of("telnet")))
                .hasMessageContaining("expected one of local, ssh, kubectl");
        assertThatThrownBy(() -> open(PortSettings.of("ssh").command("start", "go {name}")))
                .hasMessageContaining("found {name}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-oProxyCommand=x", "a b", "a;reboot", "$(reboot)", "a\nb", "ä"})
    void nothingStrangeBecomesAWordOfACommand(String name) {
        assertThatThrownBy(() -> new AgentSite("a1", "1", name, "h", 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("goes into no command");
        assertThatThrownBy(() -> new AgentSite("a1", "1", "h", name, 5))
                .hasMessageContaining("goes into no command");
    }

    @Test
    void readsAFile() throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("port.yaml"),
                        """
                        port: ssh
                        arguments: [-l, root]
                        timeout: 5s
                        commands:
                          start: systemctl start coxswain-agent@{agent}
                          kill: [ipmitool, -H, '{host}-bmc', power, reset]
                        """);

        assertThat(PortSettings.read(file))
                .isEqualTo(
                        new PortSettings(
                                "ssh",
                                List.of("-l", "root"),
                                Map.of(
                                        "start",
                                        List.of("systemctl start coxswain-agent@{agent}"),
                                        "kill",
                                        List.of("ipmitool", "-H", "{host}-bmc", "power", "reset")),
                                Duration.ofSeconds(5)));
    }

    @Test
    void complainsWithThePlace() throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("port.yaml"),
                        """
                        port: shh
                        commands:
                          start: go {name}
                          kil: x
                        """);

        assertThatThrownBy(() -> PortSettings.read(file))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        e ->
                                assertThat(e.complaints())
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains(
                                                                ":1:7: port: found 'shh'",
                                                                "did you mean 'ssh'?"))
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains(
                                                                ":3:10: commands.start: found"
                                                                        + " {name}"))
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains(
                                                                ":4:3: commands.kil: unknown"
                                                                        + " field",
                                                                "'kill'")));
    }
}
