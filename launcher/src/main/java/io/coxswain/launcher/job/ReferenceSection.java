package io.coxswain.launcher.job;

import io.coxswain.bridge.reference.DataSet;
import io.coxswain.bridge.reference.DataSetException;
import io.coxswain.bridge.reference.ReferenceConfig;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.launcher.config.ConfigSection;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code runtime} section of {@code kind: reference}, with the bounds that the runtime itself
 * checks again.
 *
 * @param stateVectors how many vectors as long as the parameters make up the state, the parameters
 *     included
 */
record ReferenceSection(String json, long parameters, int stateVectors, long ballastBytes)
        implements RuntimeSection {
    private static final long MAX_BALLAST_BYTES = 1L << 40;

    @Override
    public long stateBytes(int shards) {
        return RuntimeSection.shardElements(parameters, shards) * Float.BYTES * stateVectors
                + ballastBytes;
    }

    @Override
    public long liveBytes() {
        return ballastBytes;
    }

    /** Reads the section, and renders it as the JSON that the runtime takes. */
    static RuntimeSection read(RuntimeKind.Around around) {
        around.refuseRuntimeCollectives(
                "the reference runtime has none of its own; expected 'agent'");
        ConfigSection runtime = around.runtime();
        ConfigSection model = runtime.section("model");
        var json = new LinkedHashMap<String, Object>();
        json.put("kind", "reference");
        runtime.require("model");
        if (runtime.has("model")) {
            model.require("layers");
        }
        var modelJson = new LinkedHashMap<String, Object>();
        modelJson.put("kind", model.choice("kind", "mlp", List.of("mlp")));
        List<Long> layers = model.wholes("layers", List.of(), 2, 64, 1, 1 << 20);
        long parameters = parameters(layers);
        if (parameters > Integer.MAX_VALUE) {
            model.complain(
                    "layers",
                    "a network of "
                            + parameters
                            + " parameters; expected at most "
                            + Integer.MAX_VALUE);
        }
        modelJson.put("layers", layers);
        json.put("model", modelJson);
        Map<String, Object> optimizer = optimizer(runtime.section("optimizer"));
        json.put("optimizer", optimizer);
        long ballastBytes = runtime.size("ballast", 0, 0, MAX_BALLAST_BYTES);
        json.put("ballast", ballastBytes);
        json.put("minStepMillis", runtime.whole("minStepMillis", 0, 0, 3_600_000));
        List<Map<String, Object>> stalls = stalls(runtime);
        if (!stalls.isEmpty()) {
            json.put("stalls", stalls);
        }
        var section =
                new ReferenceSection(
                        JsonMapper.shared().writeValueAsString(json),
                        parameters,
                        "adam".equals(optimizer.get("kind")) ? 3 : 2,
                        ballastBytes);
        if (around.dataIsHere() && around.root().faultless()) {
            section.checkFit(around.root(), model, around.data());
        }
        return section;
    }

    /**
     * Complains if the data cannot be read or the model does not fit them: better here than on
     * every agent.
     */
    private void checkFit(ConfigSection root, ConfigSection model, Path file) {
        DataSet data;
        try {
            data = DataSet.load(file);
        } catch (DataSetException e) {
            root.complain("data", String.valueOf(e.getMessage()));
            return;
        }
        try {
            ReferenceConfig.parse(json).model().requireFits(data);
        } catch (IllegalArgumentException | RuntimeFault e) {
            model.complain("layers", String.valueOf(e.getMessage()));
        }
    }

    /** Steps that take longer, for rehearsals. */
    private static List<Map<String, Object>> stalls(ConfigSection runtime) {
        var stalls = new ArrayList<Map<String, Object>>();
        for (ConfigSection section : runtime.sections("stalls")) {
            section.require("what", "firstStep", "lastStep", "millis");
            var stall = new LinkedHashMap<String, Object>();
            stall.put("what", section.choice("what", "data", List.of("data", "compute")));
            if (section.has("rank")) {
                stall.put("rank", section.whole("rank", 0, 0, Integer.MAX_VALUE));
            }
            long first = section.whole("firstStep", 1, 1, Long.MAX_VALUE);
            long last = section.whole("lastStep", first, 1, Long.MAX_VALUE);
            if (last < first) {
                section.complain(
                        "lastStep", "found " + last + ", expected at least firstStep, " + first);
            }
            stall.put("firstStep", first);
            stall.put("lastStep", last);
            stall.put("millis", section.whole("millis", 1, 1, 3_600_000));
            stalls.add(stall);
        }
        return stalls;
    }

    private static long parameters(List<Long> layers) {
        long parameters = 0;
        for (int i = 1; i < layers.size(); i++) {
            parameters += (layers.get(i - 1) + 1) * layers.get(i);
        }
        return parameters;
    }

    private static Map<String, Object> optimizer(ConfigSection section) {
        var json = new LinkedHashMap<String, Object>();
        String kind = section.choice("kind", "adam", List.of("adam", "sgd"));
        json.put("kind", kind);
        if (kind.equals("adam")) {
            json.put("learningRate", section.decimal("learningRate", 0.001, 0, 1e6));
            json.put("beta1", section.decimal("beta1", 0.9, 0, 0.999999));
            json.put("beta2", section.decimal("beta2", 0.999, 0, 0.999999));
            json.put("epsilon", section.decimal("epsilon", 1e-8, 1e-30, 1));
        } else {
            json.put("learningRate", section.decimal("learningRate", 0.05, 0, 1e6));
            json.put("momentum", section.decimal("momentum", 0.9, 0, 0.999999));
        }
        return json;
    }
}
