package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.client.Signature;
import io.coxswain.bridge.pjrt.client.TensorType;
import io.coxswain.bridge.spi.RuntimeFault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * One exported program. Immutable.
 *
 * @param label what errors call it, such as {@code apply of shard 1 of 2}
 * @param file the StableHLO portable artifact
 * @param bytes how long it is
 * @param sha256 its digest in hex
 * @param arguments all arguments that the program was traced with
 * @param kept indexes of those that the compiled program takes, rising
 * @param donated indexes of those whose memory it may reuse, a part of {@code kept}
 */
public record Program(
        String label,
        Path file,
        long bytes,
        String sha256,
        List<Operand> arguments,
        List<Integer> kept,
        Set<Integer> donated,
        List<Operand> results) {
    private static final String CURE =
            "copy the bundle again, or make it anew with `coxswain bundle`";

    /** Copies the collections. */
    public Program {
        arguments = List.copyOf(arguments);
        kept = List.copyOf(kept);
        donated = Set.copyOf(donated);
        results = List.copyOf(results);
    }

    /**
     * Of one thing for each traced argument, those for the arguments that the compiled program
     * takes, in order.
     */
    public <T> List<T> kept(List<T> all) {
        return kept.size() == all.size() ? all : kept.stream().map(all::get).toList();
    }

    /** What the compiled program takes and gives; donated indexes count its own arguments. */
    public Signature signature() {
        List<TensorType> takes = kept(arguments).stream().map(Operand::type).toList();
        Set<Integer> reused = new TreeSet<>();
        for (int i = 0; i < kept.size(); i++) {
            if (donated.contains(kept.get(i))) {
                reused.add(i);
            }
        }
        return new Signature(takes, results.stream().map(Operand::type).toList(), reused);
    }

    /**
     * Reads the artifact and checks its length and digest: a compiler may accept one with flipped
     * bits, or die of it.
     */
    public byte[] module() throws RuntimeFault {
        Complaint complaint =
                new Complaint(file.toString(), RuntimeFault.Code.PROGRAM_INVALID, CURE);
        byte[] module;
        try {
            long found = Files.size(file);
            if (found != bytes) {
                throw complaint.fault(
                        "the program %s has %d bytes, the manifest says %d"
                                .formatted(label, found, bytes));
            }
            module = Files.readAllBytes(file);
        } catch (IOException e) {
            throw complaint.fault("the program %s cannot be read: %s".formatted(label, e), e);
        }
        String digest = Sha256.hex(module);
        if (!digest.equals(sha256)) {
            throw complaint.fault(
                    "the program %s has SHA-256 %s, the manifest says %s"
                            .formatted(label, digest, sha256));
        }
        return module;
    }
}
