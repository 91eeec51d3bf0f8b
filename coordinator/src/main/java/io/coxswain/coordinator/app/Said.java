package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.model.JobSpec;

/** What one job's program said, and what was seen of its failures. Owned by the decision loop. */
final class Said {
    final JobSpec job;
    final MetricsBoard metrics = new MetricsBoard();
    final ExportBook exports = new ExportBook();
    final EvidenceBook evidence = new EvidenceBook();

    Said(JobSpec job) {
        this.job = job;
    }
}
