package io.coxswain.bridge.pjrt.plugins;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.spi.RuntimeFault;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A {@code plugin.json}: what makes a folder an installed plugin.
 *
 * @param library relative to the folder
 * @param sha256 of the library
 */
record PluginRecord(
        String name, String library, String sha256, String distribution, String version) {
    private static final String FILE = "plugin.json";
    private static final JsonFactory FACTORY = new JsonFactory();

    /** The file in a plugin's folder. */
    static Path in(Path folder) {
        return folder.resolve(FILE);
    }

    /**
     * Reads the one in that folder. Fields that it does not know are no error: a later version may
     * have written them.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws IOException if it is no such file
     */
    static PluginRecord read(Path folder) throws IOException {
        String json = Files.readString(in(folder));
        try {
            JsonSection fields = JsonSection.parse(json, FILE);
            return new PluginRecord(
                    fields.text("name"),
                    fields.text("library"),
                    fields.text("sha256"),
                    fields.text("package"),
                    fields.text("version"));
        } catch (RuntimeFault e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Writes it in one instant; the plugin is installed from then on. */
    void write(Path folder) throws IOException {
        var text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            json.writeStringProperty("name", name);
            json.writeStringProperty("library", library);
            json.writeStringProperty("sha256", sha256);
            json.writeStringProperty("package", distribution);
            json.writeStringProperty("version", version);
            json.writeEndObject();
        }
        Path temporary = folder.resolve(FILE + ".new");
        Files.writeString(temporary, text + "\n");
        Files.move(temporary, in(folder), StandardCopyOption.ATOMIC_MOVE);
    }
}
