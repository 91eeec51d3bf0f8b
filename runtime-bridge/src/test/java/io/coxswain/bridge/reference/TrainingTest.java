package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HexFormat;

class TrainingTest {
    private static final Optimizer ADAM = Adam.withLearningRate(0.002f);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void theDigestAfterTwentyStepsIsAlwaysTheSame(int shards) throws DataSetException {
        Trainer trainer =
                new Trainer(
                        Mlp.parse("64-256-256-10"), TestData.digits(), ADAM, 42, 128, 8, shards);
        trainer.steps(20);

        assertThat(HexFormat.of().formatHex(trainer.digest()))
                .isEqualTo("d723386495b64decd5fb5c35d0357013c2ffa4f6eda497b141e9916c536c01e6");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void soItIsWithMomentumAndUnevenMicroshards(int shards) throws DataSetException {
        Trainer trainer =
                new Trainer(
                        Mlp.parse("64-33-10"),
                        TestData.digits(),
                        new SgdMomentum(0.1f, 0.9f),
                        7,
                        50,
                        3,
                        shards);
        trainer.steps(40);

        assertThat(HexFormat.of().formatHex(trainer.digest()))
                .isEqualTo("61eb5ea237109419ec1a45b9b8371c7d7d5f74057aaf749b3be66e91895c0719");
    }

    @Test
    void theDigitsAreLearned() throws DataSetException {
        Trainer trainer =
                new Trainer(Mlp.parse("64-256-256-10"), TestData.digits(), ADAM, 42, 128, 8, 2);
        trainer.steps(300);

        assertThat(trainer.evaluate().accuracy()).isGreaterThanOrEqualTo(0.96);
        assertThat(trainer.loss()).isLessThan(0.05f);
    }
}
