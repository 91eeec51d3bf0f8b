package io.coxswain.bridge.pjrt.client;

import java.util.List;
import java.util.Set;

/**
 * What a program takes and gives. The C interface does not tell the types of arguments, and a
 * plugin takes a wrong type of the same size as reinterpreted bits; so this must come from whoever
 * made the program, and every call is checked against it.
 *
 * @param arguments types of the arguments, in order
 * @param results types of the results, in order
 * @param donated indexes of the arguments whose memory the program may take for its results
 */
public record Signature(
        List<TensorType> arguments, List<TensorType> results, Set<Integer> donated) {
    /** Checks that the donated arguments exist. */
    public Signature {
        arguments = List.copyOf(arguments);
        results = List.copyOf(results);
        donated = Set.copyOf(donated);
        for (int index : donated) {
            if (index < 0 || index >= arguments.size()) {
                throw new IllegalArgumentException(
                        "donated argument %d of %d".formatted(index, arguments.size()));
            }
        }
    }
}
