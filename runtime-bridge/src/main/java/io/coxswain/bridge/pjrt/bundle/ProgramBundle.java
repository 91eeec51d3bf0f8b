package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/**
 * A checked program bundle: the pair {@code grads} and {@code apply}, a fused {@code step}, or
 * both. Immutable.
 *
 * @param platforms that the programs were lowered for
 * @param batch samples of a step, over all ranks
 * @param microshardSamples samples that {@code grads} takes
 * @param parameterElements length of the flat parameter vector, padding included
 * @param batchArrays of a microshard
 * @param heldOutSamples that {@code evaluate} takes, 0 without it
 * @param apply of each number of shards that was exported, and of each shard
 */
public record ProgramBundle(
        Path folder,
        String name,
        List<String> platforms,
        int batch,
        int microshardSamples,
        List<ParameterLeaf> parameters,
        long parameterElements,
        List<OptimizerLeaf> optimizer,
        List<BatchArray> batchArrays,
        long heldOutSamples,
        @Nullable Program grads,
        List<ApplyProgram> apply,
        @Nullable Program evaluate,
        @Nullable Program step,
        InitialFile initial) {
    /** The manifest's name in the folder. */
    public static final String MANIFEST = "bundle.json";

    /** Parameter leaves begin at multiples of this in the flat vector: 64 bytes. */
    static final int LEAF_ALIGNMENT = 16;

    /**
     * Elements of a block of the final digest; shards are cut between blocks. Blocks are counted
     * from the begin of each leaf.
     */
    public static final int BLOCK_ELEMENTS = 4096;

    /** The file with the initial state. */
    public record InitialFile(Path file, long bytes, String sha256) {}

    /** Copies the lists. */
    public ProgramBundle {
        platforms = List.copyOf(platforms);
        parameters = List.copyOf(parameters);
        optimizer = List.copyOf(optimizer);
        batchArrays = List.copyOf(batchArrays);
        apply = List.copyOf(apply);
    }

    /**
     * Reads a bundle's manifest and checks it and every program's length and digest. The initial
     * state is checked by {@link #openInitial}.
     *
     * @throws RuntimeFault with {@link RuntimeFault.Code#PROGRAM_INVALID}
     */
    public static ProgramBundle open(Path folder) throws RuntimeFault {
        Path file = folder.resolve(MANIFEST);
        Complaint complaint = complaint(file.toString());
        if (!Files.isDirectory(folder)) {
            throw complaint(folder.toString())
                    .fault("there is no such folder, expected a program bundle");
        }
        String json;
        try {
            json = Files.readString(file);
        } catch (IOException e) {
            throw complaint.fault("the manifest of the bundle cannot be read: " + e, e);
        }
        ProgramBundle bundle = new ManifestReader(folder, complaint).read(json);
        new BundleCheck(bundle, complaint).run();
        return bundle;
    }

    /** Maps the initial state, and checks its digest, its leaves and that it is finite. */
    public SafeTensors openInitial() throws RuntimeFault {
        return InitialState.open(this);
    }

    /** Whether it is the pair {@code grads} and {@code apply}. */
    public boolean isPair() {
        return grads != null;
    }

    /** Into how many microshards a batch is cut. */
    public int microshards() {
        return batch / microshardSamples;
    }

    /**
     * The updates of each shard, in order.
     *
     * @return an empty list if the bundle has none for so many shards
     */
    public List<ApplyProgram> apply(int shards) {
        return apply.stream().filter(program -> program.shards() == shards).toList();
    }

    /** For how many shards there are updates. */
    public List<Integer> exportedShards() {
        TreeSet<Integer> shards = new TreeSet<>();
        apply.forEach(program -> shards.add(program.shards()));
        return List.copyOf(shards);
    }

    /**
     * What a shard holds.
     *
     * @param shards of how many
     * @param begin its first element in the flat vector
     * @param end their end, exclusive
     */
    public List<StatePart> parts(int shards, long begin, long end) {
        return StatePart.of(parameters, optimizer, shards, begin, end);
    }

    static Complaint complaint(String file) {
        return new Complaint(
                file,
                RuntimeFault.Code.PROGRAM_INVALID,
                "make the bundle anew with `coxswain bundle`");
    }
}
