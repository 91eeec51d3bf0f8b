package io.coxswain.coordinator;

import java.util.List;

/**
 * The interruptions of one job.
 *
 * @param jobId the job that was asked for; where none was named, the one that runs or ended last
 * @param incidents in order; an open one is the last. The newest 1,000 of a job that runs
 */
public record JobIncidents(String jobId, List<JobReport.IncidentReport> incidents) {
    public JobIncidents {
        incidents = List.copyOf(incidents);
    }
}
