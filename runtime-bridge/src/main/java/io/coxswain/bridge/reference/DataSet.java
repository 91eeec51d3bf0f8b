package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.Permutation;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Labelled samples in memory, split into training and held-out samples. Immutable, safe for any
 * thread.
 *
 * <p>The file (all integers little-endian): magic {@code CXDS}, then u32 version = 1, samples,
 * features, classes and maximum; then per sample {@code features} bytes with values 0..maximum and
 * one label byte below {@code classes}; then the CRC-32C of everything before it. A feature is
 * presented as value / maximum, in float32.
 *
 * <p>{@value #HELD_OUT_PERCENT}% of the samples, rounded down, are held out for evaluation. Which
 * ones depends on their number alone, never on a job's seed, so that accuracies of different jobs
 * compare: the held-out rows are the images of 0..heldOut-1 under the fixed permutation with key
 * {@code 0x636F787377616931}. Training samples keep the order of the file and are numbered from 0;
 * so do the held-out ones.
 */
public final class DataSet {
    /** How many of a hundred samples are held out. */
    public static final int HELD_OUT_PERCENT = 20;

    private static final long SPLIT_KEY = 0x636F787377616931L;
    private static final byte[] MAGIC = "CXDS".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 24;
    private static final int CRC_BYTES = 4;

    private final int features;
    private final int classes;
    private final float[][] trainingRows;
    private final byte[] trainingLabels;
    private final float[][] heldOutRows;
    private final byte[] heldOutLabels;

    private DataSet(int features, int classes, float[][] rows, byte[] labels) {
        this.features = features;
        this.classes = classes;
        int heldOut = (int) ((long) rows.length * HELD_OUT_PERCENT / 100);
        boolean[] isHeldOut = new boolean[rows.length];
        Permutation split = new Permutation(SPLIT_KEY, rows.length);
        for (int i = 0; i < heldOut; i++) {
            isHeldOut[split.at(i)] = true;
        }
        trainingRows = new float[rows.length - heldOut][];
        trainingLabels = new byte[rows.length - heldOut];
        heldOutRows = new float[heldOut][];
        heldOutLabels = new byte[heldOut];
        int training = 0;
        int held = 0;
        for (int i = 0; i < rows.length; i++) {
            if (isHeldOut[i]) {
                heldOutRows[held] = rows[i];
                heldOutLabels[held++] = labels[i];
            } else {
                trainingRows[training] = rows[i];
                trainingLabels[training++] = labels[i];
            }
        }
    }

    /**
     * Reads a data file.
     *
     * @throws DataSetException if it is missing, cut short, damaged or not such a file
     */
    public static DataSet load(Path file) throws DataSetException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new DataSetException(
                    "data file %s does not exist: check `data` in the job file (a relative path starts at the job file)"
                            .formatted(file),
                    e);
        } catch (IOException e) {
            throw new DataSetException(
                    "data file %s cannot be read (%s): check that it is a file and readable"
                            .formatted(file, e),
                    e);
        }
        return parse(bytes, file.toString());
    }

    /**
     * Reads the bytes of a data file.
     *
     * @param name what error messages call it
     */
    static DataSet parse(byte[] bytes, String name) throws DataSetException {
        if (bytes.length < HEADER_BYTES + CRC_BYTES) {
            throw bad(
                    name,
                    "it has %d bytes, and a header with its checksum alone takes %d"
                            .formatted(bytes.length, HEADER_BYTES + CRC_BYTES));
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (byte expected : MAGIC) {
            if (in.get() != expected) {
                throw bad(
                        name,
                        "it does not begin with the letters CXDS, so it is another kind of file");
            }
        }
        int version = in.getInt();
        if (version != VERSION) {
            throw bad(
                    name,
                    "its version is %d, and only version %d is known"
                            .formatted(Integer.toUnsignedLong(version), VERSION));
        }
        int samples = count(name, "samples", in.getInt(), Integer.MAX_VALUE);
        int features = count(name, "features", in.getInt(), 1 << 20);
        int classes = count(name, "classes", in.getInt(), 256);
        int maximum = count(name, "maximum", in.getInt(), 255);
        long expectedBytes = HEADER_BYTES + (long) samples * (features + 1) + CRC_BYTES;
        if (bytes.length != expectedBytes) {
            throw bad(
                    name,
                    "%d samples of %d features make %d bytes, but it has %d: it is %s"
                            .formatted(
                                    samples,
                                    features,
                                    expectedBytes,
                                    bytes.length,
                                    bytes.length < expectedBytes ? "cut short" : "too long"));
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - CRC_BYTES);
        int storedCrc = in.getInt(bytes.length - CRC_BYTES);
        if ((int) crc.getValue() != storedCrc) {
            throw bad(
                    name,
                    "its CRC-32C is %08x and the file says %08x: its content is damaged"
                            .formatted((int) crc.getValue(), storedCrc));
        }
        float[][] rows = new float[samples][features];
        byte[] labels = new byte[samples];
        for (int sample = 0; sample < samples; sample++) {
            for (int feature = 0; feature < features; feature++) {
                int value = Byte.toUnsignedInt(in.get());
                if (value > maximum) {
                    throw bad(
                            name,
                            "feature %d of sample %d is %d, above the header's maximum %d"
                                    .formatted(feature, sample, value, maximum));
                }
                rows[sample][feature] = (float) value / maximum;
            }
            labels[sample] = in.get();
            if (Byte.toUnsignedInt(labels[sample]) >= classes) {
                throw bad(
                        name,
                        "the label of sample %d is %d, but labels go from 0 to %d"
                                .formatted(
                                        sample, Byte.toUnsignedInt(labels[sample]), classes - 1));
            }
        }
        return new DataSet(features, classes, rows, labels);
    }

    /** How many numbers a sample has. */
    public int features() {
        return features;
    }

    /** How many classes there are; labels are below it. */
    public int classes() {
        return classes;
    }

    /** How many samples may be trained on; their ids are 0 to this, exclusive. */
    public int trainingSamples() {
        return trainingRows.length;
    }

    /** How many samples are held out. */
    public int heldOutSamples() {
        return heldOutRows.length;
    }

    /** The features of a training sample. The array is shared: callers only read it. */
    float[] trainingRow(int sample) {
        return trainingRows[sample];
    }

    /** The label of a training sample. */
    int trainingLabel(int sample) {
        return Byte.toUnsignedInt(trainingLabels[sample]);
    }

    /** The features of a held-out sample. The array is shared: callers only read it. */
    float[] heldOutRow(int sample) {
        return heldOutRows[sample];
    }

    /** The label of a held-out sample. */
    int heldOutLabel(int sample) {
        return Byte.toUnsignedInt(heldOutLabels[sample]);
    }

    private static int count(String name, String field, int value, int limit)
            throws DataSetException {
        if (value < 1 || value > limit) {
            throw bad(
                    name,
                    "its header says %s = %d, which must be from 1 to %d"
                            .formatted(field, Integer.toUnsignedLong(value), limit));
        }
        return value;
    }

    private static DataSetException bad(String name, String what) {
        return new DataSetException(
                "data file %s is not valid: %s. Fetch or build it again; its format is in examples/digits/README.md"
                        .formatted(name, what));
    }
}
