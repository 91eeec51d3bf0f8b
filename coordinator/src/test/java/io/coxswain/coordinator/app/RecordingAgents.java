package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;

import java.util.ArrayList;
import java.util.List;

/** Notes what agents are sent, and hands it to whoever plays them. */
public class RecordingAgents implements AgentsPort {
    /** One message: {@code body} is the effect, the job, or a word. */
    public record Sent(long stream, long term, Object body) {}

    /** The answer of the key-value store to a request. */
    public record Answered(long id, KeyValueResult result) {}

    /** A rejection or a close. */
    public record Ended(String reason, boolean retry) {}

    /** A dial asked for. */
    public record Dialled(AgentProfile agent, long dial) {}

    public final List<Sent> sent = new ArrayList<>();
    public final List<Dialled> dials = new ArrayList<>();

    protected void send(long stream, long term, Object body) {
        sent.add(new Sent(stream, term, body));
    }

    public <T> List<T> bodies(Class<T> type) {
        return sent.stream().map(Sent::body).filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void welcome(long stream, long term, long heartbeatNanos, long leaseNanos) {
        send(stream, term, "welcome");
    }

    @Override
    public void reject(long stream, long term, String reason, boolean retry) {
        send(stream, term, new Ended(reason, retry));
    }

    @Override
    public void heartbeatReply(long stream, long term, long sequence, long jobTimeNanos) {
        send(stream, term, "reply " + sequence);
    }

    @Override
    public void offerJob(long stream, long term, JobSpec job) {
        send(stream, term, job);
    }

    @Override
    public void keyValue(long stream, long term, String jobId, long id, KeyValueResult result) {
        send(stream, term, new Answered(id, result));
    }

    @Override
    public void fence(long stream, long term, String jobId, JobEffect.SendFence fence) {
        send(stream, term, fence);
    }

    @Override
    public void prepareView(
            long stream, long term, String jobId, JobEffect.SendPrepareView prepare) {
        send(stream, term, prepare);
    }

    @Override
    public void startView(long stream, long term, String jobId, JobEffect.SendStartView start) {
        send(stream, term, start);
    }

    @Override
    public void grant(long stream, long term, String jobId, JobEffect.SendGrant grant) {
        send(stream, term, grant);
    }

    @Override
    public void placement(long stream, long term, String jobId, JobEffect.SendPlacement placement) {
        send(stream, term, placement);
    }

    @Override
    public void halt(long stream, long term, String jobId, JobEffect.SendHalt halt) {
        send(stream, term, halt);
    }

    @Override
    public void mayEnd(long stream, long term) {
        send(stream, term, "may end");
    }

    @Override
    public void collectFinal(
            long stream, long term, String jobId, JobEffect.SendCollectFinal collect) {
        send(stream, term, collect);
    }

    @Override
    public void endJob(long stream, long term, String jobId, String reason) {
        send(stream, term, "end " + jobId);
    }

    @Override
    public void acknowledge(
            long stream, long term, String jobId, JobEffect.SendAcknowledge acknowledge) {
        send(stream, term, acknowledge);
    }

    @Override
    public void ask(long stream, long term, long number, AgentQuestion question) {
        send(stream, term, question);
    }

    @Override
    public void close(long stream, String reason) {
        send(stream, 0, new Ended(reason, false));
    }

    @Override
    public void dial(AgentProfile agent, long dial) {
        dials.add(new Dialled(agent, dial));
    }
}
