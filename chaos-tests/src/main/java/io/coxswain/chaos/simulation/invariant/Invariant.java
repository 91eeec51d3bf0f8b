package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import java.util.List;

/**
 * One invariant of the design (§10). It is told of what really happens, as the simulator sees it,
 * and looks at everything after every event. A broken one throws {@link InvariantViolated}.
 */
public interface Invariant {
    /** Number and short name. */
    String name();

    /** A coordinator's versioned write of a term took effect. */
    default void termTaken(String coordinator, long term) {}

    /**
     * A new leader goes on with a job, or begins a new epoch of it.
     *
     * @param there members of the newest active view that attached to it, in the same incarnation
     * @param left those of them that have promised a later epoch
     * @param faultsNear an agent or its links had a fault not long ago
     */
    default void takenOver(
            JobHistory job,
            CoordinatorEvent.JobTakenOver event,
            int there,
            int left,
            boolean faultsNear,
            long nowNanos) {}

    /** A leader starts a job, whose time begins. */
    default void begun(JobHistory job, long nowNanos) {}

    /** A coordinator's write of a record took effect. */
    default void storeApplied(
            String coordinator, long writerTerm, long termInStore, StoreRecord record) {}

    /** A coordinator sends a view to a member or spare. */
    default void prepareSent(JobHistory job, View view, Placement placement, boolean recorded) {}

    /** What it says of the floor with that. */
    default void floorTold(JobHistory job, View view, long floor) {}

    /** A coordinator starts a view at a member; {@code recorded}: its ACTIVE record is there. */
    default void startSent(JobHistory job, long epoch, long through, boolean recorded) {}

    /** A coordinator changes a placement while steps run. */
    default void placementSent(JobHistory job, Placement placement) {}

    default void grantSent(JobHistory job, long epoch, long through) {}

    /** A coordinator tells of a floor with a grant, where workers reduce. */
    default void floorGranted(JobHistory job, ViewHistory view, long floor) {}

    /**
     * An agent handled a leader's word.
     *
     * @param wireTerm as it was sent
     * @param newestTerm the newest that this agent was sent before
     */
    default void leaderWord(
            AgentView agent, AgentEvent word, long wireTerm, long newestTerm, Outcome outcome) {}

    /** What handling a word changed. */
    record Outcome(long promisedBefore, long promisedAfter, int calls, boolean leftStream) {}

    /** A worker loads a slot. */
    default void loaded(String agent, Arena.Cell cell, String expectedDigest) {}

    /** A worker has a view's base state live. */
    default void restored(
            JobHistory job,
            String agent,
            ViewHistory view,
            int rank,
            int shard,
            long step,
            long state) {}

    /** A worker computed gradients. */
    default void executed(
            JobHistory job,
            String agent,
            ViewHistory view,
            int rank,
            long step,
            int from,
            int to) {}

    /** A worker made a step. */
    default void applied(
            JobHistory job,
            String agent,
            ViewHistory view,
            int rank,
            int shard,
            long step,
            long state) {}

    /** A reduction ended at one rank. */
    default void reduced(
            JobHistory job, ViewHistory view, int rank, long step, List<Part> parts, long floor) {}

    /** What one rank put into a reduction. */
    record Part(AgentKey sender, int rank, long epoch, int from, int to) {}

    /** A slot was committed. */
    default void committed(JobHistory job, String agent, Arena.Cell cell) {}

    /** A rank begins a step. */
    default void stepBegun(JobHistory job, AgentView agent, long epoch, long step) {}

    /** A worker is asked to copy the state of a step, beyond the view's base, into a slot. */
    default void snapshotAsked(JobHistory job, AgentView agent, long epoch, long step) {}

    /** An account was written. */
    default void accounted(JobHistory job, StoreRecord.Account account) {}

    /** A result was written. */
    default void reported(JobHistory job, StoreRecord.Result result) {}

    /** A holder's verdict of good reached the source. */
    default void copyAcknowledged(JobHistory job, String source, String holder, StateName state) {}

    /** Software gave a committed state up. */
    default void freed(JobHistory job, AgentView agent, Arena.Cell cell) {}

    /** A coordinator tells its listeners. */
    default void published(String coordinator, JobHistory job, CoordinatorEvent event) {}

    /**
     * A coordinator gave an agent up.
     *
     * @param faultNear something there was wrong, so that it may be mistaken
     * @param alive that incarnation lives
     */
    default void declaredLost(
            String coordinator, String agent, String cause, boolean faultNear, boolean alive) {}

    /** An agent answered a fence; later that memory must be as it said. */
    default void inventoryTold(AgentView agent, Inventory told) {}

    /** An agent's worker was killed for silence. */
    default void workerKilled(String agent, String reason, boolean faulty) {}

    /** After every event; must be cheap. */
    default void afterEvent(Cluster cluster) {}

    /** At the very end. */
    default void atEnd(Cluster cluster) {}
}
