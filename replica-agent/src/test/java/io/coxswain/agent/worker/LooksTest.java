package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

class LooksTest {
    private final Looks looks = new Looks();

    @Test
    void aKillIsMadeAtOnceWhereNobodyLooks() {
        var killed = new AtomicInteger();
        looks.after(killed::incrementAndGet);
        assertThat(killed).hasValue(1);

        Runnable over = looks.begin();
        over.run();
        looks.after(killed::incrementAndGet);
        assertThat(killed).hasValue(2);
    }

    @Test
    void aKillWaitsForAllWhoLook() throws Exception {
        var killed = new CompletableFuture<Boolean>();
        Runnable first = looks.begin();
        Runnable second = looks.begin();
        looks.after(() -> killed.complete(looks.none()));
        assertThat(killed).isNotDone();
        first.run();
        assertThat(looks.none()).isFalse();
        second.run();
        assertThat(killed.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoLooksForeverHoldsNobodyUp() {
        Runnable never = looks.begin();
        looks.await(Duration.ofMillis(1));
        assertThat(looks.none()).isFalse();
        never.run();
    }
}
