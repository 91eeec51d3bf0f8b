package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.CounterRandom;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Data files for tests. */
final class TestData {
    private TestData() {}

    /** The digits, found from the module's folder or the root. */
    static DataSet digits() throws DataSetException {
        Path fromModule = Path.of("..", "examples", "digits", "digits.bin");
        return DataSet.load(
                Files.exists(fromModule)
                        ? fromModule
                        : Path.of("examples", "digits", "digits.bin"));
    }

    /** A data set of arbitrary but fixed numbers, with a maximum of 16. */
    static DataSet arbitrary(int samples, int features, int classes) throws DataSetException {
        return DataSet.parse(bytes(samples, features, classes), "arbitrary.bin");
    }

    /** The bytes of {@link #arbitrary}. */
    static byte[] bytes(int samples, int features, int classes) {
        ByteBuffer file =
                ByteBuffer.allocate(24 + samples * (features + 1) + 4)
                        .order(ByteOrder.LITTLE_ENDIAN);
        file.put("CXDS".getBytes(StandardCharsets.US_ASCII));
        file.putInt(1).putInt(samples).putInt(features).putInt(classes).putInt(16);
        long counter = 0;
        for (int sample = 0; sample < samples; sample++) {
            for (int feature = 0; feature < features; feature++) {
                file.put((byte) CounterRandom.bounded(CounterRandom.derive(5, counter++), 17));
            }
            file.put((byte) CounterRandom.bounded(CounterRandom.derive(5, counter++), classes));
        }
        return seal(file.array());
    }

    /** Puts the right checksum at the end. */
    static byte[] seal(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, file.length - 4);
        ByteBuffer.wrap(file)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(file.length - 4, (int) crc.getValue());
        return file;
    }
}
