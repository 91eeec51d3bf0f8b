package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtPlugin;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.SoloCheck;
import io.coxswain.launcher.config.ConfigException;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The program of {@link ChildProbe}: tries something and says on one line of standard output how it
 * went. Nobody else runs it.
 */
public final class ProbeMain {
    /** First argument: load the library that the second names. */
    static final String PLUGIN = "plugin";

    /**
     * First argument: make {@value #STEPS} steps of the job that the second names, with shared
     * memory in the folder that the third names.
     */
    static final String STEPS_OF = "steps";

    static final int STEPS = 3;

    /** Begins the line with the answer: libraries may print too. */
    static final String MARK = "coxswain-probe: ";

    private ProbeMain() {}

    /** Asks, answers, and ends whatever threads a plugin has. */
    public static void main(String[] args) {
        var answer = new LinkedHashMap<String, Object>();
        try {
            switch (args[0]) {
                case PLUGIN -> plugin(Path.of(args[1]), answer);
                case STEPS_OF -> SoloCheck.run(Path.of(args[1]), Path.of(args[2]), STEPS);
                default -> throw new IllegalArgumentException(args[0]);
            }
        } catch (PjrtException | ConfigException | EnvironmentException | IOException e) {
            answer.put("failure", e.getMessage());
        }
        System.out.println(MARK + JsonMapper.shared().writeValueAsString(answer));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void plugin(Path library, Map<String, Object> answer) throws PjrtException {
        PjrtPlugin plugin = PjrtPlugin.load(library);
        answer.put("apiVersion", plugin.version().toString());
        try (PjrtClient client = plugin.createClient(Map.of())) {
            answer.put("platform", client.platformName());
            var devices = new ArrayList<String>();
            for (PjrtDevice device : client.devices()) {
                devices.add(device.kind());
            }
            answer.put("devices", devices);
        }
    }
}
