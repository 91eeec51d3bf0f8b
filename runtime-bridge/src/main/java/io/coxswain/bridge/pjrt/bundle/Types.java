package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.ElementType;
import io.coxswain.bridge.pjrt.client.TensorType;

import java.util.List;
import java.util.Optional;

/** Types as bundles and safetensors files write them. */
final class Types {
    /** A float32, as a loss is. */
    static final TensorType F32_SCALAR = TensorType.of(ElementType.F32);

    private Types() {}

    /**
     * A type.
     *
     * @param element such as {@code f32}
     * @param shape extents, none negative
     * @return nothing if there is no such element type, or the size is no {@code long}
     */
    static Optional<TensorType> parse(String element, List<Long> shape) {
        Optional<ElementType> type = ElementType.named(element);
        try {
            return type.map(known -> new TensorType(known, shape));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
