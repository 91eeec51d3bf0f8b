package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.pjrt.client.TensorType;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads a manifest; fields that it does not know are ignored. What the numbers mean together is
 * {@link BundleCheck}'s business.
 */
final class ManifestReader {
    private static final String FORMAT = "coxswain-bundle";
    private static final int VERSION = 1;
    private static final String REPLICATED = "replicated";
    private static final int MAX_SHARDS = 1 << 20;

    private final Path folder;
    private final Complaint complaint;

    ManifestReader(Path folder, Complaint complaint) {
        this.folder = folder;
        this.complaint = complaint;
    }

    ProgramBundle read(String json) throws RuntimeFault {
        JsonSection manifest = JsonSection.document(json, complaint::fault);
        manifest.choice("format", List.of(FORMAT), null);
        long version = manifest.integer("version", 1, Integer.MAX_VALUE);
        if (version != VERSION) {
            throw new RuntimeFault(
                    complaint.code(),
                    "%s: the bundle's format has version %d and this Coxswain reads version %d; use a newer Coxswain, or make the bundle with the older one"
                            .formatted(complaint.file(), version, VERSION));
        }
        String name = manifest.text("name");
        JsonSection programs = manifest.section("programs");
        List<ApplyProgram> apply = new ArrayList<>();
        for (JsonSection section : programs.sections("apply")) {
            apply.add(apply(section));
        }
        return new ProgramBundle(
                folder,
                name,
                manifest.texts("platforms"),
                (int) manifest.integer("batch", 1, Integer.MAX_VALUE),
                (int) manifest.integer("microshardSamples", 1, Integer.MAX_VALUE),
                parameters(manifest),
                manifest.integer("parameterElements", 0, Long.MAX_VALUE),
                optimizer(manifest),
                batchArrays(manifest),
                manifest.integer("heldOutSamples", 0, Integer.MAX_VALUE, 0),
                optional(programs, "grads"),
                apply,
                optional(programs, "evaluate"),
                optional(programs, "step"),
                initial(manifest.section("initial")));
    }

    private static List<ParameterLeaf> parameters(JsonSection manifest) throws RuntimeFault {
        List<ParameterLeaf> leaves = new ArrayList<>();
        for (JsonSection leaf : manifest.sections("parameters")) {
            leaves.add(
                    new ParameterLeaf(
                            leaf.text("path"),
                            type(leaf),
                            leaf.integer("begin", 0, Long.MAX_VALUE)));
            leaf.choice("sharding", List.of(REPLICATED), REPLICATED);
        }
        return leaves;
    }

    private static List<OptimizerLeaf> optimizer(JsonSection manifest) throws RuntimeFault {
        List<OptimizerLeaf> leaves = new ArrayList<>();
        for (JsonSection leaf : manifest.sections("optimizer")) {
            leaves.add(
                    new OptimizerLeaf(
                            leaf.text("path"),
                            type(leaf),
                            (int) leaf.integer("like", 0, Integer.MAX_VALUE, OptimizerLeaf.WHOLE)));
            leaf.choice("sharding", List.of(REPLICATED), REPLICATED);
        }
        return leaves;
    }

    private static List<BatchArray> batchArrays(JsonSection manifest) throws RuntimeFault {
        List<BatchArray> arrays = new ArrayList<>();
        for (JsonSection array : manifest.sections("batchArrays")) {
            arrays.add(new BatchArray(array.text("path"), array.text("array"), type(array)));
        }
        return arrays;
    }

    private ApplyProgram apply(JsonSection section) throws RuntimeFault {
        int shards = (int) section.integer("shards", 1, MAX_SHARDS);
        int shard = (int) section.integer("shard", 0, shards - 1L);
        return new ApplyProgram(
                shards,
                shard,
                section.integer("begin", 0, Long.MAX_VALUE),
                section.integer("end", 0, Long.MAX_VALUE),
                program(section, "apply of shard %d of %d".formatted(shard, shards)));
    }

    private @Nullable Program optional(JsonSection programs, String name) throws RuntimeFault {
        return programs.has(name) ? program(programs.section(name), name) : null;
    }

    private Program program(JsonSection section, String label) throws RuntimeFault {
        return new Program(
                label,
                file(section),
                bytes(section),
                digest(section),
                operands(section, "arguments"),
                indexes(section, "kept"),
                donated(section),
                operands(section, "results"));
    }

    private ProgramBundle.InitialFile initial(JsonSection section) throws RuntimeFault {
        return new ProgramBundle.InitialFile(file(section), bytes(section), digest(section));
    }

    /** A file of the bundle: in its folder, never outside. */
    private Path file(JsonSection section) throws RuntimeFault {
        String name = section.text("file");
        try {
            Path file = folder.resolve(name).normalize();
            if (file.startsWith(folder.normalize()) && !Path.of(name).isAbsolute()) {
                return file;
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw section.wrong("file", "the name of a file in the bundle", name);
    }

    private static long bytes(JsonSection section) throws RuntimeFault {
        return section.integer("bytes", 0, Long.MAX_VALUE);
    }

    private static String digest(JsonSection section) throws RuntimeFault {
        String digest = section.text("sha256");
        if (!digest.matches("[0-9a-f]{64}")) {
            throw section.wrong("sha256", "64 digits 0-9 a-f", digest);
        }
        return digest;
    }

    private static List<Operand> operands(JsonSection program, String name) throws RuntimeFault {
        List<Operand> operands = new ArrayList<>();
        for (JsonSection operand : program.sections(name)) {
            Role role = Role.called(operand.choice("role", Role.words(), null));
            int leaf =
                    role.hasLeaf()
                            ? (int) operand.integer("leaf", 0, Integer.MAX_VALUE)
                            : Operand.NO_LEAF;
            operands.add(new Operand(role, leaf, type(operand)));
        }
        return operands;
    }

    private static List<Integer> indexes(JsonSection program, String name) throws RuntimeFault {
        return program.integers(name, 0, Integer.MAX_VALUE).stream().map(Math::toIntExact).toList();
    }

    private static Set<Integer> donated(JsonSection program) throws RuntimeFault {
        return new TreeSet<>(indexes(program, "donated"));
    }

    private static TensorType type(JsonSection section) throws RuntimeFault {
        String dtype = section.text("dtype");
        List<Long> shape = section.integers("shape", 0, Long.MAX_VALUE);
        return Types.parse(dtype, shape)
                .orElseThrow(() ->
                        section.wrong(
                                "a tensor of type %s and shape %s is not possible: expected bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32 or f64, and a shape that fits into memory"
                                        .formatted(dtype, shape)));
    }
}
