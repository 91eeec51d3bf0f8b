package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateLayout;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * What agents answer when they are asked for something, and when. Those that are asked the same one
 * after the other answer so: they share an entry of the queue.
 */
final class Responses {
    /** Agents that answer at one instant, in the order in which they were asked. */
    private abstract static class Round implements Batches.Happening {
        final long epoch;
        private ModelAgent[] agents = new ModelAgent[4];
        private int size;

        Round(long epoch) {
            this.epoch = epoch;
        }

        void add(ModelAgent agent) {
            if (size == agents.length) {
                agents = Arrays.copyOf(agents, 2 * size);
            }
            agents[size++] = agent;
        }

        @Override
        public void happen(long nowNanos) {
            for (int i = 0; i < size; i++) {
                answer(agents[i]);
            }
        }

        abstract void answer(ModelAgent agent);
    }

    private final Conditions conditions;
    private final Costs costs;
    private final Batches batches;
    private final Restores restores;
    private final Digests digests;
    private final Crew crew;
    private final StateLayout layout;
    private final Consumer<JobEvent> tell;

    /**
     * @param tell hears the answers when they are due
     */
    Responses(
            Conditions conditions,
            Batches batches,
            Digests digests,
            Crew crew,
            StateLayout layout,
            Consumer<JobEvent> tell) {
        this.conditions = conditions;
        this.costs = conditions.costs();
        this.batches = batches;
        this.restores = new Restores(conditions, digests);
        this.digests = digests;
        this.crew = crew;
        this.layout = layout;
        this.tell = tell;
    }

    /** Loads the program, or finds it loaded. */
    void offered(@Nullable ModelAgent agent, long nowNanos) {
        if (agent == null || !agent.up || agent.loading) {
            return;
        }
        agent.loading = true;
        long delay =
                agent.worker
                        ? costs.fenceNanos()
                        : agent.preparedEpoch > 0 ? costs.workerStartNanos() : costs.joinNanos();
        batches.post(
                nowNanos + delay,
                at -> {
                    agent.loading = false;
                    if (agent.up) {
                        agent.worker = true;
                        tell.accept(new JobEvent.AgentReady(agent.key, layout, delay, delay / 4));
                    }
                });
    }

    /** Promises, and tells what it has. */
    void fenced(@Nullable ModelAgent agent, long epoch, long nowNanos) {
        if (agent == null || !agent.up || epoch < agent.promised) {
            return;
        }
        if (crew.running() && crew.isMember(agent)) {
            throw new IllegalStateException("a running view was fenced without a failure");
        }
        agent.promised = epoch;
        long due = nowNanos + costs.fenceNanos();
        if (batches.last(due) instanceof Inventories round && round.epoch == epoch) {
            round.add(agent);
        } else {
            batches.post(due, new Inventories(epoch, agent));
        }
    }

    private final class Inventories extends Round {
        Inventories(long epoch, ModelAgent first) {
            super(epoch);
            add(first);
        }

        @Override
        void answer(ModelAgent agent) {
            if (agent.up && agent.promised == epoch) {
                tell.accept(new JobEvent.InventoryReported(agent.key, inventory(agent)));
            }
        }
    }

    /** What that agent holds now. */
    Inventory inventory(ModelAgent agent) {
        return agent.inventory(digests, conditions.stateBytes(), crew.floor());
    }

    /** Restores as it is told; {@code initialNanos} is what the initial state takes. */
    void prepare(
            @Nullable ModelAgent agent,
            JobEffect.SendPrepareView message,
            long initialNanos,
            long nowNanos) {
        long epoch = message.view().epoch();
        if (agent == null || !agent.up || epoch < agent.promised) {
            return;
        }
        agent.promised = epoch;
        agent.preparedEpoch = epoch;
        RestoreSource source = message.source();
        if (message.rank() < 0 || source == null) {
            agent.rank = -1;
            agent.noLive();
            return;
        }
        agent.take(message.rank(), message.view().mesh().shardOf(message.rank()));
        Restores.Restore restore = restores.of(source, epoch, initialNanos);
        long due = nowNanos + costs.restoreNanos() + restore.movingNanos();
        if (batches.last(due) instanceof Restored round
                && round.epoch == epoch
                && round.restore.equals(restore)) {
            round.add(agent);
        } else {
            batches.post(due, new Restored(epoch, restore, agent));
        }
    }

    private final class Restored extends Round {
        final Restores.Restore restore;

        Restored(long epoch, Restores.Restore restore, ModelAgent first) {
            super(epoch);
            this.restore = restore;
            add(first);
        }

        @Override
        void answer(ModelAgent agent) {
            if (!agent.up || !agent.worker || agent.promised != epoch) {
                return;
            }
            agent.live(restore.epoch(), restore.step());
            tell.accept(
                    new JobEvent.ViewReadyReported(
                            agent.key,
                            epoch,
                            restore.step(),
                            restore.digest(),
                            restore.action(),
                            restore.movingNanos() == 0 ? 0 : conditions.stateBytes(),
                            costs.restoreNanos() + restore.movingNanos()));
        }
    }
}
