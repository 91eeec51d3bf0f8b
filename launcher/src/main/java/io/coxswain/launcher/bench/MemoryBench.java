package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.AgentProcess;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How much memory the processes of a host hold beside the arena, which is the state itself. */
public final class MemoryBench {
    private static final double MEGA = 1e6;

    private final List<Double> agents = new ArrayList<>();
    private final List<Double> together = new ArrayList<>();
    private final List<Double> shared = new ArrayList<>();

    private MemoryBench() {}

    /**
     * Measures.
     *
     * @param state extra state per rank, with unit
     * @param steps to be made before
     */
    public static BenchReport run(BenchSettings settings, String state, long steps)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        JobFile job =
                settings.job(
                        Map.of(
                                "runtime.ballast",
                                state,
                                "runtime.minStepMillis",
                                "20",
                                "steps",
                                "10000000",
                                "protect.copies",
                                "1"));
        var described = new LinkedHashMap<String, Object>();
        described.put("stateBytes", job.ballastBytes());
        described.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        described.put("spares", 1);
        described.put("steps", steps);
        var report = new BenchReport("memory", described);
        var bench = new MemoryBench();
        settings.progress()
                .accept(
                        "starting "
                                + (job.mesh().ranks() + 1)
                                + " agents, one of them a spare, for "
                                + steps
                                + " steps");
        try (BenchCluster cluster = BenchCluster.start(settings, job, 1)) {
            cluster.awaitSpare();
            var _ =
                    cluster.await(
                            0,
                            io.coxswain.coordinator.core.event.CoordinatorEvent.StepsCompleted
                                    .class,
                            made -> made.step() >= steps,
                            "step " + steps);
            List<String> members = cluster.members();
            for (AgentProcess agent : cluster.agents()) {
                report.detail(bench.read(agent, members.indexOf(agent.agentId())));
            }
        }
        report.add(
                "agent, beside the arena",
                "MB",
                Samples.of(bench.agents),
                Figure.Limit.atMost(120, "resident"));
        report.add(
                "agent with its warm worker, beside the arena",
                "MB",
                Samples.of(bench.together),
                Figure.Limit.atMost(250, "resident"));
        report.add(
                "  of both, when pages shared with others count in part",
                "MB",
                Samples.of(bench.shared),
                null);
        return report;
    }

    private Map<String, Object> read(AgentProcess agent, int rank) throws EnvironmentException {
        double own = resident(agent.pid());
        double sum = own;
        double parts = proportional(agent.pid());
        for (ProcessHandle worker :
                ProcessHandle.of(agent.pid()).stream().flatMap(ProcessHandle::children).toList()) {
            sum += resident(worker.pid());
            parts += proportional(worker.pid());
        }
        agents.add(own);
        together.add(sum);
        shared.add(parts);
        return Map.of(
                "agent", agent.agentId(),
                "rank", rank,
                "agentMegabytes", Figure.rounded(own),
                "withWorkerMegabytes", Figure.rounded(sum),
                "proportionalMegabytes", Figure.rounded(parts));
    }

    // The arena is a mapped file on tmpfs, which the kernel counts as shared memory and apart from
    // these two.
    private static double resident(long pid) throws EnvironmentException {
        return ProcFiles.bytes(Path.of("/proc/" + pid + "/status"), "RssAnon", "RssFile") / MEGA;
    }

    private static double proportional(long pid) throws EnvironmentException {
        return ProcFiles.bytes(Path.of("/proc/" + pid + "/smaps_rollup"), "Pss_Anon", "Pss_File")
                / MEGA;
    }
}
