package io.coxswain.bridge.reference;

import java.util.HexFormat;

/**
 * Prints the digest of a short training, for {@link KernelBitsIT} to compare between virtual
 * machines.
 */
final class KernelBits {
    private KernelBits() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws DataSetException {
        System.out.println(digest());
    }

    static String digest() throws DataSetException {
        Trainer trainer =
                new Trainer(
                        Mlp.parse("64-40-27-10"),
                        TestData.digits(),
                        Adam.withLearningRate(0.002f),
                        3,
                        20,
                        3,
                        2);
        trainer.steps(12);
        return HexFormat.of().formatHex(trainer.digest());
    }
}
