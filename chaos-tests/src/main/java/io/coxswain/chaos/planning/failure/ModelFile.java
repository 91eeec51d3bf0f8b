package io.coxswain.chaos.planning.failure;

import io.coxswain.chaos.planning.Quantities;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A failure model of one's own, as YAML:
 *
 * <pre>
 * name: our-site            # as reports call it; default: the file's name
 * from: llama3              # components to begin with: none (default), llama3, llama3+planned
 * components:
 *   gpu:                    # changes llama3's: what is not said stays
 *     mtbf: 1500d           # of one target; or rate: failures per 1,000 targets and day
 *   rack-pdu:               # a new one needs scope, mtbf or rate, and repair
 *     scope: rack           # agent, worker, hang, corruption, rack, switch or power
 *     mtbf: 900d
 *     repair: 6h            # median; 0s where a restart is all it takes
 *     spread: 0.8           # standard deviation of the logarithm of repair times; default 0.5
 * </pre>
 */
public final class ModelFile {
    private static final double DAY_NANOS = 86_400e9;
    private static final double PER = 1_000;
    private static final double MOST_RATE = 1e6;
    private static final double MOST_SPREAD = 3;
    private static final int MOST_COMPONENTS = 1_000;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final List<String> BASES = List.of("none", "llama3", "llama3+planned");
    private static final List<String> SCOPES =
            Arrays.stream(Scope.values()).map(Scope::key).toList();

    private ModelFile() {}

    /**
     * Reads a model.
     *
     * @throws ConfigException with each mistake's line, column and what is expected
     */
    public static FailureModel read(Path file) throws ConfigException {
        ConfigSection root = ConfigFile.read(file, Map.of());
        String name = root.text("name", file.getFileName().toString());
        FailureModel model =
                switch (root.choice("from", "none", BASES)) {
                    case "llama3" -> FailureModel.llama3();
                    case "llama3+planned" -> FailureModel.llama3Planned();
                    default -> FailureModel.none();
                };
        model = new FailureModel(name, model.components());
        root.require("components");
        ConfigSection components = root.section("components");
        if (components.names().size() > MOST_COMPONENTS) {
            root.complain("components", "expected at most " + MOST_COMPONENTS);
        } else {
            for (String called : components.names()) {
                ConfigSection section = components.section(called);
                if (NAME.matcher(called).matches()) {
                    Component base = model.has(called) ? model.find(called) : null;
                    model = model.with(component(called, section, base));
                } else {
                    components.complain(
                            called, "a component's name has 1 to 64 of A-Z a-z 0-9 . _ -");
                }
            }
        }
        root.finish();
        return model;
    }

    private static Component component(
            String name, ConfigSection section, @Nullable Component base) {
        if (base == null) {
            section.require("scope", "repair");
        }
        String scope = section.choice("scope", base == null ? "agent" : base.scope().key(), SCOPES);
        return new Component(
                name,
                scope(scope),
                rate(section, base),
                nanos(section, "repair", base == null ? 0 : base.repairNanos(), 0),
                section.decimal(
                        "spread",
                        base == null ? Component.USUAL_SPREAD : base.repairSpread(),
                        0,
                        MOST_SPREAD));
    }

    private static Scope scope(String key) {
        for (Scope scope : Scope.values()) {
            if (scope.key().equals(key)) {
                return scope;
            }
        }
        throw new IllegalArgumentException("no scope " + key);
    }

    private static double rate(ConfigSection section, @Nullable Component base) {
        boolean byTime = section.has("mtbf");
        boolean byRate = section.has("rate");
        if (byTime && byRate) {
            section.complain("mtbf", "stands beside rate; they say the same: expected one of them");
        } else if (!byTime && !byRate && base == null) {
            section.complain(
                    "mtbf",
                    "is missing, and so is rate: expected the mean time between failures of one"
                            + " target, such as 900d, or failures per 1,000 targets and day");
        }
        if (byTime) {
            return PER * DAY_NANOS / nanos(section, "mtbf", (long) DAY_NANOS, 1);
        }
        return section.decimal("rate", base == null ? 0 : base.perThousandDays(), 0, MOST_RATE);
    }

    private static long nanos(ConfigSection section, String field, long fallback, long least) {
        if (!section.has(field)) {
            return fallback;
        }
        try {
            long nanos = Quantities.nanos(section.text(field, ""));
            if (nanos >= least) {
                return nanos;
            }
            section.complain(field, "expected a time above 0");
        } catch (IllegalArgumentException wrong) {
            section.complain(field, String.valueOf(wrong.getMessage()));
        }
        return Math.max(least, fallback);
    }
}
