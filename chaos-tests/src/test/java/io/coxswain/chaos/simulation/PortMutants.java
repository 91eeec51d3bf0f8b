package io.coxswain.chaos.simulation;

import io.coxswain.agent.app.AgentPorts;
import io.coxswain.agent.app.ArenaPort;
import io.coxswain.agent.app.DataPort;
import io.coxswain.agent.app.WorkerPort;
import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Deliberate bugs in what a core asks of its ports. */
final class PortMutants {
    private PortMutants() {}

    /** A port that passes on what {@code change} makes of a call's arguments. */
    @FunctionalInterface
    interface Change {
        Object[] of(String method, Object[] arguments);
    }

    static <T> T around(Class<T> type, T port, Change change) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> {
                            Object[] given = arguments == null ? new Object[0] : arguments;
                            Object[] passed = change.of(method.getName(), given);
                            try {
                                return passed.length == 1 && passed[0] instanceof Drop
                                        ? null
                                        : method.invoke(port, passed);
                            } catch (InvocationTargetException thrown) {
                                throw thrown.getCause();
                            }
                        }));
    }

    private enum Drop {
        THE_CALL
    }

    private static final Object[] NOTHING = {Drop.THE_CALL};

    private static AgentPorts data(AgentPorts ports, Change change) {
        return new AgentPorts(
                ports.control(),
                ports.worker(),
                around(DataPort.class, ports.data(), change),
                ports.arena());
    }

    /** Says that the holders have what they do not. */
    static final class FloorOverstated implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            return data(
                    ports,
                    (method, arguments) ->
                            arguments.length == 1
                                            && arguments[0] instanceof AgentEffect.Reduce reduce
                                    ? new Object[] {
                                        new AgentEffect.Reduce(
                                                reduce.epoch(),
                                                reduce.step(),
                                                reduce.microshardLosses(),
                                                Math.max(
                                                        reduce.acknowledgedStep(),
                                                        reduce.step() - 1),
                                                reduce.executeNanos())
                                    }
                                    : arguments);
        }
    }

    /** Frees what it committed last. */
    static final class FreesAboveFloor implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            ArenaPort arena = ports.arena();
            Map<StateName, SlotRef> shared = new LinkedHashMap<>();
            return new AgentPorts(
                    ports.control(),
                    ports.worker(),
                    around(
                            DataPort.class,
                            ports.data(),
                            (method, arguments) -> {
                                if (method.equals("reduce")) {
                                    shared.forEach((name, slot) -> {
                                        if (name.step() == agent.knownFloor() && name.step() > 0) {
                                            arena.free(slot);
                                        }
                                    });
                                }
                                return arguments;
                            }),
                    around(
                            ArenaPort.class,
                            arena,
                            (method, arguments) -> {
                                if (method.equals("share")) {
                                    shared.put((StateName) arguments[0], (SlotRef) arguments[1]);
                                } else if (method.equals("unshare")) {
                                    shared.remove((StateName) arguments[0]);
                                }
                                return arguments;
                            }));
        }
    }

    /** Fetches the right step of the wrong shard. */
    static final class OtherShard implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            return new AgentPorts(
                    ports.control(),
                    around(
                            WorkerPort.class,
                            ports.worker(),
                            (method, arguments) ->
                                    arguments.length == 2
                                                    && arguments[1]
                                                            instanceof WorkerRequest.Prepare prepare
                                                    && prepare.shards() > 1
                                            ? new Object[] {arguments[0], other(prepare)}
                                            : arguments),
                    ports.data(),
                    ports.arena());
        }

        private static WorkerRequest other(WorkerRequest.Prepare prepare) {
            return new WorkerRequest.Prepare(
                    prepare.plan(),
                    prepare.epoch(),
                    (prepare.rank() + 1) % (prepare.replicas() * prepare.shards()),
                    prepare.replicas(),
                    prepare.shards(),
                    prepare.baseStep(),
                    prepare.region(),
                    prepare.origin(),
                    prepare.source(),
                    prepare.digest(),
                    prepare.host(),
                    prepare.masterHost());
        }
    }

    /** The worker is told a step plan whose microshards are its neighbour's. */
    static final class WrongSum implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            return new AgentPorts(
                    ports.control(),
                    around(
                            WorkerPort.class,
                            ports.worker(),
                            (method, arguments) ->
                                    arguments.length == 2
                                                    && arguments[1]
                                                            instanceof WorkerRequest.Prepare prepare
                                            ? new Object[] {arguments[0], widened(prepare)}
                                            : arguments),
                    ports.data(),
                    ports.arena());
        }

        private static WorkerRequest widened(WorkerRequest.Prepare prepare) {
            var operations =
                    prepare.plan().operations().stream()
                            .map(operation ->
                                    new io.coxswain.agent.core.model.StepPlan.Operation(
                                            operation.id(),
                                            operation.kind(),
                                            operation.dependsOn(),
                                            operation.background(),
                                            operation.every(),
                                            Math.max(0, operation.microshardFrom() - 1),
                                            operation.microshardTo()))
                            .toList();
            return new WorkerRequest.Prepare(
                    new io.coxswain.agent.core.model.StepPlan(
                            prepare.plan().epoch(), operations, prepare.plan().reportEvery()),
                    prepare.epoch(),
                    prepare.rank(),
                    prepare.replicas(),
                    prepare.shards(),
                    prepare.baseStep(),
                    prepare.region(),
                    prepare.origin(),
                    prepare.source(),
                    prepare.digest(),
                    prepare.host(),
                    prepare.masterHost());
        }
    }

    /** Applies what the worker alone computed. */
    static final class EarlySum implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            return data(
                    ports,
                    (method, arguments) -> {
                        if (arguments.length == 1
                                && arguments[0] instanceof AgentEffect.Reduce reduce) {
                            agent.post(
                                    new AgentEvent.Reduced(
                                            reduce.epoch(),
                                            reduce.step(),
                                            1,
                                            agent.knownFloor(),
                                            new long[] {reduce.executeNanos()}));
                            return NOTHING;
                        }
                        return arguments;
                    });
        }
    }

    /** Goes on with the parameters of the step before. */
    static final class StaleGather implements Interceptor {
        @Override
        public AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
            return data(
                    ports,
                    (method, arguments) -> {
                        if (arguments.length == 1
                                && arguments[0] instanceof AgentEffect.Gather gather) {
                            agent.post(new AgentEvent.Gathered(gather.epoch(), gather.step()));
                            return NOTHING;
                        }
                        return arguments;
                    });
        }
    }

    /** Every copy is to lie with its own source. */
    static final class CopyWithOwner implements Interceptor {
        @Override
        public AgentsPort agentsPort(SimCoordinator coordinator, AgentsPort port) {
            return around(
                    AgentsPort.class,
                    port,
                    (method, arguments) ->
                            method.equals("prepareView")
                                    ? new Object[] {
                                        arguments[0],
                                        arguments[1],
                                        arguments[2],
                                        with((JobEffect.SendPrepareView) arguments[3])
                                    }
                                    : arguments);
        }

        private static JobEffect.SendPrepareView with(JobEffect.SendPrepareView sent) {
            Placement placement = sent.placement();
            return new JobEffect.SendPrepareView(
                    sent.agent(),
                    sent.view(),
                    sent.rank(),
                    sent.source(),
                    sent.plans(),
                    new Placement(
                            placement.epoch(),
                            placement.version(),
                            placement.duties().stream()
                                    .map(duty ->
                                            new CopyDuty(
                                                    duty.shard(),
                                                    duty.sourceRank(),
                                                    sent.view().members().get(duty.sourceRank())))
                                    .toList()),
                    sent.donations(),
                    sent.floor());
        }
    }

    /** Results whose report is changed on the way to the store. */
    static StorePort results(StorePort port, UnaryOperator<String> change) {
        return new StorePort() {
            @Override
            public void write(long writeId, StoreRecord record) {
                port.write(writeId, changed(record));
            }

            @Override
            public void verify(long writeId, StoreRecord record) {
                port.verify(writeId, changed(record));
            }

            private StoreRecord changed(StoreRecord record) {
                return record instanceof StoreRecord.Result result
                        ? new StoreRecord.Result(
                                result.jobId(),
                                result.completed(),
                                result.reason(),
                                change.apply(result.reportJson()))
                        : record;
            }
        };
    }

    /** One category has twice its time in every account. */
    static final class BookedTwice implements Interceptor {
        @Override
        public StorePort storePort(SimCoordinator coordinator, StorePort port) {
            return new StorePort() {
                @Override
                public void write(long writeId, StoreRecord record) {
                    port.write(writeId, twice(record));
                }

                @Override
                public void verify(long writeId, StoreRecord record) {
                    port.verify(writeId, twice(record));
                }
            };
        }

        private static StoreRecord twice(StoreRecord record) {
            if (!(record instanceof StoreRecord.Account account)) {
                return record;
            }
            var categories = new LinkedHashMap<>(account.categoryNanos());
            categories.computeIfPresent(
                    "startup", (_, nanos) -> nanos.shiftLeft(1).add(BigInteger.ONE));
            return new StoreRecord.Account(
                    account.jobId(),
                    account.term(),
                    account.completedStep(),
                    account.protectedStep(),
                    account.jobTimeNanos(),
                    categories,
                    List.copyOf(account.incidentsJson()));
        }
    }
}
