package io.coxswain.launcher.admin;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.train.ReportFile;
import io.coxswain.launcher.train.RunSummary;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;

/** Waits until a job is over, whoever leads meanwhile. */
public final class JobWait {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    private JobWait() {}

    /**
     * Waits, then says how the job went.
     *
     * @param report where the report goes as JSON, checked by the caller; null: nowhere
     * @return the exit code
     * @throws EnvironmentException if nobody leads for half a minute
     */
    public static int run(
            AdminClient.Address address,
            String jobId,
            @Nullable Path report,
            PrintStream out,
            PrintStream err)
            throws EnvironmentException, InterruptedException {
        JobStatus job = await(address, jobId, err);
        if (job == null) {
            err.println("coxswain: there is no job " + jobId + "; see coxswain jobs");
            return ExitCode.USAGE;
        }
        if (!job.getReportJson().isEmpty()) {
            JobReport told = JobReport.fromJson(job.getReportJson());
            RunSummary.of(told).forEach(out::println);
            if (report != null) {
                try {
                    ReportFile.write(report, told);
                } catch (IOException e) {
                    throw new EnvironmentException(
                            "the report cannot be written to " + report + ": " + e.getMessage(), e);
                }
            }
        }
        if (job.getPhase() == JobPhase.JOB_PHASE_COMPLETED) {
            return ExitCode.COMPLETED;
        }
        String phase = AdminTexts.phase(job.getPhase());
        String detail = job.getDetail().isEmpty() ? phase : job.getDetail();
        err.println(
                "coxswain: job "
                        + jobId
                        + ": "
                        + (detail.startsWith(phase) ? "" : phase + ": ")
                        + detail);
        return ExitCode.FAILED;
    }

    private static @Nullable JobStatus await(
            AdminClient.Address address, String jobId, PrintStream err)
            throws EnvironmentException, InterruptedException {
        var patience = new Patience(err);
        while (true) {
            try (AdminClient client = AdminClient.connect(address)) {
                while (true) {
                    StatusResponse status = client.status(jobId);
                    if (status.getTerm() == 0) {
                        throw new EnvironmentException(
                                "coordinator " + status.getCoordinatorId() + " does not lead");
                    }
                    patience.answered();
                    if (status.getJobsCount() == 0) {
                        return null;
                    }
                    JobStatus job = status.getJobs(0);
                    if (AdminTexts.ended(job.getPhase())) {
                        return job;
                    }
                    Thread.sleep(BETWEEN_LOOKS);
                }
            } catch (EnvironmentException e) {
                // The leader may be changing; whoever leads next knows the job.
                patience.unanswered(e);
                Thread.sleep(BETWEEN_LOOKS);
            }
        }
    }
}
