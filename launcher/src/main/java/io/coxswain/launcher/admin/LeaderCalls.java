package io.coxswain.launcher.admin;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.CancelResponse;
import io.coxswain.proto.admin.v1.PauseRequest;
import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeResponse;
import io.coxswain.proto.admin.v1.SubmitResponse;

import org.jspecify.annotations.Nullable;

import java.time.Duration;

/**
 * Calls that may be said again, until a leader answers: the leader may change in between, and who
 * lost an answer does not know what became of the call.
 */
public final class LeaderCalls {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    private LeaderCalls() {}

    /** One call; null: whoever answered does not lead. */
    @FunctionalInterface
    interface Call<T> {
        @Nullable T of(AdminClient client) throws EnvironmentException;
    }

    /**
     * Submits a job that has an id until a leader says what became of it; one without an id once,
     * since each time would be another job.
     */
    public static SubmitResponse submit(AdminClient.Address address, JobSpec job, boolean queue)
            throws EnvironmentException, InterruptedException {
        if (job.jobId().isEmpty()) {
            try (AdminClient client = AdminClient.connect(address)) {
                return client.submit(job, queue);
            } catch (EnvironmentException unanswered) {
                throw new EnvironmentException(
                        unanswered.getMessage()
                                + " Whether the job was recorded is not known: see coxswain jobs"
                                + " before you submit it again. With --id it is asked again by"
                                + " itself.",
                        unanswered);
            }
        }
        return untilLed(
                address,
                client -> {
                    SubmitResponse answer = client.submit(job, queue);
                    return answer.getAccepted() || named(address) || client.leads() ? answer : null;
                });
    }

    /** Cancels a job; answered when its end is durable. */
    public static CancelResponse cancel(AdminClient.Address address, String jobId)
            throws EnvironmentException, InterruptedException {
        return untilLed(
                address,
                client -> {
                    CancelResponse answer = client.cancel(jobId);
                    return answer.getCancelled() || named(address) || client.leads()
                            ? answer
                            : null;
                });
    }

    /** Pauses a job; answered when that is durable and no step is under way. */
    public static PauseResponse pause(AdminClient.Address address, String jobId, String reason)
            throws EnvironmentException, InterruptedException {
        PauseRequest request = PauseRequest.newBuilder().setJobId(jobId).setReason(reason).build();
        return untilLed(
                address,
                client -> {
                    PauseResponse answer = client.pause(request);
                    return answer.getPaused() || named(address) || client.leads() ? answer : null;
                });
    }

    /** Resumes a job; answered when that is durable. */
    public static ResumeResponse resume(AdminClient.Address address, String jobId)
            throws EnvironmentException, InterruptedException {
        return untilLed(
                address,
                client -> {
                    ResumeResponse answer = client.resume(jobId);
                    return answer.getResumed() || named(address) || client.leads() ? answer : null;
                });
    }

    // Nobody else is looked for.
    static boolean named(AdminClient.Address address) {
        return address.coordinator() != null;
    }

    static <T> T untilLed(AdminClient.Address address, Call<T> call)
            throws EnvironmentException, InterruptedException {
        EnvironmentException last =
                new EnvironmentException(
                        "whoever answers does not lead, and nobody else was found");
        var patience = new Patience(System.err);
        while (true) {
            try (AdminClient client = AdminClient.connect(address)) {
                T answer = call.of(client);
                if (answer != null) {
                    return answer;
                }
            } catch (EnvironmentException unanswered) {
                if (named(address)) {
                    throw unanswered;
                }
                last = unanswered;
            }
            patience.unanswered(last);
            Thread.sleep(BETWEEN_LOOKS);
        }
    }
}
