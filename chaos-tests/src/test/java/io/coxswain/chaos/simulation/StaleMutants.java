package io.coxswain.chaos.simulation;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.JobSpec;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Deliberate bugs: what is over, late or unchecked is taken for what holds. */
final class StaleMutants {
    private StaleMutants() {}

    /** What comes over the data plane is not compared with its digest. */
    static final class UnverifiedTransfers implements Interceptor {
        @Override
        public boolean verifiesTransfers() {
            return false;
        }
    }

    /** Records are written whoever leads. */
    static final class UnfencedWrites implements Interceptor {
        @Override
        public List<Tree.Operation> storeWrite(List<Tree.Operation> operations) {
            return operations.stream()
                    .filter(operation -> !(operation instanceof Tree.Operation.Check))
                    .toList();
        }
    }

    /** Every word of a leader passes for one of the newest term. */
    static final class OldTermObeyed implements Interceptor {
        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return List.of(
                    event instanceof AgentEvent.FromLeader word && word.term() < agent.termSeen()
                            ? of(word, agent.termSeen())
                            : event);
        }

        private static AgentEvent of(AgentEvent.FromLeader word, long term) {
            return switch (word) {
                case AgentEvent.Welcomed w ->
                        new AgentEvent.Welcomed(term, w.heartbeatNanos(), w.leaseNanos());
                case AgentEvent.AttachRejected w -> new AgentEvent.AttachRejected(term, w.reason());
                case AgentEvent.HeartbeatAnswered w ->
                        new AgentEvent.HeartbeatAnswered(term, w.sequence(), w.jobTimeNanos());
                case AgentEvent.JobOffered w -> new AgentEvent.JobOffered(term, w.job());
                case AgentEvent.Fenced w -> new AgentEvent.Fenced(term, w.jobId(), w.epoch());
                case AgentEvent.ViewOrdered w -> new AgentEvent.ViewOrdered(term, w.order());
                case AgentEvent.ViewStarted w ->
                        new AgentEvent.ViewStarted(
                                term, w.jobId(), w.epoch(), w.through(), w.floors(), w.interval());
                case AgentEvent.StepsGranted w ->
                        new AgentEvent.StepsGranted(
                                term, w.jobId(), w.epoch(), w.through(), w.floors(), w.interval());
                case AgentEvent.PlacementInstalled w ->
                        new AgentEvent.PlacementInstalled(term, w.placement());
                case AgentEvent.FinalRequested w ->
                        new AgentEvent.FinalRequested(
                                term, w.jobId(), w.epoch(), w.step(), w.lineage());
                case AgentEvent.JobEnded w -> new AgentEvent.JobEnded(term, w.jobId(), w.reason());
                case AgentEvent.ProgressAcknowledged w ->
                        new AgentEvent.ProgressAcknowledged(term, w.jobId(), w.epoch(), w.step());
                case AgentEvent.LeaveGranted _ -> new AgentEvent.LeaveGranted(term);
                case AgentEvent.HaltOrdered w ->
                        new AgentEvent.HaltOrdered(
                                term, w.jobId(), w.epoch(), w.number(), w.after(), w.hold());
                case AgentEvent.KeyValueAnswered w ->
                        new AgentEvent.KeyValueAnswered(term, w.jobId(), w.id(), w.reply());
            };
        }
    }

    /** A view once started is stepped to the end of the job, whatever was granted. */
    static final class CreditsNotCounted implements Interceptor {
        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return List.of(
                    event instanceof AgentEvent.ViewStarted started
                            ? new AgentEvent.ViewStarted(
                                    started.term(),
                                    started.jobId(),
                                    started.epoch(),
                                    Integer.MAX_VALUE)
                            : event);
        }
    }

    /** Every grant reaches to the end of the job. */
    static final class CreditsWithoutLimit implements Interceptor {
        private final Map<String, Long> steps = new HashMap<>();

        @Override
        public AgentsPort agentsPort(SimCoordinator coordinator, AgentsPort port) {
            return PortMutants.around(
                    AgentsPort.class,
                    port,
                    (method, arguments) -> {
                        if (method.equals("offerJob")) {
                            var job = (JobSpec) arguments[2];
                            steps.put(job.jobId(), job.steps());
                        }
                        return method.equals("grant")
                                ? new Object[] {
                                    arguments[0],
                                    arguments[1],
                                    arguments[2],
                                    unlimited(
                                            (String) arguments[2],
                                            (JobEffect.SendGrant) arguments[3])
                                }
                                : arguments;
                    });
        }

        private JobEffect.SendGrant unlimited(String jobId, JobEffect.SendGrant grant) {
            return new JobEffect.SendGrant(
                    grant.agent(), grant.epoch(), steps.getOrDefault(jobId, grant.through()));
        }
    }

    /** Nobody stops for want of a leader. */
    static final class LeaseIgnored implements Interceptor {
        private static final long FOR_EVER = Long.MAX_VALUE / 4;

        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return List.of(
                    event instanceof AgentEvent.Welcomed welcomed
                            ? new AgentEvent.Welcomed(
                                    welcomed.term(), welcomed.heartbeatNanos(), FOR_EVER)
                            : event);
        }
    }

    /** Some agents do not wait for the first step that the interval came with. */
    static final class IntervalEarly implements Interceptor {
        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            boolean odd = (agent.name().hashCode() & 1) == 1;
            return odd && event instanceof AgentEvent.StepsGranted w && w.interval().isChange()
                    ? List.of(
                            new AgentEvent.StepsGranted(
                                    w.term(),
                                    w.jobId(),
                                    w.epoch(),
                                    w.through(),
                                    w.floors(),
                                    new SnapshotInterval(1, w.interval().every())))
                    : List.of(event);
        }
    }

    /**
     * A dial's answer is taken for the agent of that name, whichever process was dialled and
     * however long ago: as if that process's stream had broken and its own dial had been answered
     * so.
     */
    static final class StaleDial implements Interceptor {
        private static final class Known {
            private AgentKey key;
            private long stream;

            Known(AgentKey key, long stream) {
                this.key = key;
                this.stream = stream;
            }
        }

        private final Map<String, Known> known = new HashMap<>();
        private final Map<String, Long> dials = new HashMap<>();

        @Override
        public AgentsPort agentsPort(SimCoordinator coordinator, AgentsPort port) {
            return PortMutants.around(
                    AgentsPort.class,
                    port,
                    (method, arguments) -> {
                        if (method.equals("dial")) {
                            dials.merge(coordinator.name(), (Long) arguments[1], Math::max);
                        }
                        return arguments;
                    });
        }

        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            return switch (input) {
                case CoordinatorInput.LeadershipGained _ -> {
                    // A new term counts its dials anew.
                    dials.remove(coordinator.name());
                    yield List.of(input);
                }
                case CoordinatorInput.AgentAttached one -> {
                    AgentKey key = one.agent().key();
                    known.put(coordinator.name() + key.id(), new Known(key, one.stream()));
                    yield List.of(input);
                }
                case CoordinatorInput.DialAnswered answered -> {
                    Known now = known.get(coordinator.name() + answered.agent().id());
                    yield now != null
                                    && answered.result() == DialResult.REFUSED
                                    && !now.key.equals(answered.agent())
                            ? List.of(
                                    new CoordinatorInput.StreamClosed(now.stream, "stale"),
                                    new CoordinatorInput.DialAnswered(
                                            now.key,
                                            dials.getOrDefault(coordinator.name(), 0L) + 1,
                                            answered.result(),
                                            answered.detail()))
                            : List.of(input);
                }
                default -> List.of(input);
            };
        }
    }
}
