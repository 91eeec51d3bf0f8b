package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

import java.util.List;

class EvidenceBookTest {
    private static final long SECOND = 1_000_000_000L;

    private final EvidenceBook book = new EvidenceBook();

    private static Evidence evidence(String agent, long atSeconds, int bytes) {
        return new Evidence(
                0,
                agent,
                0,
                1,
                "why",
                atSeconds * SECOND,
                List.of(new EvidencePiece("traceback", "t.txt", new byte[bytes], 0)));
    }

    private static Incident incident(int id, boolean closed, String... agents) {
        return new Incident(
                id,
                "cause",
                List.of(agents),
                1,
                1,
                0,
                List.of(),
                new Incident.Phases(0, 0, 0, 0, 0),
                closed,
                Incident.Kind.HOST,
                0,
                List.of(),
                null,
                1,
                null);
    }

    @Test
    void whatComesBeforeTheIncidentIsIts() {
        book.take(evidence("a", 1, 1));
        book.take(evidence("b", 1, 1));
        assertThat(book.incident(incident(1, false, "a"), 2 * SECOND)).hasSize(1);
        assertThat(book.of(1)).extracting(Evidence::agentId).containsExactly("a");
        assertThat(book.of(0)).extracting(Evidence::agentId).containsExactly("b");
        assertThat(book.incident(incident(1, false, "a", "b"), 3 * SECOND)).hasSize(1);
        assertThat(book.of(1)).hasSize(2);
    }

    @Test
    void whatComesWhileItIsOpenIsIts() {
        book.incident(incident(1, false, "a"), SECOND);
        assertThat(book.take(evidence("a", 2, 1)).incident()).isEqualTo(1);
        assertThat(book.take(evidence("b", 2, 1)).incident()).isZero();
    }

    @Test
    void whatComesLateIsItsUntilAnotherIncidentClaimsIt() {
        book.incident(incident(1, true, "a"), SECOND);
        assertThat(book.take(evidence("a", 2, 1)).incident()).isEqualTo(1);
        assertThat(book.take(evidence("a", 3, 1)).incident()).as("it has some").isZero();
        book.incident(incident(2, false, "a"), 4 * SECOND);
        assertThat(book.of(2)).hasSize(2);
        assertThat(book.of(1)).isEmpty();
    }

    @Test
    void whatIsOldBelongsToNoIncident() {
        book.take(evidence("a", 1, 1));
        assertThat(book.incident(incident(1, false, "a"), 100 * SECOND)).isEmpty();
        assertThat(book.of(0)).hasSize(1);
    }

    @Test
    void theOldestGoes() {
        for (int i = 0; i < 1_000; i++) {
            book.take(evidence("a" + i, i, 1));
        }
        assertThat(book.all()).hasSize(EvidenceBook.MOST_ENTRIES);
        assertThat(book.all().getLast().agentId()).isEqualTo("a999");
        for (int i = 0; i < 20; i++) {
            book.take(evidence("large", i, 1 << 20));
        }
        assertThat(book.all().stream().mapToLong(Evidence::bytes).sum())
                .isLessThanOrEqualTo(EvidenceBook.MOST_BYTES);
        assertThat(book.all()).isNotEmpty();
        for (int i = 1; i < 1_000; i++) {
            book.incident(incident(i, true, "x"), i);
        }
        assertThat(book.numbers()).hasSize(256).last().isEqualTo(999);
        assertThat(book.find(0)).isEqualTo(book.find(999));
        assertThat(book.find(1)).isNull();
    }
}
