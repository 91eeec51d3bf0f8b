package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.ExecuteOutcome;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The gradients of one step: the rank's microshards go to the devices in turn, a few at a time, and
 * each one's gradients from its device into the region. {@link #close} gives back what is still
 * under way; a run that nobody waits for goes on, and its results are thrown away. The runtime's
 * thread.
 */
final class GradientRun implements AutoCloseable {
    /** Microshards under way on each device: one that runs and the next one. */
    private static final int DEPTH = 2;

    private final LoadedProgram loaded;
    private final Assignment assignment;
    private final DeviceState state;
    private final Program program;
    private final PjrtExecutable grads;
    private final Arena arena = Arena.ofConfined();
    private final BatchUploads batches;
    private final MemorySegment losses;
    private final Map<PjrtDevice, List<PjrtBuffer>> parameters = new HashMap<>();
    private final Deque<Flight> flying = new ArrayDeque<>();
    private long samples;
    private long hash;
    private long dataNanos;

    /** A microshard that computes, with the copies that follow as soon as it has. */
    private record Flight(List<PjrtBuffer> batch, Execution execution, HostCopies copies) {
        boolean await(AbortSignal abort) throws PjrtException {
            return Faults.await(execution.done(), abort) && copies.await(abort);
        }

        /** Waits for the copies. */
        void close() {
            copies.close();
            batch.forEach(PjrtBuffer::close);
            execution.results().forEach(PjrtBuffer::close);
        }
    }

    /**
     * @param state the live state, whose parameters are used where they are all there are
     * @param grads the compiled program
     */
    GradientRun(
            LoadedProgram loaded,
            Assignment assignment,
            DeviceState state,
            Program program,
            PjrtExecutable grads) {
        this.loaded = loaded;
        this.assignment = assignment;
        this.state = state;
        this.program = program;
        this.grads = grads;
        this.batches = new BatchUploads(loaded, arena, loaded.bundle().microshardSamples());
        this.losses = arena.allocate(ValueLayout.JAVA_FLOAT, assignment.microshards());
    }

    /** Computes the gradients of a step. */
    ExecuteOutcome run(long step, AbortSignal abort) throws PjrtException {
        int window = DEPTH * loaded.devices().size();
        for (int m = assignment.microshardFrom(); m < assignment.microshardTo(); m++) {
            if (abort.isSet() || (flying.size() == window && !land(abort))) {
                return new ExecuteOutcome.Aborted();
            }
            launch(step, m);
        }
        while (!flying.isEmpty()) {
            if (!land(abort)) {
                return new ExecuteOutcome.Aborted();
            }
        }
        List<Float> sums = new ArrayList<>();
        for (int i = 0; i < assignment.microshards(); i++) {
            sums.add(losses.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
        return new ExecuteOutcome.Executed(sums, samples, hash, dataNanos);
    }

    @Override
    public void close() {
        RegionTransfers transfers = loaded.regionTransfers();
        parameters.values().forEach(transfers::giveBack);
        parameters.clear();
        if (flying.isEmpty()) {
            arena.close();
            return;
        }
        List<Flight> left = List.copyOf(flying);
        flying.clear();
        // The copies write into the region and into the memory for the losses.
        transfers.abandon(() -> {
            left.forEach(Flight::close);
            arena.close();
        });
    }

    private void launch(long step, int microshard) throws PjrtException {
        PjrtDevice device = loaded.devices().get(microshard % loaded.devices().size());
        long asked = System.nanoTime();
        int[] ids = loaded.order().microshard(step, microshard);
        batches.gather(ids);
        dataNanos += System.nanoTime() - asked;
        List<PjrtBuffer> batch = batches.upload(device);
        boolean launched = false;
        try {
            List<PjrtBuffer> arguments = new ArrayList<>(parametersOn(device));
            arguments.addAll(batch);
            Execution execution =
                    grads.execute(program.kept(arguments), device, grads.signature().donated());
            Flight flight = new Flight(batch, execution, new HostCopies());
            flying.addLast(flight);
            launched = true;
            copy(flight, microshard - assignment.microshardFrom());
        } finally {
            if (!launched) {
                batch.forEach(PjrtBuffer::close);
            }
        }
        samples += ids.length;
        hash += loaded.order().sampleHash(step, microshard, ids);
    }

    /** Lets the results be copied as soon as they are there: the next microshard may run then. */
    private void copy(Flight flight, int index) throws PjrtException {
        MemorySegment gradient = assignment.region().gradient(index).segment();
        List<PjrtBuffer> results = flight.execution().results();
        flight.copies()
                .add(results.getFirst(), losses.asSlice((long) index * Float.BYTES, Float.BYTES));
        List<ParameterLeaf> leaves = loaded.bundle().parameters();
        for (int i = 0; i < leaves.size(); i++) {
            flight.copies().add(results.get(i + 1), leaves.get(i).in(gradient));
        }
    }

    /** Waits for the oldest microshard; false if aborted. */
    private boolean land(AbortSignal abort) throws PjrtException {
        if (!flying.getFirst().await(abort)) {
            return false;
        }
        flying.removeFirst().close();
        return true;
    }

    /** The full parameters on a device. */
    private List<PjrtBuffer> parametersOn(PjrtDevice device) throws PjrtException {
        List<ParameterLeaf> leaves = loaded.bundle().parameters();
        ArenaFile region = assignment.region();
        if (device == loaded.home() && loaded.holdsAllParameters()) {
            return state.buffers().subList(0, leaves.size());
        }
        List<PjrtBuffer> known = parameters.get(device);
        if (known != null) {
            return known;
        }
        // In the map at once: what is uploaded is given back even if a later leaf fails.
        List<PjrtBuffer> uploaded = new ArrayList<>();
        parameters.put(device, uploaded);
        for (ParameterLeaf leaf : leaves) {
            uploaded.add(
                    loaded.regionTransfers()
                            .upload(leaf.in(region.parameters().segment()), leaf.type(), device));
        }
        return uploaded;
    }
}
