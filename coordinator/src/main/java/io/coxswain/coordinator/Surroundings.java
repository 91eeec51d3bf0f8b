package io.coxswain.coordinator;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The host and the process that a coordinator finds itself in. */
final class Surroundings {
    private Surroundings() {}

    /** What a report says of where its coordinator ran. */
    static Map<String, String> of(String coordinatorId) {
        var environment = new LinkedHashMap<String, String>();
        String version = Coordinator.class.getPackage().getImplementationVersion();
        environment.put("coxswain", version == null ? "unpackaged" : version);
        environment.put("coordinator", coordinatorId);
        environment.put("java", Runtime.version().toString());
        environment.put(
                "os",
                System.getProperty("os.name", "") + " " + System.getProperty("os.version", ""));
        environment.put("arch", System.getProperty("os.arch", ""));
        environment.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        return environment;
    }

    /** Where others reach what is bound there; this host's name where that is a wildcard. */
    static String reachable(String bound) {
        if (!bound.equals("0.0.0.0") && !bound.equals("::")) {
            return bound;
        }
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            throw new IllegalArgumentException(
                    "this host does not know its name: give advertisedHost", nameless);
        }
    }
}
