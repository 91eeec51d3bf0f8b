package io.coxswain.chaos.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** So many bad inputs for each parser, always the same ones. */
class FuzzTest {
    private static final long SEED = 1;

    /** Times the target's weight. */
    private static final long INPUTS = 300;

    @TempDir private static Path scratch = Path.of("");

    private static List<FuzzTarget> targets = List.of();

    @BeforeAll
    static void open() throws Exception {
        targets = Targets.all(scratch);
    }

    @AfterAll
    static void close() {
        targets.forEach(FuzzTarget::close);
    }

    @Test
    void everyTargetIsTested() {
        assertThat(targets)
                .extracting(FuzzTarget::name)
                .containsExactly(
                        "agent-messages",
                        "orders",
                        "submissions",
                        "znodes",
                        "data-plane",
                        "data-plane-core",
                        "bridge",
                        "arenas",
                        "slot-tables",
                        "job-files",
                        "config-files",
                        "scenario-files",
                        "reports",
                        "certificates",
                        "zookeeper-users",
                        "revocations",
                        "http",
                        "coordinator-core",
                        "agent-core");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "agent-messages",
                "orders",
                "submissions",
                "znodes",
                "data-plane",
                "data-plane-core",
                "bridge",
                "arenas",
                "slot-tables",
                "job-files",
                "config-files",
                "scenario-files",
                "reports",
                "certificates",
                "zookeeper-users",
                "revocations",
                "http",
                "coordinator-core",
                "agent-core"
            })
    @Timeout(300)
    void badInputIsRefusedInTheParsersOwnWords(String name) {
        FuzzTarget target =
                targets.stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
        try (var fuzzer = new Fuzzer(target, SEED)) {
            Find find = fuzzer.feed(0, INPUTS * target.weight());

            assertThat(find).withFailMessage(() -> find == null ? "" : find.text()).isNull();
        }
        if (target instanceof CoreTarget core) {
            // Not all of them were refused on the way.
            assertThat(core.told()).isGreaterThan(INPUTS);
        }
        if (target instanceof PeerTarget peer) {
            assertThat(peer.told()).isGreaterThan(INPUTS);
        }
    }

    @Test
    void theSameSeedMakesTheSameInputs() {
        List<byte[]> seeds = List.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, new byte[] {9});

        for (int i = 0; i < 1_000; i++) {
            assertThat(Mutator.mutate(seeds, new SplittableRandom(i)))
                    .isEqualTo(Mutator.mutate(seeds, new SplittableRandom(i)));
        }
    }

    @Test
    void whatMisbehavesIsFoundAndSaysHowToDoItAgain() {
        var target =
                new ParserTarget(
                        "touchy",
                        1,
                        List.of(new byte[] {1, 2, 3}),
                        java.util.Set.of(IllegalArgumentException.class),
                        input -> {
                            if (input.length == 0) {
                                throw new ArithmeticException("nothing there");
                            }
                            throw new IllegalArgumentException("refused");
                        });
        try (var fuzzer = new Fuzzer(target, 7)) {
            Find find = fuzzer.feed(0, 10_000);

            assertThat(find).isNotNull();
            assertThat(find.input()).isEmpty();
            assertThat(find.what()).hasMessage("nothing there");
            assertThat(find.replay())
                    .isEqualTo(
                            "coxswain fuzz --target touchy --seed 7 --input " + find.iteration());
            assertThat(fuzzer.feed(find.iteration(), 1)).isNotNull();
            assertThat(fuzzer.refusals()).isPositive();
        }
    }
}
