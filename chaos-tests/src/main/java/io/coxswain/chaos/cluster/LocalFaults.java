package io.coxswain.chaos.cluster;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Impairment;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.WordEffect;
import io.coxswain.chaos.words.DisturbedAgentMain;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.local.AgentProcess;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Signals to processes of this machine, its proxies and its shared memory. */
final class LocalFaults implements FaultPort {
    private final LocalProcesses processes;
    private final Network network;
    private final AtomicLong disturbances = new AtomicLong();

    LocalFaults(LocalProcesses processes, Network network) {
        this.processes = processes;
        this.network = network;
    }

    @Override
    public long kill(Victim victim) {
        if (processes.isService(victim.party())) {
            return processes.service(victim.party()).kill();
        }
        AgentProcess agent = processes.agent(victim.party());
        return switch (victim.part()) {
            case HOST -> {
                long signalled = agent.signalHost();
                // Nobody who is held for this waits until the kernel has taken everything away.
                Thread.ofVirtual().name("host-dies").start(agent::awaitHostDead);
                yield signalled;
            }
            case AGENT -> agent.signalAgent();
            case WORKER -> agent.signalWorker();
        };
    }

    private List<Long> pids(Victim victim) {
        if (processes.isService(victim.party())) {
            return List.of(processes.service(victim.party()).pid());
        }
        AgentProcess agent = processes.agent(victim.party());
        var pids = new ArrayList<Long>();
        if (victim.part() != Part.WORKER) {
            pids.add(agent.pid());
        }
        if (victim.part() == Part.WORKER) {
            agent.worker().ifPresent(worker -> pids.add(worker.pid()));
        } else if (victim.part() != Part.AGENT) {
            agent.workers().forEach(worker -> pids.add(worker.pid()));
        }
        return pids;
    }

    private void signal(Victim victim, Signals.Signal signal) throws IOException {
        for (long pid : pids(victim)) {
            Signals.send(signal, pid);
        }
    }

    @Override
    public void pause(Victim victim) throws IOException {
        signal(victim, Signals.Signal.STOP);
    }

    @Override
    public void resume(Victim victim) throws IOException {
        signal(victim, Signals.Signal.CONT);
    }

    @Override
    public void terminate(Victim victim) throws IOException {
        if (processes.isService(victim.party())) {
            processes.service(victim.party()).terminate();
        } else {
            processes.agent(victim.party()).terminate();
        }
    }

    @Override
    public String refusal(Fault fault) {
        return "";
    }

    @Override
    public void startAgain(String party) throws IOException {
        processes.startAgain(party);
    }

    @Override
    public Cure impair(Impairment impairment) throws IOException {
        Namespaces namespaces = processes.namespaces();
        if (namespaces != null) {
            return namespaces.cut(impairment, processes::servicePort);
        }
        return network.impair(impairment);
    }

    @Override
    public void abort(Victim victim) throws IOException {
        for (long pid : pids(victim)) {
            Signals.run("prlimit", "--pid", Long.toString(pid), "--core=0:");
            Signals.send(Signals.Signal.ABRT, pid);
        }
    }

    // The limit of a process' address space, set to what it has: its user may do that at any time.
    @Override
    public Cure limitMemory(Victim victim) throws IOException {
        List<Long> pids = pids(victim);
        if (processes.isService(victim.party())) {
            processes.service(victim.party()).mayEnd();
        } else {
            processes.agent(victim.party()).mayEnd();
        }
        for (long pid : pids) {
            String limit = Long.toString(addressSpace(pid));
            Signals.run("prlimit", "--pid", Long.toString(pid), "--as=" + limit + ":");
        }
        return () -> {
            for (long pid : pids) {
                Signals.run("prlimit", "--pid", Long.toString(pid), "--as=unlimited:");
            }
        };
    }

    private static long addressSpace(long pid) throws IOException {
        Path status = Path.of("/proc").resolve(Long.toString(pid)).resolve("status");
        try (var lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmSize:"))
                            .map(line -> line.replaceAll("[^0-9]", ""))
                            .mapToLong(Long::parseLong)
                            .findFirst()
                            .orElseThrow(() -> new IOException(status + " names no VmSize"))
                    * 1024;
        }
    }

    @Override
    public void cancelJob() throws IOException {
        try (AdminClient client = processes.leader()) {
            if (client.cancel(Cluster.JOB_ID).getCancelled()) {
                return;
            }
        } catch (EnvironmentException unanswered) {
            // Whoever leads next is asked again.
        }
        try {
            LeaderCalls.cancel(processes.leaderByZooKeeper(), Cluster.JOB_ID);
        } catch (EnvironmentException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public Cure usurp() throws IOException {
        return processes.usurp();
    }

    @Override
    public Cure disturbWords(String party, WordEffect effect) {
        AgentProcess agent = processes.agent(party);
        long number = disturbances.incrementAndGet();
        int index = processes.agents().indexOf(party);
        var its =
                new WordEffect(
                        effect.kind(),
                        effect.probability(),
                        effect.latest(),
                        effect.seed() + index);
        agent.order(DisturbedAgentMain.disturb(number, its));
        return () -> agent.order(DisturbedAgentMain.calm(number));
    }

    // A limit of file size that a user may set on one's own processes: no root, and no other
    // process
    // suffers.
    @Override
    public Cure fillDisk(Victim victim) throws IOException {
        List<Long> pids = pids(victim);
        if (processes.isService(victim.party())) {
            processes.service(victim.party()).mayEnd();
        }
        for (long pid : pids) {
            Signals.run("prlimit", "--pid", Long.toString(pid), "--fsize=0:");
        }
        return () -> {
            for (long pid : pids) {
                Signals.run("prlimit", "--pid", Long.toString(pid), "--fsize=unlimited:");
            }
        };
    }

    @Override
    public void expireSession(String party) throws IOException {
        ZkSessions.expire(
                processes.zookeeperAddress(),
                LocalProcesses.CHROOT
                        + (party.startsWith(Victim.COORDINATOR)
                                ? "/controller/leader"
                                : "/agents/" + party));
    }

    @Override
    public int flipBits(String party, Fault.Memory memory) throws IOException {
        int flipped = 0;
        for (Path file : ArenaWatch.files(processes.arenas(), party, memory)) {
            try (ArenaFile arena = ArenaFile.open(file)) {
                for (int i = 0; i < arena.slots(); i++) {
                    Slot slot = arena.slot(i);
                    if (slot.state() == Slot.State.COMMITTED) {
                        ByteRegion data = slot.data();
                        long at = slot.table().meta().dataBytes() / 2 / 8 * 8;
                        data.word(at, data.word(at) ^ 0x0400_0000L);
                        flipped++;
                    }
                }
            } catch (IOException | IllegalStateException e) {
                // Freed or deleted meanwhile.
            }
        }
        return flipped;
    }
}
