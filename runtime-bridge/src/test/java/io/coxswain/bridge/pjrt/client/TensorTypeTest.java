package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

class TensorTypeTest {
    @Test
    void sizesAndNames() {
        assertThat(TensorType.of(ElementType.F32, 64, 256)).hasToString("f32[64,256]");
        assertThat(TensorType.of(ElementType.F32, 64, 256).byteSize()).isEqualTo(65536);
        assertThat(TensorType.of(ElementType.BOOL)).hasToString("bool[]");
        assertThat(TensorType.of(ElementType.I64).byteSize()).isEqualTo(8);
        assertThat(TensorType.of(ElementType.BF16, 3, 0).byteSize()).isZero();
    }

    @Test
    void impossibleShapesAreRefused() {
        assertThatThrownBy(() -> TensorType.of(ElementType.F32, -1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TensorType.of(ElementType.F32, 1L << 40, 1L << 40))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too large");
    }

    @Test
    void elementTypesHaveTheNumbersOfTheHeader() {
        int code = 1;
        for (ElementType type : ElementType.values()) {
            assertThat(type.code()).isEqualTo(code++);
            assertThat(ElementType.named(type.toString())).contains(type);
            assertThat(ElementType.ofCode(type.code())).contains(type);
        }
        assertThat(ElementType.named("f8")).isEmpty();
        assertThat(ElementType.ofCode(0)).isEmpty();
    }

    @Test
    void donatedArgumentsMustExist() {
        assertThatThrownBy(() ->
                        new Signature(
                                List.of(TensorType.of(ElementType.F32)), List.of(), Set.of(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
