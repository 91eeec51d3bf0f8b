package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.spi.AbortSignal;

import org.junit.jupiter.api.Test;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

class AbortGateTest {
    private final AbortGate gate = new AbortGate();

    @Test
    void epochsBelowAreAbortedAndStaySo() {
        AbortSignal third = gate.signal(3);
        AbortSignal fourth = gate.signal(4);
        assertThat(third.isSet()).isFalse();
        gate.raise(4);
        gate.raise(2);
        assertThat(third.isSet()).isTrue();
        assertThat(fourth.isSet()).isFalse();
        assertThat(gate.isAborted(3)).isTrue();
    }

    @Test
    void whenTheAgentIsGoneEverythingIsAborted() {
        AbortSignal gone = gate.agentGone();
        gate.raise(Long.MAX_VALUE);
        assertThat(gone.isSet()).isFalse();
        gate.raiseAll();
        assertThat(gone.isSet()).isTrue();
        assertThat(gate.signal(Long.MAX_VALUE).isSet()).isTrue();
    }

    @Test
    void aWaitEndsWithItsTimeOrWithTheAbort() throws Exception {
        AbortSignal signal = gate.signal(1);
        long start = System.nanoTime();
        assertThat(signal.await(TimeUnit.MILLISECONDS.toNanos(5))).isFalse();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(5_000_000);
        CompletableFuture<Boolean> waited = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        waited.complete(signal.await(TimeUnit.HOURS.toNanos(1)));
                    } catch (InterruptedException e) {
                        waited.completeExceptionally(e);
                    }
                });
        gate.raise(2);
        assertThat(waited.get(30, TimeUnit.SECONDS)).isTrue();
    }
}
