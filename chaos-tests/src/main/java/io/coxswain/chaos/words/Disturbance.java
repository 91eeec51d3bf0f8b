package io.coxswain.chaos.words;

import io.coxswain.chaos.scenario.WordEffect;

import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/** An effect on words that is on, with what it draws and how much it did. Thread-safe. */
final class Disturbance {
    private final WordEffect effect;
    private final Random random;
    private final AtomicLong seen = new AtomicLong();
    private final AtomicLong hit = new AtomicLong();

    Disturbance(WordEffect effect) {
        this.effect = effect;
        this.random = new Random(effect.seed());
    }

    WordEffect effect() {
        return effect;
    }

    /** Whether the next word is hit. */
    boolean hits() {
        seen.incrementAndGet();
        boolean hits = random.nextDouble() < effect.probability();
        if (hits) {
            hit.incrementAndGet();
        }
        return hits;
    }

    /** How much later that word comes, in nanoseconds. */
    long later() {
        return random.nextLong(effect.latest().toNanos() + 1);
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    /** How many words were hit so far. */
    long hit() {
        return hit.get();
    }

    /** How many words passed so far. */
    long seen() {
        return seen.get();
    }
}
