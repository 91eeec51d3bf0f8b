package io.coxswain.bridge.pjrt.client;

/** For which devices a program is compiled. */
public sealed interface CompileTarget {
    /**
     * One device.
     *
     * @param id its {@linkplain PjrtDevice#id id}
     */
    record OneDevice(int id) implements CompileTarget {}

    /** Any one device, chosen at each execution. */
    record Portable() implements CompileTarget {}

    /**
     * Several devices at once, one replica each, which may reduce among themselves. The plugin
     * chooses the devices: {@link PjrtExecutable#devices}.
     *
     * @param count how many, at least 1
     */
    record Replicas(int count) implements CompileTarget {
        /** Checks the count. */
        public Replicas {
            if (count < 1) {
                throw new IllegalArgumentException("%d replicas".formatted(count));
            }
        }
    }
}
