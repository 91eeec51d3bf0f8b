package io.coxswain.bridge.pjrt.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tables against a {@code pjrt_c_api.h}, as a C compiler lays it out. Where there is a header
 * its path stands in {@value #VARIABLE}; a copy is in some plugins' packages.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeaderTest {
    private static final String VARIABLE = "COXSWAIN_PJRT_HEADER";

    // Up to the first brace: a struct with a union inside is cut, seen by that, and left out.
    private static final Pattern STRUCT = Pattern.compile("struct PJRT_(\\w+) \\{([^}]*)\\}");
    private static final Pattern MEMBER = Pattern.compile("(\\w+)(?:\\)\\([^;]*)?;");

    /** Where a member lies, in bytes. */
    private record Place(long offset, long bytes) {}

    // By struct: the places of its members, and its size.
    private final Map<String, Set<Place>> members = new HashMap<>();
    private final Map<String, Long> sizes = new HashMap<>();
    private final Map<Integer, String> slots = new HashMap<>();
    private int minor;

    @BeforeAll
    void readHeader(@TempDir Path folder) throws Exception {
        @Nullable String named = System.getenv(VARIABLE);
        assumeTrue(named != null, "no PJRT header: name one in " + VARIABLE);
        Path header = Path.of(String.valueOf(named)).toAbsolutePath();
        StringBuilder program = new StringBuilder("#include \"%s\"\n".formatted(header));
        program.append("#include <stdio.h>\nint main(void) {\n");
        program.append("printf(\"minor - %d 0\\n\", PJRT_API_MINOR);\n");
        Matcher struct = STRUCT.matcher(Files.readString(header).replaceAll("//[^\\n]*", ""));
        while (struct.find()) {
            String name = struct.group(1);
            if (!tables().containsKey(name) || struct.group(2).contains("union")) {
                continue;
            }
            Matcher member = MEMBER.matcher(struct.group(2));
            while (member.find()) {
                program.append(
                        "printf(\"%1$s %2$s %%zu %%zu\\n\", offsetof(struct PJRT_%1$s, %2$s), sizeof(((struct PJRT_%1$s*)0)->%2$s));\n"
                                .formatted(name, member.group(1)));
            }
            program.append(
                    "printf(\"size %1$s %%zu 0\\n\", (size_t) PJRT_%1$s_STRUCT_SIZE);\n"
                            .formatted(name));
        }
        for (PjrtFunction function : PjrtFunction.values()) {
            program.append(
                    "printf(\"slot %1$s %%zu 0\\n\", (offsetof(PJRT_Api, PJRT_%1$s) - 40) / 8);\n"
                            .formatted(function.cName()));
        }
        program.append("return 0; }\n");
        for (String line : run(folder, program.toString())) {
            String[] words = line.split(" ", -1);
            long number = Long.parseLong(words[2]);
            switch (words[0]) {
                case "minor" -> minor = (int) number;
                case "size" -> sizes.put(words[1], number);
                case "slot" -> slots.put((int) number, words[1]);
                default ->
                        members.computeIfAbsent(words[0], _ -> new HashSet<>())
                                .add(new Place(number, Long.parseLong(words[3])));
            }
        }
    }

    private static List<String> run(Path folder, String program)
            throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("layout.c"), program);
        Path binary = folder.resolve("layout");
        String compiled = output("cc", "-w", "-o", binary.toString(), source.toString());
        assertThat(compiled).isEmpty();
        return output(binary.toString()).lines().toList();
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void functionsAreInTheirSlots() {
        for (PjrtFunction function : PjrtFunction.values()) {
            assertThat(slots.get(function.slot())).isEqualTo(function.cName());
        }
    }

    @Test
    void structsAreLaidOutAsCDoes() {
        List<String> wrong = new ArrayList<>();
        members.forEach((name, places) -> {
            StructLayout struct = Objects.requireNonNull(tables().get(name));
            if (!Objects.equals(sizes.get(name), struct.bytes(minor))) {
                wrong.add(
                        "%s has %d bytes, not %d"
                                .formatted(name, sizes.get(name), struct.bytes(minor)));
            }
            for (StructLayout.Field field : struct.fields()) {
                Place place = new Place(field.offset(), field.type().bytes());
                if (field.end() <= struct.bytes(minor) && !places.contains(place)) {
                    wrong.add("%s.%s %s".formatted(name, field.name(), place));
                }
            }
        });
        assertThat(wrong).isEmpty();
        Set<String> unchecked = new HashSet<>(tables().keySet());
        unchecked.removeAll(members.keySet());
        assertThat(unchecked).containsExactlyInAnyOrder("NamedValue", "Buffer_MemoryLayout");
    }

    private static Map<String, StructLayout> tables() {
        Map<String, StructLayout> tables = new HashMap<>();
        for (Field constant : PjrtStructs.class.getFields()) {
            try {
                if (constant.get(null) instanceof StructLayout struct) {
                    tables.put(struct.name(), struct);
                }
            } catch (IllegalAccessException e) {
                throw new AssertionError(e);
            }
        }
        return tables;
    }
}
