package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtPlugin;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The program of {@link ChildProbe}: says on one line of standard output what a plugin is. Nobody
 * else runs it.
 */
public final class ProbeMain {
    /** First argument: the second is the path of a library. */
    static final String PLUGIN = "plugin";

    /** Begins the line with the answer: libraries may print too. */
    static final String MARK = "coxswain-probe: ";

    private ProbeMain() {}

    /** Asks, answers, and ends whatever threads the plugin has. */
    public static void main(String[] args) {
        if (args.length != 2 || !args[0].equals(PLUGIN)) {
            throw new IllegalArgumentException("expected: plugin LIBRARY");
        }
        var answer = new LinkedHashMap<String, Object>();
        try {
            ask(Path.of(args[1]), answer);
        } catch (PjrtException e) {
            answer.put("failure", e.getMessage());
        }
        System.out.println(MARK + JsonMapper.shared().writeValueAsString(answer));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void ask(Path library, Map<String, Object> answer) throws PjrtException {
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
