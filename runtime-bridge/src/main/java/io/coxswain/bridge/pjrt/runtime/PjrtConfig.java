package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code runtime} section of a job file for {@code kind: pjrt}.
 *
 * @param bundle the folder of the program bundle, absolute
 * @param plugin the name of an installed plugin, or the path of a library
 * @param devices how many devices the worker uses, the plugin's first ones
 * @param createOptions what the plugin's client is made with: {@link String}, {@link Long}, {@code
 *     long[]}, {@link Float} or {@link Boolean}
 * @param donate whether updates may reuse the memory of the old state
 * @param compileLimit how long the compilation of one program may take
 * @param cache whether compiled programs are kept on disk
 * @param multiProcess whether the clients of a view's ranks find each other; then a create option
 *     {@code "{rank}"} or {@code "{ranks}"} stands for the rank's number or their count
 * @param minStep least time that the computation of a step takes; stands in for a larger model
 */
public record PjrtConfig(
        Path bundle,
        String plugin,
        int devices,
        Map<String, Object> createOptions,
        boolean donate,
        Duration compileLimit,
        boolean cache,
        boolean multiProcess,
        Duration minStep) {
    /** The runtime's kind. */
    public static final String KIND = "pjrt";

    private static final String RANK = "{rank}";
    private static final String RANKS = "{ranks}";
    private static final int MAX_DEVICES = 1024;
    private static final long MAX_STEP_MILLIS = 3_600_000;
    private static final long MAX_COMPILE_MILLIS = 86_400_000;
    private static final long COMPILE_MILLIS = 600_000;

    /** Copies the options. */
    public PjrtConfig {
        createOptions = Map.copyOf(createOptions);
    }

    /**
     * Reads the section.
     *
     * @param json {@code {"kind": "pjrt", "bundle": "/jobs/digits/bundle", "plugin": "cpu",
     *     "devices": 1, "createOptions": {"cpu_device_count": 1}, "donate": false,
     *     "compileLimitMillis": 600000, "cache": true, "multiProcess": false, "minStepMillis": 0}};
     *     {@code bundle} and {@code plugin} are required
     * @throws RuntimeFault with {@link RuntimeFault.Code#PROGRAM_INVALID}, naming the field
     */
    public static PjrtConfig parse(String json) throws RuntimeFault {
        JsonSection runtime = JsonSection.parse(json, "runtime");
        runtime.choice("kind", List.of(KIND), KIND);
        PjrtConfig config =
                new PjrtConfig(
                        bundle(runtime),
                        runtime.text("plugin"),
                        (int) runtime.integer("devices", 1, MAX_DEVICES, 1),
                        options(runtime.section("createOptions")),
                        runtime.flag("donate", false),
                        Duration.ofMillis(
                                runtime.integer(
                                        "compileLimitMillis",
                                        1,
                                        MAX_COMPILE_MILLIS,
                                        COMPILE_MILLIS)),
                        runtime.flag("cache", true),
                        runtime.flag("multiProcess", false),
                        Duration.ofMillis(runtime.integer("minStepMillis", 0, MAX_STEP_MILLIS, 0)));
        runtime.done();
        return config;
    }

    /**
     * The create options with a host's own laid over them.
     *
     * @param hostOptions a JSON object, as {@code createOptions} is one
     * @param node the client's place among others; null for one that is alone, which is told
     *     nothing of ranks
     */
    Map<String, Object> createOptions(String hostOptions, @Nullable Node node) throws RuntimeFault {
        Map<String, Object> options = new LinkedHashMap<>(createOptions);
        options.putAll(options(JsonSection.parse(hostOptions, "createOptions of this host")));
        boolean named = false;
        for (String name : List.copyOf(options.keySet())) {
            Object value = options.get(name);
            if (RANK.equals(value) || RANKS.equals(value)) {
                named = true;
                if (!multiProcess) {
                    throw new RuntimeFault(
                            RuntimeFault.Code.PROGRAM_INVALID,
                            "field `runtime.createOptions.%s` is '%s', which stands for a number only with `runtime.multiProcess: true`"
                                    .formatted(name, value));
                }
                if (node == null) {
                    options.remove(name);
                } else {
                    options.put(name, (long) (RANK.equals(value) ? node.rank() : node.ranks()));
                }
            }
        }
        if (node != null && !named) {
            options.putIfAbsent("node_id", (long) node.rank());
            options.putIfAbsent("num_nodes", (long) node.ranks());
        }
        return options;
    }

    private static Path bundle(JsonSection runtime) throws RuntimeFault {
        String text = runtime.text("bundle");
        try {
            Path folder = Path.of(text);
            if (folder.isAbsolute()) {
                return folder;
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw runtime.wrong("bundle", "the absolute path of a folder", text);
    }

    private static Map<String, Object> options(JsonSection section) throws RuntimeFault {
        Map<String, Object> options = new LinkedHashMap<>();
        for (String name : section.names()) {
            Object value = section.value(name);
            Object option = option(value);
            if (option == null) {
                throw section.wrong(
                        name,
                        "a whole number, a list of such, a decimal, a text, true or false",
                        value);
            }
            options.put(name, option);
        }
        return options;
    }

    private static @Nullable Object option(@Nullable Object value) {
        return switch (value) {
            case String text -> text;
            case Long number -> number;
            case Boolean flag -> flag;
            case Double number -> number.floatValue();
            case List<?> list when list.stream().allMatch(Long.class::isInstance) ->
                    list.stream().mapToLong(Long.class::cast).toArray();
            case null, default -> null;
        };
    }
}
