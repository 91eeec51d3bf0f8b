package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentKey;

/** What the programs of a run say, by which nothing is decided. Owned by the decision loop. */
final class ProgramDesk {
    private final JobRun run;
    private final JobRun.Context context;
    private final Said said;

    ProgramDesk(JobRun run, JobRun.Context context, Said said) {
        this.run = run;
        this.context = context;
        this.said = said;
    }

    MetricsBoard metrics() {
        return said.metrics;
    }

    ExportBook exports() {
        return said.exports;
    }

    /** A part of a state was exported, or could not be. */
    void exported(AgentKey agent, ProgramWord.Exported exported, long nowNanos) {
        var event =
                new CoordinatorEvent.ExportFailed(
                        run.jobId(),
                        agent.id(),
                        run.rankOf(agent),
                        exported.step(),
                        exported.path(),
                        exported.reason());
        if (said.exports.take(exported, event.text(), nowNanos)) {
            publish(event);
        }
    }

    JobReport withSaid(JobReport report) {
        return Reports.withSaid(report, said);
    }

    /** What the program of an agent measured. */
    void measured(AgentKey agent, ProgramWord.Measured measured, long nowNanos) {
        int rank = run.rankOf(agent);
        if (rank >= 0 && said.metrics.take(rank, measured, nowNanos)) {
            publish(
                    new CoordinatorEvent.MetricsReported(
                            run.jobId(), said.metrics.step(), said.metrics.values()));
        }
    }

    /** Evidence of a failure came. */
    void witnessed(AgentKey agent, ProgramWord.Witnessed witnessed, long nowNanos) {
        Evidence taken =
                said.evidence.take(
                        new Evidence(
                                0,
                                agent.id(),
                                run.rankOf(agent),
                                witnessed.step(),
                                witnessed.reason(),
                                nowNanos,
                                witnessed.pieces()));
        // Else its incident is about to begin, and it is told with it.
        if (taken.incident() != 0 || taken.rank() < 0) {
            tell(taken);
        }
    }

    /** An incident was told: what was taken for it is told after it. */
    void told(Incident incident, long nowNanos) {
        said.evidence.incident(incident, nowNanos).forEach(this::tell);
    }

    private void tell(Evidence evidence) {
        publish(
                new CoordinatorEvent.EvidenceTaken(
                        run.jobId(),
                        evidence.incident(),
                        evidence.agentId(),
                        evidence.rank(),
                        evidence.step(),
                        evidence.reason(),
                        evidence.pieces().stream().map(EvidencePiece::name).toList()));
    }

    private void publish(CoordinatorEvent event) {
        context.publish(event, run.jobId(), run.epoch(), run.completedStep());
    }
}
