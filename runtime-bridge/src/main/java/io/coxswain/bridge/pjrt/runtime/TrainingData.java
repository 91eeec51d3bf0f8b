package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.data.DataPath;
import io.coxswain.bridge.pjrt.bundle.BatchArray;
import io.coxswain.bridge.pjrt.bundle.Complaint;
import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.SafeTensors;
import io.coxswain.bridge.pjrt.client.TensorType;
import io.coxswain.bridge.spi.RuntimeFault;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The training data: a safetensors file, mapped, with an array {@code train.NAME} for each array of
 * the batch, and {@code held_out.NAME} for a program that evaluates. A sample's id is its row. Any
 * thread.
 */
final class TrainingData implements AutoCloseable {
    private static final String CURE =
            "check `data` in the job file against the arrays that the bundle's batch has";

    private final SafeTensors file;
    private final List<BatchArray> arrays;
    private final List<MemorySegment> train;
    private final List<MemorySegment> heldOut;
    private final int samples;

    private TrainingData(
            SafeTensors file,
            List<BatchArray> arrays,
            List<MemorySegment> train,
            List<MemorySegment> heldOut,
            int samples) {
        this.file = file;
        this.arrays = arrays;
        this.train = train;
        this.heldOut = heldOut;
        this.samples = samples;
    }

    /**
     * Maps the data and checks that they are what the bundle's programs take.
     *
     * @param data path or {@code file:} URI
     * @throws RuntimeFault with {@link RuntimeFault.Code#DATA_UNREADABLE}
     */
    static TrainingData open(String data, ProgramBundle bundle) throws RuntimeFault {
        Path path = DataPath.of(data);
        Complaint complaint =
                new Complaint(path.toString(), RuntimeFault.Code.DATA_UNREADABLE, CURE);
        SafeTensors file = SafeTensors.open(path, complaint);
        boolean checked = false;
        try {
            List<MemorySegment> train = new ArrayList<>();
            List<MemorySegment> heldOut = new ArrayList<>();
            long rows = -1;
            for (BatchArray array : bundle.batchArrays()) {
                SafeTensors.Tensor found = find(file, "train.", array, complaint);
                long count = found.type().shape().getFirst();
                rows = rows < 0 ? count : rows;
                if (count != rows || rows < 1 || rows > Integer.MAX_VALUE) {
                    throw complaint.fault(
                            "array %s has %d samples, expected %d as in the arrays before it, from 1 to %d"
                                    .formatted(found.name(), count, rows, Integer.MAX_VALUE));
                }
                train.add(found.data());
                if (bundle.evaluate() != null) {
                    SafeTensors.Tensor held = find(file, "held_out.", array, complaint);
                    if (held.type().shape().getFirst() != bundle.heldOutSamples()) {
                        throw complaint.fault(
                                "array %s has %d samples, and the bundle's program evaluate takes %d"
                                        .formatted(
                                                held.name(),
                                                held.type().shape().getFirst(),
                                                bundle.heldOutSamples()));
                    }
                    heldOut.add(held.data());
                }
            }
            TrainingData opened =
                    new TrainingData(file, bundle.batchArrays(), train, heldOut, (int) rows);
            checked = true;
            return opened;
        } finally {
            if (!checked) {
                file.close();
            }
        }
    }

    /** How many training samples there are. */
    int samples() {
        return samples;
    }

    /** Of the whole file, which is read for it. */
    String sha256() {
        return file.sha256();
    }

    /**
     * Copies samples of one array, one after another.
     *
     * @param array index of the batch array
     * @param target as long as the samples
     */
    void gather(int array, int[] ids, MemorySegment target) {
        long bytes = arrays.get(array).sampleBytes();
        MemorySegment source = train.get(array);
        for (int i = 0; i < ids.length; i++) {
            MemorySegment.copy(source, ids[i] * bytes, target, i * bytes, bytes);
        }
    }

    /** All held-out samples of one array. */
    MemorySegment heldOut(int array) {
        return heldOut.get(array);
    }

    @Override
    public void close() {
        file.close();
    }

    private static SafeTensors.Tensor find(
            SafeTensors file, String prefix, BatchArray array, Complaint complaint)
            throws RuntimeFault {
        String name = prefix + array.array();
        SafeTensors.Tensor found = file.tensor(name);
        String expected = array.ofSamples(0).toString().replaceFirst("\\[0", "[N");
        if (found == null) {
            throw complaint.fault(
                    "array %s is missing, expected %s; it has %s"
                            .formatted(name, expected, String.join(", ", file.tensors().keySet())));
        }
        TensorType type = found.type();
        if (type.shape().isEmpty() || !sample(array, type)) {
            throw complaint.fault("array %s is %s, expected %s".formatted(name, type, expected));
        }
        return found;
    }

    private static boolean sample(BatchArray array, TensorType type) {
        return array.ofSamples(type.shape().getFirst()).equals(type);
    }
}
