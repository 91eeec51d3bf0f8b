package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A client with three devices, and what tests need around it. */
abstract class PluginFixture {
    static final Duration LIMIT = Duration.ofSeconds(50);
    static final TensorType MATRIX = TensorType.of(ElementType.F32, 2, 3);
    static final TensorType TURNED = TensorType.of(ElementType.F32, 3, 2);
    static final TensorType PAIR = TensorType.of(ElementType.F32, 2);
    static final Signature ADD =
            new Signature(List.of(MATRIX, MATRIX), List.of(MATRIX, TURNED), Set.of(0));
    static final Signature ALL_REDUCE = new Signature(List.of(PAIR), List.of(PAIR), Set.of());

    final Arena arena = Arena.ofShared();
    PjrtClient client;

    /** The plugin under test. */
    abstract PjrtPlugin plugin() throws Exception;

    /** A module of {@link #ADD}: (a, b) → (a + b, b turned), where a is donated to the sum. */
    abstract byte[] add();

    /** A module of {@link #ALL_REDUCE}: the sum over two replicas. */
    abstract byte[] allReduce();

    /** After everything was closed. */
    void assertClean() throws Throwable {}

    @BeforeEach
    void open() throws Exception {
        client = plugin().createClient(Map.of("cpu_device_count", 3L));
    }

    @AfterEach
    void close() throws Throwable {
        if (client == null) {
            return;
        }
        client.close();
        arena.close();
        assertClean();
    }

    MemorySegment floats(float... values) {
        MemorySegment memory = arena.allocate((long) values.length * Float.BYTES, 64);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_FLOAT, 0, values.length);
        return memory;
    }

    PjrtBuffer matrix(PjrtDevice device, float first) throws PjrtException {
        return client.upload(
                floats(first, first + 1, first + 2, first + 3, first + 4, first + 5),
                MATRIX,
                device,
                HostSemantics.COPY_DURING_CALL);
    }

    float[] read(PjrtBuffer buffer) throws PjrtException {
        MemorySegment target = arena.allocate(buffer.type().byteSize());
        buffer.copyTo(target).await(LIMIT);
        return target.toArray(ValueLayout.JAVA_FLOAT);
    }

    PjrtExecutable compile(CompileTarget target) throws PjrtException {
        return client.compile(add(), ADD, target, LIMIT);
    }

    static void assertRefused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PjrtException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
