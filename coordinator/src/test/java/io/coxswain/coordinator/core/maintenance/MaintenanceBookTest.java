package io.coxswain.coordinator.core.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.maintenance.Maintenance.Cause;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Answer;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.model.AgentKey;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Words about agents, and what follows from them. */
final class MaintenanceBookTest {
    private static final AgentKey KEY = new AgentKey("h1", "a".repeat(32));

    private final MaintenanceBook book = new MaintenanceBook();

    private Answer say(Word word) {
        Answer answer = book.take(word, true, List.of("h1"));
        book.durable(book.said());
        return answer;
    }

    private void changes(Word word) {
        assertThat(say(word)).isEqualTo(new Answer.Changed());
        assertThat(say(word)).as("said again").isEqualTo(new Answer.Unchanged());
    }

    private Maintenance.Order order() {
        Maintenance.Order order = book.orders().of(KEY);
        assertThat(order).isNotNull();
        return order;
    }

    @Test
    void everyWordMayBeSaidAgain() {
        changes(new Word.Cordon("h1", "odd"));
        assertThat(order().drains()).isFalse();
        changes(new Word.Drain("h1", "disk"));
        assertThat(order().drains()).isTrue();
        assertThat(order().reason()).isEqualTo("operator: disk");
        assertThat(say(new Word.Cordon("h1", ""))).as("stands").isEqualTo(new Answer.Unchanged());
        assertThat(order().drains()).isTrue();
        changes(new Word.Failing("h1", "ECC"));
        assertThat(order().causes()).containsExactly(Cause.HEALTH, Cause.OPERATOR);
        changes(new Word.Failing("h1", "ECC, more of it"));
        changes(new Word.Healthy("h1"));
        assertThat(order().reason()).isEqualTo("operator: disk");
        changes(new Word.Uncordon("h1"));
        assertThat(book.orders().isEmpty()).isTrue();
        assertThat(book.said()).isEmpty();
    }

    @Test
    void healthTakesBackItsOwnOnly() {
        changes(new Word.Failing("h1", "ECC"));
        changes(new Word.Healthy("h1"));
        assertThat(book.orders().of(KEY)).isNull();
        changes(new Word.Failing("h1", "ECC"));
        changes(new Word.Uncordon("h1"));
        assertThat(book.orders().of(KEY)).as("an operator has the last word").isNull();
        assertThat(say(new Word.Healthy("h1"))).isEqualTo(new Answer.Unchanged());
    }

    @Test
    void unknownAgentsAreRefusedUnlessTheyAreMeant() {
        assertThat(book.take(new Word.Drain("h9", ""), false, List.of("h1", "h2")))
                .isInstanceOfSatisfying(
                        Answer.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains("no agent h9", "h1, h2", "--absent"));
        assertThat(book.take(new Word.Uncordon("h9"), false, List.of()))
                .isEqualTo(new Answer.Unchanged());
        assertThat(book.take(new Word.Healthy("h9"), false, List.of()))
                .isEqualTo(new Answer.Unchanged());
        assertThat(book.take(new Word.Cordon("h9", ""), true, List.of()))
                .isEqualTo(new Answer.Changed());
        assertThat(book.take(new Word.Drain("h9", ""), false, List.of()))
                .as("known by now")
                .isEqualTo(new Answer.Changed());
        for (String id : List.of("", "a b", "../x", "x".repeat(65))) {
            assertThat(book.take(new Word.Cordon(id, ""), true, List.of()))
                    .isInstanceOf(Answer.Refused.class);
        }
    }

    @Test
    void theListIsBounded() {
        for (int i = 0; i < MaintenanceBook.MOST_AGENTS; i++) {
            assertThat(book.take(new Word.Cordon("h" + i, ""), true, List.of()))
                    .isEqualTo(new Answer.Changed());
        }
        assertThat(book.take(new Word.Cordon("more", ""), true, List.of()))
                .isInstanceOfSatisfying(
                        Answer.Refused.class,
                        refused -> assertThat(refused.reason()).contains("uncordon"));
        assertThat(book.take(new Word.Drain("h7", ""), true, List.of()))
                .isEqualTo(new Answer.Changed());
    }

    @Test
    void reasonsAreOneShortLine() {
        say(new Word.Drain("h1", " two\nlines\t" + "ü".repeat(500)));
        String reason = book.said().getFirst().reason();
        assertThat(reason).startsWith("two lines ü").doesNotContain("\n");
        assertThat(reason.getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
                .isLessThanOrEqualTo(SetAside.MOST_REASON_BYTES);
    }

    @Test
    void nothingIsInForceBeforeItIsDurable() {
        assertThat(book.take(new Word.Drain("h1", ""), true, List.of()))
                .isEqualTo(new Answer.Changed());
        assertThat(book.orders().isEmpty()).isTrue();
        book.durable(book.said());
        assertThat(book.orders().isEmpty()).isFalse();
    }

    @Test
    void noticesAreOfOneProcessAndHoldAtOnce() {
        assertThat(book.noticed(KEY, "SIGTERM", 77)).isTrue();
        assertThat(book.noticed(KEY, "again", 99)).isFalse();
        assertThat(order().deadlineNanos()).isEqualTo(77);
        assertThat(order().causes()).containsExactly(Cause.NOTICE);
        assertThat(book.orders().of(new AgentKey("h1", "b".repeat(32)))).isNull();
        assertThat(book.said()).as("not durable: it says it again").isEmpty();
        assertThat(book.take(new Word.Uncordon("h1"), true, List.of()))
                .isInstanceOfSatisfying(
                        Answer.Refused.class,
                        refused -> assertThat(refused.reason()).contains("notice"));
        assertThat(book.gone(KEY)).isTrue();
        assertThat(book.gone(KEY)).isFalse();
        assertThat(book.orders().isEmpty()).isTrue();
    }

    @Test
    void anotherLeaderGoesOnWithWhatIsRecorded() {
        changes(new Word.Drain("h1", "disk"));
        changes(new Word.Failing("h2", "ECC"));
        var next = new MaintenanceBook();
        next.load(book.said());
        assertThat(next.orders().of("h1")).isEqualTo(book.orders().of("h1"));
        assertThat(next.orders().of("h2")).isEqualTo(book.orders().of("h2"));
        assertThat(next.take(new Word.Drain("h1", "x"), false, List.of()))
                .isEqualTo(new Answer.Unchanged());
    }
}
