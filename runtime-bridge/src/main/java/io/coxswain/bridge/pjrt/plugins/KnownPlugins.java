package io.coxswain.bridge.pjrt.plugins;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.spi.RuntimeFault;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The plugins that this version knows, from the resource {@code catalogue.json}. */
public final class KnownPlugins {
    private static final String RESOURCE = "catalogue.json";

    private KnownPlugins() {}

    /** All of them, the usual one first. */
    public static List<KnownPlugin> all() {
        try (InputStream in =
                Objects.requireNonNull(KnownPlugins.class.getResourceAsStream(RESOURCE))) {
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("the catalogue of plugins cannot be read", e);
        }
    }

    /**
     * Those of another catalogue of the same form.
     *
     * @throws IOException naming the field that is wrong
     */
    public static List<KnownPlugin> parse(String catalogue) throws IOException {
        var plugins = new ArrayList<KnownPlugin>();
        try {
            for (JsonSection plugin : JsonSection.parse(catalogue, RESOURCE).sections("plugins")) {
                plugins.add(
                        new KnownPlugin(
                                plugin.text("name"),
                                plugin.texts("aliases"),
                                plugin.text("about"),
                                plugin.text("package"),
                                plugin.text("version"),
                                plugin.text("platform"),
                                plugin.text("python"),
                                plugin.text("sha256"),
                                plugin.integer("wheelBytes", 0, Long.MAX_VALUE, 0),
                                plugin.text("library"),
                                plugin.texts("keep")));
                plugin.done();
            }
        } catch (RuntimeFault e) {
            throw new IOException(e.getMessage(), e);
        }
        return List.copyOf(plugins);
    }
}
