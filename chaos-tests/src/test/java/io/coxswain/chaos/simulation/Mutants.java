package io.coxswain.chaos.simulation;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.WriteOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Deliberate bugs, each between a production core and the simulated world. */
final class Mutants {
    private Mutants() {}

    /** Name of the bug → what makes it. */
    static Map<String, Supplier<Interceptor>> all() {
        var all = new LinkedHashMap<String, Supplier<Interceptor>>();
        all.put("agent: copy acknowledged before it is verified", AcknowledgedEarly::new);
        all.put("agent: floor overstated in a reduction", PortMutants.FloorOverstated::new);
        all.put("agent: floor heard too high", FloorHeardTooHigh::new);
        all.put("agent: slot freed above the floor", PortMutants.FreesAboveFloor::new);
        all.put("agent: worker's deadline honoured early", WorkerKilledEarly::new);
        all.put("agent: progress reported before it is made", ProgressAhead::new);
        all.put("agent: a step counted twice in a report", CountedTwice::new);
        all.put("agent: state of another shard fetched", PortMutants.OtherShard::new);
        all.put("worker: gradients of a neighbour's microshard", PortMutants.WrongSum::new);
        all.put("agent: gather left out", PortMutants.StaleGather::new);
        all.put("coordinator: view started before all are ready", ReadyInvented::new);
        all.put("coordinator: inventory of an abandoned lineage trusted", LineageForged::new);
        all.put("coordinator: copy placed with its owner", PortMutants.CopyWithOwner::new);
        all.put("coordinator: deficits not reported", DeficitsHidden::new);
        all.put("coordinator: rollback not told", RollbackHidden::new);
        all.put("coordinator: acts before its record is durable", DurableEarly::new);
        all.put("coordinator: completed step told backwards", CompletedBackwards::new);
        all.put("agent: reduction not awaited", PortMutants.EarlySum::new);
        all.put("ledger: idle time booked as productive", IdleIsWork::new);
        all.put("ledger: retracted time not booked", RetractionLost::new);
        all.put("ledger: a category booked twice", PortMutants.BookedTwice::new);
        all.put("agent: transfers not verified", StaleMutants.UnverifiedTransfers::new);
        all.put("agent: orders of an old term obeyed", StaleMutants.OldTermObeyed::new);
        all.put("agent: credits not counted", StaleMutants.CreditsNotCounted::new);
        all.put("agent: lease ignored", StaleMutants.LeaseIgnored::new);
        all.put("coordinator: records written without the term", StaleMutants.UnfencedWrites::new);
        all.put("coordinator: credits without a limit", StaleMutants.CreditsWithoutLimit::new);
        all.put(
                "takeover: the job's time is the account's alone",
                TakeoverMutants.JobTimeForgotten::new);
        all.put(
                "takeover: a member's incarnation ignored",
                TakeoverMutants.IncarnationIgnored::new);
        all.put("takeover: a member's promise ignored", TakeoverMutants.PromiseIgnored::new);
        all.put("takeover: grants in an old term", TakeoverMutants.OldTermGrants::new);
        all.put("coordinator: answer to an old dial believed", StaleMutants.StaleDial::new);
        all.put("agent: snapshot interval changed too early", StaleMutants.IntervalEarly::new);
        return all;
    }

