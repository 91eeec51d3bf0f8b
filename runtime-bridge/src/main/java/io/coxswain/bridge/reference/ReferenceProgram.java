package io.coxswain.bridge.reference;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.data.ConsumedSamples;
import io.coxswain.bridge.data.DataPath;
import io.coxswain.bridge.data.SampleOrder;
import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.LineageSegment;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.TrainingJob;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A loaded job: configuration, data, and how the state is cut. Immutable but for the sample order's
 * memory of the last pass; confined to the runtime's thread.
 *
 * @param vectorNames the state's vectors, the parameters first
 * @param cuts each shard's range of elements
 * @param order which samples a step takes
 */
record ReferenceProgram(
        TrainingJob job,
        ReferenceConfig config,
        DataSet data,
        String dataDigest,
        BlockGrid grid,
        List<String> vectorNames,
        List<ElementRange> cuts,
        SampleOrder order) {
    private static final String VERSION = "coxswain-reference-1";

    static ReferenceProgram load(TrainingJob job) throws RuntimeFault {
        ReferenceConfig config = ReferenceConfig.parse(job.configuration());
        Path file = DataPath.of(job.data());
        DataSet data;
        String dataDigest;
        try {
            data = DataSet.load(file);
            dataDigest = Sha256.hex(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new RuntimeFault(
                    RuntimeFault.Code.DATA_UNREADABLE, String.valueOf(e.getMessage()), e);
        }
        try {
            config.model().requireFits(data);
        } catch (IllegalArgumentException e) {
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "field `runtime.model.layers`: %s".formatted(e.getMessage()),
                    e);
        }
        BlockGrid grid = BlockGrid.of(config.model());
        return new ReferenceProgram(
                job,
                config,
                data,
                dataDigest,
                grid,
                StateDigest.vectorNames(config.optimizer()),
                ShardCut.ranges(grid, job.shards()),
                new SampleOrder(
                        job.seed(), data.trainingSamples(), job.batch(), job.microshards()));
    }

    long seed() {
        return job.seed();
    }

    int batch() {
        return job.batch();
    }

    long ballastBytes() {
        return config.ballastBytes();
    }

    RuntimeLayout layout() {
        int parameters = config.model().parameters();
        List<RuntimeLayout.Shard> shards = new ArrayList<>();
        for (int shard = 0; shard < cuts.size(); shard++) {
            ElementRange range = cuts.get(shard);
            List<SlotTable.Box> boxes = ShardState.boxes(this, shard);
            ArenaFile.Shape region =
                    new ArenaFile.Shape(
                            parameters,
                            job.microshardsPerRank(),
                            range.elements(),
                            ballastBytes(),
                            0,
                            0,
                            0);
            shards.add(
                    new RuntimeLayout.Shard(
                            range.from(),
                            range.to(),
                            SlotTable.Meta.layOut(job.jobId(), 0, 0, shard, boxes).dataBytes(),
                            region.fileBytes(),
                            ballastBytes(),
                            boxes.size()));
        }
        return new RuntimeLayout(parameters, shards, fingerprint(), true);
    }

    /** Evaluates a model, and counts what the committed history was trained on. */
    FinalReport.Evaluation evaluate(MlpCompute compute, List<LineageSegment> lineage) {
        Evaluation evaluation = compute.evaluate(data);
        ConsumedSamples consumed = ConsumedSamples.of(order, lineage);
        return new FinalReport.Evaluation(
                evaluation.loss(),
                evaluation.accuracy(),
                consumed.seen(),
                consumed.distinctPerPass());
    }

    private String fingerprint() {
        String description =
                String.join(
                        "\n",
                        VERSION,
                        config.model().toString(),
                        config.optimizer().toString(),
                        "ballast " + ballastBytes(),
                        "seed " + seed(),
                        "batch %d in %d".formatted(batch(), job.microshards()),
                        "shards " + cuts,
                        "data " + dataDigest);
        return Sha256.hex(description.getBytes(StandardCharsets.UTF_8));
    }
}
