package io.coxswain.agent.collective;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is refused of a job, of former ones, and of one that comes back under a former one's id. */
class FenceTest {
    private final Fence fence = new Fence();

    @Test
    void epochsOfAJobGoUp() {
        assertThat(fence.raise("a", 3)).isTrue();
        assertThat(fence.raise("a", 2)).isTrue();
        assertThat(fence.refuses("a", 2)).isTrue();
        assertThat(fence.admits("a", 2)).isFalse();
        assertThat(fence.refuses("a", 3)).isFalse();
        assertThat(fence.admits("a", 3)).isTrue();
        // Not yet known: it may be the next one.
        assertThat(fence.refuses("b", 1)).isFalse();
        assertThat(fence.admits("b", 1)).isFalse();
    }

    @Test
    void aFormerJobIsRefusedUpToWhereItWas() {
        fence.raise("a", 3);
        fence.raise("b", 1);
        assertThat(fence.refuses("a", 3)).isTrue();
        assertThat(fence.raise("a", 3)).isFalse();
        assertThat(fence.admits("b", 1)).isTrue();
    }

    @Test
    void theIdOfAFormerJobMayBeTakenForAnotherAboveItsEpochs() {
        fence.raise("a", 3);
        fence.raise("b", 1);
        // A peer may be in it before this agent is.
        assertThat(fence.refuses("a", 4)).isFalse();
        assertThat(fence.raise("a", 4)).isTrue();
        assertThat(fence.admits("a", 4)).isTrue();
        assertThat(fence.refuses("a", 3)).isTrue();
        assertThat(fence.refuses("b", 1)).isTrue();
    }

    @Test
    void notMoreThanSomeAreRemembered() {
        for (int i = 0; i < 200; i++) {
            fence.raise("job-" + i, 1);
        }
        assertThat(fence.refuses("job-0", 1)).isFalse();
        assertThat(fence.refuses("job-198", 1)).isTrue();
    }
}
