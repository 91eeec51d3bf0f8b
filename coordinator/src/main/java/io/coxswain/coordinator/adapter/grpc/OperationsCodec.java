package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.proto.admin.v1.JobHistory;
import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeResponse;

/** What became of planned work, as messages. Stateless. */
final class OperationsCodec {
    private OperationsCodec() {}

    static JobHistory history(CoordinatorStatus.History history) {
        return JobHistory.newBuilder()
                .setJobs(history.jobs())
                .setSeconds(history.ageMillis() / 1_000)
                .setForgotten(history.forgotten())
                .build();
    }

    static PauseResponse paused(PauseOutcome outcome) {
        return switch (outcome) {
            case PauseOutcome.Paused(String jobId, long step, boolean already) ->
                    PauseResponse.newBuilder()
                            .setPaused(true)
                            .setJobId(jobId)
                            .setStep(step)
                            .setAlready(already)
                            .build();
            case PauseOutcome.Resumed(String jobId, long _, boolean _) ->
                    PauseResponse.newBuilder()
                            .setJobId(jobId)
                            .setRefusal("it was resumed meanwhile")
                            .build();
            case PauseOutcome.Refused(String reason) ->
                    PauseResponse.newBuilder().setRefusal(reason).build();
        };
    }

    static ResumeResponse resumed(PauseOutcome outcome) {
        return switch (outcome) {
            case PauseOutcome.Resumed(String jobId, long step, boolean already) ->
                    ResumeResponse.newBuilder()
                            .setResumed(true)
                            .setJobId(jobId)
                            .setStep(step)
                            .setAlready(already)
                            .build();
            case PauseOutcome.Paused(String jobId, long _, boolean _) ->
                    ResumeResponse.newBuilder()
                            .setJobId(jobId)
                            .setRefusal("it was paused meanwhile")
                            .build();
            case PauseOutcome.Refused(String reason) ->
                    ResumeResponse.newBuilder().setRefusal(reason).build();
        };
    }
}
