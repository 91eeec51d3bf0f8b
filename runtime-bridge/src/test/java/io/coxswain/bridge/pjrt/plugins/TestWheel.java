package io.coxswain.bridge.pjrt.plugins;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A small wheel, and the plugin that it is the pinned one of. */
final class TestWheel {
    static final String LIBRARY = "toy/toy_plugin.so";

    final Path file;
    final Map<String, String> entries = new LinkedHashMap<>();

    TestWheel(Path file) {
        this.file = file;
        entries.put("toy/__init__.py", "pass");
        entries.put(LIBRARY, "the library's bytes");
        entries.put("toy-1.0.dist-info/METADATA", "Name: toy");
        entries.put("toy-1.0.dist-info/licenses/LICENSE", "free");
    }

    KnownPlugin write() throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                var header = new ZipEntry(entry.getKey());
                header.setLastModifiedTime(FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
                zip.putNextEntry(header);
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        return plugin(Digests.sha256(file));
    }

    static KnownPlugin plugin(String sha256) {
        return new KnownPlugin(
                "toy",
                List.of("t"),
                "a toy",
                "toy-wheel",
                "1.0",
                "manylinux_2_27_x86_64",
                "3.12",
                sha256,
                0,
                LIBRARY,
                List.of("*.dist-info/METADATA", "*.dist-info/licenses/**"));
    }
}