    private static final class AcknowledgedEarly implements Interceptor {
        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return event instanceof AgentEvent.CopyPushed pushed && !pushed.verified()
                    ? List.of(new AgentEvent.CopyPushed(pushed.state(), pushed.holder(), true, ""))
                    : List.of(event);
        }
    }

    private static final class FloorHeardTooHigh implements Interceptor {
        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return event instanceof AgentEvent.Reduced reduced && reduced.floor() > 0
                    ? List.of(
                            new AgentEvent.Reduced(
                                    reduced.epoch(),
                                    reduced.step(),
                                    reduced.lossSum(),
                                    reduced.floor() + 1,
                                    reduced.executeNanosByRank()))
                    : List.of(event);
        }
    }

    private static final class WorkerKilledEarly implements Interceptor {
        private int pongs;

        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            return event instanceof AgentEvent.WorkerPonged && ++pongs % 16 > 5
                    ? List.of()
                    : List.of(event);
        }
    }

    private static final class ProgressAhead implements Interceptor {
        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            return List.of(withRuns(input, run -> copy(run, run.first(), run.last() + 1)));
        }
    }

    private static final class CountedTwice implements Interceptor {
        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            return List.of(
                    withRuns(
                            input,
                            run ->
                                    new StepRun(
                                            run.first(),
                                            run.last(),
                                            run.elapsedNanos(),
                                            run.executeNanos(),
                                            run.dataWaitNanos(),
                                            run.snapshotStallNanos(),
                                            run.stragglerWaitNanos(),
                                            run.creditWaitNanos(),
                                            2 * run.samples(),
                                            run.sampleHash(),
                                            run.loss(),
                                            run.digest(),
                                            run.digestStep(),
                                            run.skippedSnapshots())));
        }
    }

    @FunctionalInterface
    private interface Change {
        StepRun of(StepRun run);
    }

    private static StepRun copy(StepRun run, long first, long last) {
        long each = run.samples() / (run.last() - run.first() + 1);
        return new StepRun(
                first,
                last,
                run.elapsedNanos(),
                run.executeNanos(),
                run.dataWaitNanos(),
                run.snapshotStallNanos(),
                run.stragglerWaitNanos(),
                run.creditWaitNanos(),
                each * (last - first + 1),
                run.sampleHash(),
                run.loss(),
                run.digest(),
                run.digestStep(),
                run.skippedSnapshots());
    }

    private static CoordinatorInput withRuns(CoordinatorInput input, Change change) {
        if (input instanceof CoordinatorInput.AgentSaid said
                && said.word() instanceof AgentWord.ForJob(String job, JobEvent event)
                && event instanceof JobEvent.ProgressReported(var agent, Progress progress)) {
            var runs = new ArrayList<StepRun>();
            progress.runs().forEach(run -> runs.add(change.of(run)));
            return new CoordinatorInput.AgentSaid(
                    said.stream(),
                    said.termSeen(),
                    new AgentWord.ForJob(
                            job,
                            new JobEvent.ProgressReported(
                                    agent,
                                    new Progress(
                                            progress.epoch(),
                                            progress.rank(),
                                            runs,
                                            progress.floor(),
                                            progress.acknowledged()))));
        }
        return input;
    }

    /** The first member that is ready speaks for all that it knows. */
    private static final class ReadyInvented implements Interceptor {
        private final Map<Long, CoordinatorInput.AgentAttached> attached = new LinkedHashMap<>();

        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            if (input instanceof CoordinatorInput.AgentAttached one) {
                attached.put(one.stream(), one);
            }
            if (input instanceof CoordinatorInput.AgentSaid said
                    && said.word() instanceof AgentWord.ForJob(String job, JobEvent event)
                    && event instanceof JobEvent.ViewReadyReported ready) {
                var all = new ArrayList<CoordinatorInput>();
                attached.forEach((stream, one) ->
                        all.add(
                                new CoordinatorInput.AgentSaid(
                                        stream,
                                        said.termSeen(),
                                        new AgentWord.ForJob(
                                                job,
                                                new JobEvent.ViewReadyReported(
                                                        one.agent().key(),
                                                        ready.epoch(),
                                                        ready.step(),
                                                        io.coxswain.coordinator.core.model.Digest
                                                                .NONE,
                                                        ready.action(),
                                                        0,
                                                        0)))));
                return all;
            }
            return List.of(input);
        }
    }

    /** What was snapshotted in any epoch passes for a state of the newest. */
    private static final class LineageForged implements Interceptor {
        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            if (input instanceof CoordinatorInput.AgentSaid said
                    && said.word() instanceof AgentWord.ForJob(String job, JobEvent event)
                    && event instanceof JobEvent.InventoryReported(var agent, Inventory held)) {
                return List.of(
                        new CoordinatorInput.AgentSaid(
                                said.stream(),
                                said.termSeen(),
                                new AgentWord.ForJob(
                                        job, new JobEvent.InventoryReported(agent, forged(held)))));
            }
            return List.of(input);
        }

        private static Inventory forged(Inventory held) {
            HeldState live = held.live();
            return new Inventory(
                    held.promisedEpoch(),
                    held.workerAlive(),
                    live == null ? null : later(live),
                    held.snapshots().stream().map(LineageForged::later).toList(),
                    held.copies().stream().map(LineageForged::later).toList(),
                    held.tail(),
                    held.floor());
        }

        private static HeldState later(HeldState state) {
            return new HeldState(
                    new io.coxswain.coordinator.core.model.StateName(
                            state.name().epoch(), state.name().step() + 1, state.name().shard()),
                    state.digest(),
                    state.bytes());
        }
    }

    private static EventsPort told(EventsPort port, Map<Class<?>, Boolean> hidden) {
        return (event, now, term, job, epoch, step) -> {
            if (!hidden.containsKey(event.getClass())) {
                port.publish(event, now, term, job, epoch, step);
            }
        };
    }

    private static final class DeficitsHidden implements Interceptor {
        @Override
        public EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
            return (event, now, term, job, epoch, step) ->
                    port.publish(
                            event instanceof CoordinatorEvent.PlacementChanged placement
                                    ? new CoordinatorEvent.PlacementChanged(
                                            placement.job(),
                                            placement.epoch(),
                                            placement.version(),
                                            placement.holders(),
                                            List.of(),
                                            placement.survives())
                                    : event,
                            now,
                            term,
                            job,
                            epoch,
                            step);
        }
    }

    private static final class RollbackHidden implements Interceptor {
        @Override
        public EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
            return told(port, Map.of(CoordinatorEvent.RolledBack.class, true));
        }
    }

    /** Says durable at once, and writes. */
    private static final class DurableEarly implements Interceptor {
        @Override
        public StorePort storePort(SimCoordinator coordinator, StorePort port) {
            return new StorePort() {
                @Override
                public void write(long writeId, StoreRecord record) {
                    port.write(writeId, record);
                    coordinator.offer(
                            new CoordinatorInput.StoreAnswered(
                                    writeId, WriteOutcome.DURABLE, "as good as"));
                }

                @Override
                public void verify(long writeId, StoreRecord record) {
                    port.verify(writeId, record);
                }
            };
        }
    }

    private static final class RetractionLost implements Interceptor {
        @Override
        public StorePort storePort(SimCoordinator coordinator, StorePort port) {
            return PortMutants.results(
                    port,
                    json ->
                            json.replaceAll(
                                    "\"lost_progress\"\\s*:\\s*\\d+", "\"lost_progress\":0"));
        }
    }

    private static final class CompletedBackwards implements Interceptor {
        @Override
        public EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
            return (event, now, term, job, epoch, step) -> {
                port.publish(event, now, term, job, epoch, step);
                if (event instanceof CoordinatorEvent.StepsCompleted steps && steps.step() > 8) {
                    port.publish(
                            new CoordinatorEvent.StepsCompleted(
                                    steps.job(),
                                    steps.epoch(),
                                    steps.step() - 1,
                                    steps.protectedStep(),
                                    steps.loss(),
                                    steps.stepsPerSecond(),
                                    steps.goodputRatio()),
                            now,
                            term,
                            job,
                            epoch,
                            step);
                }
            };
        }
    }

    private static final class IdleIsWork implements Interceptor {
        @Override
        public StorePort storePort(SimCoordinator coordinator, StorePort port) {
            return PortMutants.results(
                    port, json -> json.replaceAll("(\"productive\"\\s*:\\s*)(\\d)", "$19$2"));
        }
    }
}
