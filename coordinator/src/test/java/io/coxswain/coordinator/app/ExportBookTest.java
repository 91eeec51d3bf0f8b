package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.picture.ExportsPicture;

import org.junit.jupiter.api.Test;

class ExportBookTest {
    private static final long SECOND = 1_000_000_000L;

    private final ExportBook book = new ExportBook();

    private boolean take(int part, long step, String reason, long nowNanos) {
        String path = "/out/step-%012d/part-%d-of-900.arena".formatted(step, part);
        return book.take(
                new ProgramWord.Exported("j", step, path, reason),
                "step " + step + " of part " + part + ": " + reason,
                nowNanos);
    }

    @Test
    void aPartFailsUntilItIsWritten() {
        assertThat(book.picture()).isEqualTo(ExportsPicture.NONE);
        assertThat(take(0, 10, "", 0)).isFalse();
        assertThat(take(0, 20, "no space", 1)).isTrue();
        assertThat(take(1, 20, "no space", 2)).isTrue();
        assertThat(book.warnings())
                .containsExactly("step 20 of part 0: no space", "step 20 of part 1: no space");
        assertThat(take(0, 30, "", 3)).isFalse();
        assertThat(book.picture().failing()).containsExactly("step 20 of part 1: no space");
        assertThat(book.picture().failed()).isEqualTo(2);
    }

    @Test
    void whatFailsAlikeIsToldOnceAMinute() {
        assertThat(take(0, 10, "no space", 0)).isTrue();
        assertThat(take(0, 20, "no space", SECOND)).isFalse();
        assertThat(book.warnings()).as("the newest").containsExactly("step 20 of part 0: no space");
        assertThat(take(0, 30, "no rights", 2 * SECOND)).isTrue();
        assertThat(take(0, 40, "no rights", 61 * SECOND)).isFalse();
        assertThat(take(0, 50, "no rights", 62 * SECOND)).isTrue();
        assertThat(take(0, 60, "no rights", 63 * SECOND)).isFalse();
        assertThat(book.picture().failed()).isEqualTo(6);
    }

    @Test
    void itIsBounded() {
        int told = 0;
        for (int part = 0; part < 900; part++) {
            told += take(part, 10, "no space", part) ? 1 : 0;
        }
        assertThat(told).isEqualTo(ExportBook.MOST_PARTS);
        assertThat(book.picture().failed()).isEqualTo(900);
        assertThat(book.warnings()).hasSize(9).last().isEqualTo("and 248 more parts of it");
    }
}
