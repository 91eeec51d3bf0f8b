package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.SampleOrder;

import java.util.ArrayList;
import java.util.List;

/** Trains a model in one thread, with the state cut into shards, as the agents do it together. */
final class Trainer {
    private final DataSet data;
    private final Optimizer optimizer;
    private final SampleOrder order;
    private final BlockGrid grid;
    private final List<ElementRange> shards;
    private final List<float[][]> states = new ArrayList<>();
    private final MlpCompute compute;
    private final float[] parameters;
    private final float[][] gradients;
    private long step;
    private float lastLoss;

    Trainer(
            Mlp mlp,
            DataSet data,
            Optimizer optimizer,
            long seed,
            int batch,
            int microshards,
            int shardCount) {
        this.data = data;
        this.optimizer = optimizer;
        order = new SampleOrder(seed, data.trainingSamples(), batch, microshards);
        grid = BlockGrid.of(mlp);
        shards = ShardCut.ranges(grid, shardCount);
        compute = new MlpCompute(mlp);
        parameters = new float[mlp.parameters()];
        gradients = new float[microshards][mlp.parameters()];
        for (ElementRange shard : shards) {
            mlp.initialize(seed, shard, parameters, shard.from());
            states.add(new float[optimizer.stateNames().size()][shard.elements()]);
        }
    }

    void steps(int count) {
        for (int i = 0; i < count; i++) {
            step();
        }
    }

    private void step() {
        step++;
        compute.load(parameters);
        float[][] losses = new float[order.microshards()][1];
        float[] sum =
                TreeSum.of(
                        order.microshards(),
                        microshard -> {
                            losses[microshard][0] = summed(microshard);
                            return gradients[microshard];
                        });
        lastLoss =
                TreeSum.of(order.microshards(), microshard -> losses[microshard])[0]
                        / order.batch();
        float scale = 1f / order.batch();
        for (int i = 0; i < shards.size(); i++) {
            ElementRange shard = shards.get(i);
            // A shard's owner holds its part of the sum only, as after a reduce-scatter.
            float[] part = new float[shard.elements()];
            System.arraycopy(sum, shard.from(), part, 0, part.length);
            optimizer.apply(
                    step, scale, parameters, shard.from(), part, 0, states.get(i), 0, part.length);
        }
    }

    private float summed(int microshard) {
        GradientOutcome outcome =
                compute.gradients(
                        data,
                        order.microshard(step, microshard),
                        gradients[microshard],
                        () -> false);
        return switch (outcome) {
            case GradientOutcome.Summed(float lossSum) -> lossSum;
            case GradientOutcome.Aborted() -> throw new AssertionError("nobody aborted");
        };
    }

    float loss() {
        return lastLoss;
    }

    Evaluation evaluate() {
        compute.load(parameters);
        return compute.evaluate(data);
    }

    byte[] digest() {
        List<byte[]> vectors = new ArrayList<>();
        for (int vector = 0; vector <= optimizer.stateNames().size(); vector++) {
            byte[] joined = new byte[grid.blocks() * StateDigest.DIGEST_BYTES];
            int at = 0;
            for (int i = 0; i < shards.size(); i++) {
                ElementRange shard = shards.get(i);
                byte[] part =
                        vector == 0
                                ? StateDigest.blockDigests(grid, shard, parameters, shard.from())
                                : StateDigest.blockDigests(
                                        grid, shard, states.get(i)[vector - 1], 0);
                System.arraycopy(part, 0, joined, at, part.length);
                at += part.length;
            }
            vectors.add(joined);
        }
        return StateDigest.combine(grid, StateDigest.vectorNames(optimizer), vectors);
    }
}
