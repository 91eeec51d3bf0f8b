package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RawLoopbackTest {
    @Test
    void movesMoreThanItsMemoryAndLessAndTimesIt() throws Exception {
        try (var raw = new RawLoopback(3_000)) {
            assertThat(raw.transfer(10_000)).isPositive();
            assertThat(raw.transfer(1)).isPositive();
            assertThat(raw.gigabytesPerSecond(2 << 20)).isPositive();
        }
    }

    @Test
    void manyConnectionsMoveAtOnce() throws Exception {
        try (var mesh = new RawMesh(4, 1_000)) {
            long before = System.nanoTime();
            mesh.exchange(4, 50_000);
            mesh.exchange(2, 1);
            assertThat(System.nanoTime() - before).isPositive();
        }
    }
}
