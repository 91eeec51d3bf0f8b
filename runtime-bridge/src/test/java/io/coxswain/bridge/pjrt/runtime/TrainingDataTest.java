package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.TestBundle;
import io.coxswain.bridge.pjrt.bundle.TestTensors;
import io.coxswain.bridge.spi.RuntimeFault;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class TrainingDataTest {
    @TempDir Path temp;
    private ProgramBundle bundle;
    private Path file;

    @BeforeEach
    void makeBundle() throws IOException, RuntimeFault {
        bundle = ProgramBundle.open(TestBundle.pair(temp.resolve("bundle")));
        file = temp.resolve("data.safetensors");
    }

    private void assertRefused(TestTensors tensors, String expected) throws IOException {
        tensors.write(file);
        assertThatThrownBy(() -> TrainingData.open(file.toString(), bundle).close())
                .isInstanceOfSatisfying(
                        RuntimeFault.class,
                        fault ->
                                assertThat(fault.code())
                                        .isEqualTo(RuntimeFault.Code.DATA_UNREADABLE))
                .hasMessageContaining(file.toString())
                .hasMessageContaining(expected)
                .hasMessageContaining("check `data`");
    }

    private static TestTensors train() {
        return new TestTensors().floats("train.x", List.of(3L), 1, 2, 3);
    }

    @Test
    void samplesAreGatheredByTheirRows() throws IOException, RuntimeFault {
        train().floats("held_out.x", List.of(5L), 5, 6, 7, 8, 9).write(file);
        try (TrainingData data = TrainingData.open(file.toUri().toString(), bundle);
                Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(16, 64);
            data.gather(0, new int[] {2, 0, 2, 1}, target);
            assertThat(target.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(3, 1, 3, 2);
            assertThat(data.samples()).isEqualTo(3);
            assertThat(data.heldOut(0).byteSize()).isEqualTo(20);
            assertThat(data.sha256()).matches("[0-9a-f]{64}");
        }
    }

    @Test
    void whatDoesNotFitTheBundleIsNamed() throws IOException {
        assertRefused(
                new TestTensors().floats("x", List.of(1L), 1),
                "array train.x is missing, expected f32[N]; it has x");
        assertRefused(
                new TestTensors().longs("train.x", List.of(1L), 1),
                "array train.x is i64[1], expected f32[N]");
        assertRefused(
                new TestTensors().floats("train.x", List.of(1L, 2L), 1, 2),
                "array train.x is f32[1,2], expected f32[N]");
        assertRefused(
                new TestTensors().floats("train.x", List.of(), 1),
                "array train.x is f32[], expected f32[N]");
        assertRefused(
                new TestTensors().floats("train.x", List.of(0L)), "array train.x has 0 samples");
        assertRefused(train(), "array held_out.x is missing");
        assertRefused(
                train().floats("held_out.x", List.of(4L), 1, 2, 3, 4),
                "array held_out.x has 4 samples, and the bundle's program evaluate takes 5");
    }

    @Test
    void filesThatAreNoDataAreRefused() throws IOException {
        assertThatThrownBy(() -> TrainingData.open(temp.resolve("none").toString(), bundle).close())
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TrainingData.open("file:///a b", bundle).close())
                .hasMessageContaining("path or a file: URI");
        Files.writeString(file, "not a tensor in sight");
        assertThatThrownBy(() -> TrainingData.open(file.toString(), bundle).close())
                .hasMessageContaining("no safetensors file");
    }
}
