package io.coxswain.chaos.simulation;

import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.StoredJob;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Standing;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Deliberate bugs in how a new leader goes on with what it finds. */
final class TakeoverMutants {
    private TakeoverMutants() {}

    /** The job's time goes on from the account alone, whatever agents know of it. */
    static final class JobTimeForgotten implements Interceptor {
        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            return List.of(
                    input instanceof CoordinatorInput.AgentAttached one && one.jobTimeNanos() > 0
                            ? with(
                                    one,
                                    one.agent(),
                                    one.jobId(),
                                    one.inventory(),
                                    1,
                                    one.standing())
                            : input);
        }
    }

    /** What a new leader hears first of the members of a view that it found. */
    abstract static class FirstWord implements Interceptor {
        /** Members of views that are ACTIVE in the store, by coordinator and id. */
        private final Map<String, Member> members = new HashMap<>();

        record Member(String jobId, long epoch, int rank, AgentKey key) {}

        @Override
        public final List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            if (input instanceof CoordinatorInput.LeadershipGained gained) {
                gained.jobs().forEach(job -> found(coordinator.name(), job));
            }
            if (input instanceof CoordinatorInput.AgentAttached one) {
                Member member = members.remove(coordinator.name() + "/" + one.agent().key().id());
                if (member != null) {
                    return List.of(heard(member, one));
                }
            }
            return List.of(input);
        }

        private void found(String coordinator, StoredJob job) {
            StoreRecord.ViewRecord record = job.view();
            if (job.result() != null || record == null || record.state() != ViewState.ACTIVE) {
                return;
            }
            for (int rank = 0; rank < record.view().members().size(); rank++) {
                AgentKey key = record.view().members().get(rank).key();
                members.put(
                        coordinator + "/" + key.id(),
                        new Member(record.jobId(), record.view().epoch(), rank, key));
            }
        }

        abstract CoordinatorInput heard(Member member, CoordinatorInput.AgentAttached said);
    }

    /** Who has the name of a member passes for it. */
    static final class IncarnationIgnored extends FirstWord {
        @Override
        CoordinatorInput heard(Member member, CoordinatorInput.AgentAttached said) {
            AgentProfile agent = said.agent();
            return agent.key().equals(member.key())
                    ? said
                    : with(
                            said,
                            new AgentProfile(
                                    member.key(),
                                    agent.dataEndpoint(),
                                    agent.domain(),
                                    agent.arenaBudgetBytes()),
                            member.jobId(),
                            standsIn(member, Inventory.EMPTY),
                            said.jobTimeNanos(),
                            standing(member));
        }
    }

    /** A member that has promised a later epoch passes for one that steps. */
    static final class PromiseIgnored extends FirstWord {
        @Override
        CoordinatorInput heard(Member member, CoordinatorInput.AgentAttached said) {
            return said.agent().key().equals(member.key())
                            && said.inventory().promisedEpoch() > member.epoch()
                    ? with(
                            said,
                            said.agent(),
                            member.jobId(),
                            standsIn(member, said.inventory()),
                            said.jobTimeNanos(),
                            standing(member))
                    : said;
        }
    }

    private static Inventory standsIn(FirstWord.Member member, Inventory inventory) {
        return new Inventory(
                member.epoch(),
                true,
                inventory.live(),
                inventory.snapshots(),
                inventory.copies(),
                null,
                inventory.floor());
    }

    private static Standing standing(FirstWord.Member member) {
        return new Standing(member.epoch(), member.rank(), true, 0, List.of(), 4, 0, false, false);
    }

    private static CoordinatorInput.AgentAttached with(
            CoordinatorInput.AgentAttached said,
            AgentProfile agent,
            String jobId,
            Inventory inventory,
            long jobTimeNanos,
            @Nullable Standing standing) {
        return new CoordinatorInput.AgentAttached(
                said.stream(),
                said.termSeen(),
                agent,
                said.labels(),
                jobId,
                inventory,
                jobTimeNanos,
                standing,
                said.process());
    }

    /** Views are started and steps are granted in the term of the leader before. */
    static final class OldTermGrants implements Interceptor {
        @Override
        public AgentsPort agentsPort(SimCoordinator coordinator, AgentsPort port) {
            return PortMutants.around(
                    AgentsPort.class,
                    port,
                    (method, arguments) -> {
                        if (method.equals("startView") || method.equals("grant")) {
                            Object[] changed = arguments.clone();
                            changed[1] = Math.max(1, (long) changed[1] - 1);
                            return changed;
                        }
                        return arguments;
                    });
        }
    }
}
