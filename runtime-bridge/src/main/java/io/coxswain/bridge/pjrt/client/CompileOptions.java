package io.coxswain.bridge.pjrt.client;

import java.io.ByteArrayOutputStream;

/**
 * The {@code CompileOptionsProto} of XLA, in the three forms that were checked. Options are never
 * empty: that kills the process.
 */
final class CompileOptions {
    // Field numbers of CompileOptionsProto.
    private static final int BUILD_OPTIONS = 3;
    private static final int PORTABLE = 4;
    // Field numbers of ExecutableBuildOptionsProto.
    private static final int DEVICE_ORDINAL = 1;
    private static final int NUM_REPLICAS = 4;
    private static final int NUM_PARTITIONS = 5;
    private static final int DEVICE_ASSIGNMENT = 9;
    // Field numbers of DeviceAssignmentProto.
    private static final int REPLICA_COUNT = 1;
    private static final int COMPUTATION_COUNT = 2;
    private static final int COMPUTATION_DEVICES = 3;
    private static final int REPLICA_DEVICE_IDS = 1;

    private CompileOptions() {}

    static byte[] of(CompileTarget target) {
        return switch (target) {
            case CompileTarget.OneDevice one -> one.id() == 0 ? replicas(1) : device(one.id());
            case CompileTarget.Portable() -> concat(replicas(1), number(PORTABLE, 1));
            case CompileTarget.Replicas replicas -> replicas(replicas.count());
        };
    }

    private static byte[] replicas(int count) {
        return message(
                BUILD_OPTIONS, concat(number(NUM_REPLICAS, count), number(NUM_PARTITIONS, 1)));
    }

    private static byte[] device(int id) {
        byte[] devices = message(COMPUTATION_DEVICES, message(REPLICA_DEVICE_IDS, varint(id)));
        byte[] assignment = concat(number(REPLICA_COUNT, 1), number(COMPUTATION_COUNT, 1), devices);
        return message(
                BUILD_OPTIONS,
                concat(
                        number(DEVICE_ORDINAL, -1),
                        number(NUM_REPLICAS, 1),
                        number(NUM_PARTITIONS, 1),
                        message(DEVICE_ASSIGNMENT, assignment)));
    }

    private static byte[] number(int field, long value) {
        return concat(varint((long) field << 3), varint(value));
    }

    private static byte[] message(int field, byte[] content) {
        return concat(varint((long) field << 3 | 2), varint(content.length), content);
    }

    private static byte[] varint(long value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
        return bytes.toByteArray();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
