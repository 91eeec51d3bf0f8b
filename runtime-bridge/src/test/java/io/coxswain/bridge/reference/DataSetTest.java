package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class DataSetTest {
    @Test
    void theDigitsAreAllThere() throws DataSetException {
        DataSet digits = TestData.digits();

        assertThat(digits.features()).isEqualTo(64);
        assertThat(digits.classes()).isEqualTo(10);
        assertThat(digits.trainingSamples()).isEqualTo(1438);
        assertThat(digits.heldOutSamples()).isEqualTo(359);
        int[] histogram = new int[10];
        for (int i = 0; i < digits.trainingSamples(); i++) {
            histogram[digits.trainingLabel(i)]++;
        }
        for (int i = 0; i < digits.heldOutSamples(); i++) {
            histogram[digits.heldOutLabel(i)]++;
        }
        // The class counts that the data's publisher states for the test set.
        assertThat(histogram).containsExactly(178, 182, 177, 183, 181, 182, 181, 179, 174, 180);
    }

    @Test
    void featuresAreFractionsOfTheMaximum() throws DataSetException {
        DataSet digits = TestData.digits();

        // The file's first image is a zero whose first line is 0 0 5 13 9 1 0 0.
        assertThat(digits.trainingLabel(0)).isZero();
        assertThat(Arrays.copyOf(digits.trainingRow(0), 8))
                .containsExactly(0f, 0f, 5 / 16f, 13 / 16f, 9 / 16f, 1 / 16f, 0f, 0f);
    }

    @Test
    void aFifthIsHeldOutAndNothingIsLostOrDoubled() throws DataSetException {
        byte[] bytes = TestData.bytes(11, 1, 5);
        for (int sample = 0; sample < 11; sample++) {
            bytes[24 + 2 * sample] = (byte) sample;
        }
        DataSet data = DataSet.parse(TestData.seal(bytes), "eleven.bin");

        assertThat(data.heldOutSamples()).isEqualTo(2);
        boolean[] seen = new boolean[11];
        for (int i = 0; i < 9; i++) {
            seen[Math.round(data.trainingRow(i)[0] * 16)] = true;
        }
        for (int i = 0; i < 2; i++) {
            seen[Math.round(data.heldOutRow(i)[0] * 16)] = true;
        }
        assertThat(seen).containsOnly(true);
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) {
        Path missing = folder.resolve("nothing.bin");

        assertThatExceptionOfType(DataSetException.class)
                .isThrownBy(() -> DataSet.load(missing))
                .withMessageContaining(missing.toString())
                .withMessageContaining("does not exist");
    }

    @Test
    void aFolderCannotBeRead(@TempDir Path folder) {
        assertThatExceptionOfType(DataSetException.class)
                .isThrownBy(() -> DataSet.load(folder))
                .withMessageContaining("cannot be read");
    }

    @Test
    void aFileOnDiskIsChecked(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("cut.bin");
        Files.write(file, Arrays.copyOf(TestData.bytes(10, 4, 3), 60));

        assertThatExceptionOfType(DataSetException.class)
                .isThrownBy(() -> DataSet.load(file))
                .withMessageContaining(file.toString())
                .withMessageContaining("78 bytes, but it has 60: it is cut short");
    }

    @Test
    void malformedFilesAreRefusedWithTheReason() {
        byte[] good = TestData.bytes(10, 4, 3);

        refuses(Arrays.copyOf(good, 27), "it has 27 bytes");
        refuses(Arrays.copyOf(good, good.length + 1), "too long");
        refuses(changed(good, 0, 'X'), "does not begin with the letters CXDS");
        refuses(changed(good, 4, 2), "its version is 2");
        refuses(TestData.seal(changed(good, 8, 0)), "samples = 0");
        refuses(TestData.seal(changed(good, 12, 0)), "features = 0");
        refuses(TestData.seal(changed(good, 17, 2)), "classes = 515");
        refuses(TestData.seal(changed(good, 21, 1)), "maximum = 272");
        refuses(changed(good, 30, good[30] ^ 1), "its content is damaged");
        refuses(TestData.seal(changed(good, 25, 17)), "feature 1 of sample 0 is 17");
        refuses(
                TestData.seal(changed(good, 33, 3)),
                "the label of sample 1 is 3, but labels go from 0 to 2");
    }

    @Test
    void aHeaderThatPromisesTooMuchIsRefusedBeforeMemoryIsTaken() {
        byte[] file = TestData.bytes(10, 4, 3);
        ByteBuffer.wrap(file)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(8, Integer.MAX_VALUE)
                .putInt(12, 1 << 20);

        refuses(TestData.seal(file), "cut short");
    }

    private static byte[] changed(byte[] file, int offset, int value) {
        byte[] copy = file.clone();
        copy[offset] = (byte) value;
        return copy;
    }

    private static void refuses(byte[] file, String reason) {
        assertThatExceptionOfType(DataSetException.class)
                .isThrownBy(() -> DataSet.parse(file, "bad.bin"))
                .withMessageContaining("bad.bin")
                .withMessageContaining(reason);
    }
}
