package io.coxswain.bridge.spi;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;

import java.util.List;

/**
 * A trainer, hosted by a worker. The host calls it from one thread, in the order load, warmUp (not
 * always), then for each view take and its steps, at last close; only a {@link Capture} is
 * completed on another thread. The host keeps account of epochs, the live step and the shard, so a
 * runtime may trust the order of the steps: {@code execute(n)} and {@code apply(n)} come when the
 * live state is that of step n - 1; an execute may be repeated, or be followed by a take instead of
 * its apply.
 *
 * <p>A {@link RuntimeFault} is told to the agent with its code and its message, and the worker goes
 * on; any other exception is a bug of the runtime, told as {@code internal}, after which there is
 * no live state until the next take. Memory that the host lends is not touched outside its time:
 * the region of an {@link Assignment} is mapped until the next take has returned or close is
 * called, a slot's data area until {@link #capture}, or {@link Capture#complete}, has returned, the
 * data of a {@link StateOrigin.Stored} until take has returned.
 */
public interface TrainingRuntime extends AutoCloseable {
    /**
     * Says where metrics may be told; called once, before {@link #load}. Who has none need not
     * care.
     */
    default void reportTo(MetricSink metrics) {}

    /**
     * Loads program and data. Called once. After a fault the runtime is closed and dropped.
     *
     * @return the state's layout
     */
    RuntimeLayout load(TrainingJob job) throws RuntimeFault;

    /**
     * Runs the program on scratch memory until it is compiled. Touches no state and no region.
     * Called at most once, as a rule before the first take: a spare is warm long before it gets a
     * rank.
     *
     * @param abort ends the warm-up early: it returns, and nobody will ask for anything more
     */
    void warmUp(AbortSignal abort) throws RuntimeFault;

    /**
     * Takes a rank and establishes its live state, that of {@link Assignment#baseStep}. On return
     * the parameters of the rank's shard are in the region. After a fault there is no live state.
     *
     * <p>With {@link StateOrigin.Live} the former assignment's region is still mapped, and may be
     * the same.
     */
    void take(Assignment assignment, StateOrigin origin) throws RuntimeFault;

    /** The pieces of a snapshot of the assigned shard, in the order in which they lie in a slot. */
    List<SlotTable.Box> pieces();

    /**
     * Computes the gradients of the rank's microshards into the region's gradient buffers, from the
     * parameters in the region, all of which are those of step - 1. Does not change the live state.
     *
     * @param step the step to be made, from 1
     * @param abort to be looked at every few milliseconds: an agent kills a worker whose execute
     *     does not end within a second of its abort
     */
    ExecuteOutcome execute(long step, AbortSignal abort) throws RuntimeFault;

    /**
     * Updates the live state from the region's reduced gradient, and writes the new parameters of
     * the rank's shard into the region. Not abortable. After a fault there is no live state.
     */
    void apply(long step) throws RuntimeFault;

    /**
     * Copies the live state into a slot's data area. The steps wait until this returns, so it does
     * no more than copy. Another one may be asked for before the former is complete.
     *
     * @param meta says where each of the {@link #pieces} goes
     * @param data the data area
     */
    Capture capture(SlotTable.Meta meta, ByteRegion data) throws RuntimeFault;

    /**
     * Describes the final state. All parameters of the last step are in the region.
     *
     * @param evaluate whether to evaluate the model too
     * @param lineage the committed history, in order
     */
    FinalReport finish(boolean evaluate, List<LineageSegment> lineage) throws RuntimeFault;

    /**
     * Releases everything; no capture is being completed any more. The host closes the region.
     * Called when another job is loaded and after a load that failed, but not at the end of the
     * process, which comes without notice.
     */
    @Override
    void close();
}
