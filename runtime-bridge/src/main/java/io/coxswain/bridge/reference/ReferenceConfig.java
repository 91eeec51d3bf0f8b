package io.coxswain.bridge.reference;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.spi.RuntimeFault;

import java.util.ArrayList;
import java.util.List;

/**
 * The {@code runtime} section of a job file for {@code kind: reference}.
 *
 * @param model the model's shape, from {@code model.layers}
 * @param optimizer {@code adam} (default) or {@code sgd}
 * @param ballastBytes state that each shard has beside the model's, from 0; stands in for a larger
 *     model
 * @param minStepMillis least time that the computation of a step takes, from 0; stands in for an
 *     accelerator's
 * @param stalls steps that take longer, for rehearsals
 */
public record ReferenceConfig(
        Mlp model, Optimizer optimizer, long ballastBytes, long minStepMillis, List<Stall> stalls) {
    /** The runtime's kind. */
    public static final String KIND = "reference";

    private static final long MAX_BALLAST_BYTES = 1L << 40;
    static final long MAX_STEP_MILLIS = 3_600_000;

    public ReferenceConfig {
        stalls = List.copyOf(stalls);
    }

    /**
     * Reads the section.
     *
     * @param json {@code {"kind": "reference", "model": {"kind": "mlp", "layers": [64, 256, 10]},
     *     "optimizer": {"kind": "adam", "learningRate": 0.001, "beta1": 0.9, "beta2": 0.999,
     *     "epsilon": 1e-8}, "ballast": 0, "minStepMillis": 0, "stalls": [{"what": "data", "rank":
     *     1, "firstStep": 10, "lastStep": 20, "millis": 50}]}}; {@code model.layers} is required,
     *     {@code sgd} has {@code learningRate} and {@code momentum}
     * @throws RuntimeFault with {@link RuntimeFault.Code#PROGRAM_INVALID}, naming the field
     */
    public static ReferenceConfig parse(String json) throws RuntimeFault {
        JsonSection runtime = JsonSection.parse(json, "runtime");
        runtime.choice("kind", List.of(KIND), KIND);
        JsonSection modelSection = runtime.section("model");
        modelSection.choice("kind", List.of("mlp"), "mlp");
        Mlp model = model(modelSection);
        modelSection.done();
        JsonSection optimizerSection = runtime.section("optimizer");
        Optimizer optimizer = optimizer(optimizerSection);
        optimizerSection.done();
        long ballast = runtime.integer("ballast", 0, MAX_BALLAST_BYTES, 0);
        long minStepMillis = runtime.integer("minStepMillis", 0, MAX_STEP_MILLIS, 0);
        var stalls = new ArrayList<Stall>();
        for (JsonSection stall : runtime.sections("stalls")) {
            stalls.add(Stall.parse(stall));
        }
        runtime.done();
        return new ReferenceConfig(model, optimizer, ballast, minStepMillis, stalls);
    }

    private static Mlp model(JsonSection section) throws RuntimeFault {
        List<Integer> layers =
                section.integers("layers", 1, Integer.MAX_VALUE).stream()
                        .map(Math::toIntExact)
                        .toList();
        try {
            return new Mlp(layers);
        } catch (IllegalArgumentException e) {
            throw section.wrong(String.valueOf(e.getMessage()));
        }
    }

    private static Optimizer optimizer(JsonSection section) throws RuntimeFault {
        String kind = section.choice("kind", List.of("adam", "sgd"), "adam");
        try {
            return kind.equals("adam")
                    ? new Adam(
                            section.number("learningRate", 0.001f),
                            section.number("beta1", 0.9f),
                            section.number("beta2", 0.999f),
                            section.number("epsilon", 1e-8f))
                    : new SgdMomentum(
                            section.number("learningRate", 0.05f),
                            section.number("momentum", 0.9f));
        } catch (IllegalArgumentException e) {
            throw section.wrong(String.valueOf(e.getMessage()));
        }
    }
}
