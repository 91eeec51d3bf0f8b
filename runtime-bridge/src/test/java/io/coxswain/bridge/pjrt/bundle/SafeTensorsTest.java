package io.coxswain.bridge.pjrt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.spi.RuntimeFault;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;

class SafeTensorsTest {
    private static final List<String> DTYPES =
            List.of(
                    "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16",
                    "U8", "BOOL");
    private static final List<Integer> BYTES = List.of(8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1);

    @TempDir Path folder;

    private Complaint complaint(Path file) {
        return new Complaint(
                file.toString(), RuntimeFault.Code.DATA_UNREADABLE, "look at it again");
    }

    private SafeTensors open(byte[] bytes) throws IOException, RuntimeFault {
        Path file = folder.resolve("t.safetensors");
        Files.write(file, bytes);
        return SafeTensors.open(file, complaint(file));
    }

    @Test
    void tensorsHaveNameTypeAndBytes() throws IOException, RuntimeFault {
        byte[] bytes =
                new TestTensors()
                        .floats("a['x']", List.of(2L, 1L), 1.5f, -2f)
                        .add("empty", "BF16", List.of(3L, 0L), new byte[0])
                        .longs("scalar", List.of(), 7)
                        .bytes();
        try (SafeTensors tensors = open(bytes)) {
            assertThat(tensors.tensors().keySet()).containsExactly("a['x']", "empty", "scalar");
            SafeTensors.Tensor first = tensor(tensors, "a['x']");
            assertThat(first.type()).hasToString("f32[2,1]");
            assertThat(first.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
                    .containsExactly(1.5f, -2f);
            assertThat(tensors.tensor("none")).isNull();
            assertThat(tensors.fileBytes()).isEqualTo(bytes.length);
            assertThat(tensors.sha256()).isEqualTo(Sha256.hex(bytes));
        }
    }

    private static SafeTensors.Tensor tensor(SafeTensors tensors, String name) {
        return Objects.requireNonNull(tensors.tensor(name));
    }

    @Test
    void metadataIsPassedOver() throws IOException, RuntimeFault {
        String header = "{\"__metadata__\": {\"made\": \"today\"}}   ";
        try (SafeTensors tensors = open(TestTensors.file(header, new byte[0]))) {
            assertThat(tensors.tensors()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "[] | an object",
                "{ | not valid JSON",
                "{\"a\": 1} | an object",
                "{\"a\": {\"shape\": [2], \"data_offsets\": [0, 8]}} | a.dtype",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": 2, \"data_offsets\": [0, 8]}} | a.shape",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [-2], \"data_offsets\": [0, 8]}} |"
                        + " a.shape",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0]}} | bytes [0]",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 0]}} | bytes"
                        + " [8, 0]",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}} | there"
                        + " are 8",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 8]}} | expected"
                        + " 12",
                "{\"a\": {\"dtype\": \"F8\", \"shape\": [8], \"data_offsets\": [0, 8]}} | type F8",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296],"
                        + " \"data_offsets\": [0, 8]}} | shape [4294967296",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8], \"x\":"
                        + " 1}} | a.x",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}} | 8 bytes"
                        + " of data",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}} | 4 bytes"
                        + " before",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}, \"b\":"
                        + " {\"dtype\": \"U8\", \"shape\": [1], \"data_offsets\": [7, 8]}} | tensor"
                        + " b begins at byte 7",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}, \"a\":"
                        + " 1} | uplicate",
            })
    void aWrongHeaderIsRefusedByName(String header, String expected) {
        assertThatThrownBy(() -> open(TestTensors.file(header, new byte[8])).close())
                .isInstanceOf(RuntimeFault.class)
                .hasMessageContaining("t.safetensors")
                .hasMessageContaining(expected)
                .hasMessageEndingWith("; look at it again");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1L << 40, 100})
    void aHeaderLongerThanTheFileIsRefused(long announced) {
        byte[] bytes =
                ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putLong(announced).array();
        assertThatThrownBy(() -> open(bytes).close())
                .isInstanceOf(RuntimeFault.class)
                .hasMessageContaining("a header of " + Long.toUnsignedString(announced));
    }

    @Test
    void aHeaderThatIsNoTextIsRefused() {
        byte[] bytes = TestTensors.file("{\"a\": 1}", new byte[0]);
        bytes[10] = (byte) 0xFF;
        assertThatThrownBy(() -> open(bytes).close()).hasMessageContaining("not UTF-8");
    }

    @Test
    void missingAndEmptyFilesAreRefused() {
        assertThatThrownBy(() -> open(new byte[3]).close()).hasMessageContaining("only 3 bytes");
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> SafeTensors.open(none, complaint(none)).close())
                .hasMessageContaining("does not exist");
    }

    @Test
    void randomFilesAreReadAsTheyWereWritten() throws IOException, RuntimeFault {
        Random random = new Random(20261127);
        for (int round = 0; round < 100; round++) {
            TestTensors writer = new TestTensors();
            List<byte[]> written = new ArrayList<>();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                written.add(add(writer, "t" + i, random));
            }
            try (SafeTensors tensors = open(writer.bytes())) {
                for (int i = 0; i < count; i++) {
                    assertThat(tensor(tensors, "t" + i).data().toArray(ValueLayout.JAVA_BYTE))
                            .isEqualTo(written.get(i));
                }
            }
        }
    }

    private static byte[] add(TestTensors writer, String name, Random random) {
        int dtype = random.nextInt(DTYPES.size());
        List<Long> shape = new ArrayList<>();
        int elements = 1;
        for (int d = random.nextInt(4); d > 0; d--) {
            long extent = random.nextInt(4);
            shape.add(extent);
            elements *= (int) extent;
        }
        byte[] bytes = new byte[elements * BYTES.get(dtype)];
        random.nextBytes(bytes);
        writer.add(name, DTYPES.get(dtype), shape, bytes);
        return bytes;
    }

    /** Whatever the bytes are: they are read, or refused with a fault that names the file. */
    @Test
    void damagedFilesNeverFailInAnotherWay() throws IOException {
        Random random = new Random(7);
        byte[] good =
                new TestTensors()
                        .floats("parameters/['w']", List.of(2L, 2L), 1, 2, 3, 4)
                        .longs("optimizer/['t']", List.of(), 5)
                        .bytes();
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = good.clone();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            if (random.nextInt(4) == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 8));
            }
            try (SafeTensors tensors = open(bytes)) {
                tensors.tensors()
                        .values()
                        .forEach(tensor ->
                                assertThat(tensor.data().byteSize())
                                        .isEqualTo(tensor.type().byteSize()));
            } catch (RuntimeFault e) {
                assertThat(e).hasMessageContaining("t.safetensors");
                refused++;
            }
        }
        assertThat(refused).isBetween(500, 1999);
    }
}
