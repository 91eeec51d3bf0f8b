package io.coxswain.coordinator.core.term;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class TermClaimsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long TERM = 3;

    private final TermClaims claims = new TermClaims(TERM);
    private final List<TermDecision> all = new ArrayList<>();
    private long now = 5 * SECOND;

    private static AgentKey agent(String id) {
        return new AgentKey(id, "a".repeat(32));
    }

    private List<TermDecision> kept(List<TermDecision> decisions) {
        all.addAll(decisions);
        return decisions;
    }

    private List<TermDecision> claim(long stream, String agent, long term) {
        return kept(claims.heard(stream, agent(agent), term, true, now));
    }

    private long question() {
        return of(TermDecision.Ask.class).getLast().question();
    }

    private List<TermDecision> answer(TermVerdict verdict) {
        return kept(claims.answered(question(), verdict, now));
    }

    private <T extends TermDecision> List<T> of(Class<T> type) {
        return all.stream().filter(type::isInstance).map(type::cast).toList();
    }

    // What is due at each deadline, up to that time.
    private void pass(long nanos) {
        long until = now + nanos;
        while (claims.nextDeadlineNanos() <= until) {
            now = Math.max(now, claims.nextDeadlineNanos());
            kept(claims.advance(now));
        }
        now = until;
    }

    @Test
    void aClaimIsAskedOfTheStoreAndDoubtedMeanwhile() {
        assertThat(claim(7, "a", 4)).containsExactly(new TermDecision.Ask(1));
        assertThat(claims.doubts(7)).isTrue();
        assertThat(claims.doubts(8)).isFalse();
        // More of the same stream asks nothing more.
        assertThat(claim(7, "a", 5)).isEmpty();
    }

    @Test
    void whatTheStoreConfirmsEndsTheLead() {
        claim(7, "a", 4);
        claim(8, "b", 4);

        assertThat(answer(TermVerdict.MOVED).getLast())
                .isEqualTo(new TermDecision.Resign(agent("a"), 4));
        assertThat(of(TermDecision.Refuse.class))
                .allMatch(refused -> refused.why() instanceof TermRefusal.Succeeded)
                .extracting(TermDecision.Refuse::stream)
                .containsExactly(7L, 8L);
        assertThat(of(TermDecision.Tell.class))
                .allMatch(told -> told.verdict() == TermVerdict.MOVED)
                .hasSize(2);
        assertThat(claims.open()).isZero();
    }

    @Test
    void whatTheStoreRefutesCostsItsStreamOnly() {
        claim(7, "a", Long.MAX_VALUE);

        assertThat(answer(TermVerdict.HELD))
                .containsExactly(
                        new TermDecision.Refuse(
                                7, agent("a"), new TermRefusal.Untrue(Long.MAX_VALUE, TERM)),
                        new TermDecision.Tell(agent("a"), Long.MAX_VALUE, TermVerdict.HELD, 1, 0));
        assertThat(claims.doubts(7)).isFalse();
        assertThat(claims.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whereTheStoreCannotBeAskedNobodyIsBelieved() {
        assertThat(kept(claims.heard(7, agent("a"), 4, false, now)))
                .containsExactly(
                        new TermDecision.Refuse(7, agent("a"), new TermRefusal.Unverified(4)),
                        new TermDecision.Tell(agent("a"), 4, TermVerdict.UNKNOWN, 1, 0));

        pass(SECOND);
        claim(8, "a", 4);
        answer(TermVerdict.UNKNOWN);

        assertThat(of(TermDecision.Resign.class)).isEmpty();
        assertThat(of(TermDecision.Refuse.class))
                .allMatch(refused -> refused.why().retry())
                .hasSize(2);
    }

    @Test
    void aStoreThatDoesNotAnswerIsOutOfReach() {
        claim(7, "a", 4);
        long asked = question();

        pass(TermClaims.ANSWER_NANOS);

        assertThat(of(TermDecision.Refuse.class).getLast().why())
                .isEqualTo(new TermRefusal.Unverified(4));
        // What it says later is of no use to those who came meanwhile.
        claim(8, "b", 4);
        assertThat(claims.answered(asked, TermVerdict.MOVED, now)).isEmpty();
        assertThat(claims.doubts(8)).isTrue();
    }

    @Test
    void aClaimIsJudgedByAQuestionThatWasPutAfterIt() {
        claim(7, "a", 4);
        claim(8, "b", 4);

        answer(TermVerdict.HELD);

        assertThat(claims.doubts(7)).isFalse();
        assertThat(claims.doubts(8)).isTrue();
        pass(TermClaims.ASK_EVERY_NANOS);
        assertThat(question()).isEqualTo(2);
        answer(TermVerdict.MOVED);
        assertThat(of(TermDecision.Resign.class))
                .containsExactly(new TermDecision.Resign(agent("b"), 4));
    }

    @Test
    void questionsAndWordsToPeopleAreFewHoweverManyClaimsThereAre() {
        for (int i = 0; i < 10_000; i++) {
            claim(i, "agent-" + i % 1_000, 9);
            if (i % 10 == 9) {
                now += SECOND / 1_000;
                kept(claims.advance(now));
            }
            if (!of(TermDecision.Ask.class).isEmpty()) {
                answer(TermVerdict.HELD);
            }
        }
        // One second went by.
        assertThat(of(TermDecision.Ask.class).size()).isBetween(4, 6);
        assertThat(of(TermDecision.Tell.class).size()).isBetween(1, 2);
        assertThat(claims.open()).isLessThanOrEqualTo(TermClaims.MOST_STREAMS);
        assertThat(claims.remembered()).isLessThanOrEqualTo(TermClaims.MOST_AGENTS);

        pass(3_600 * SECOND);
        assertThat(claims.open()).isZero();
        assertThat(claims.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(of(TermDecision.Resign.class)).isEmpty();
        // Everybody got an answer.
        assertThat(of(TermDecision.Refuse.class)).hasSize(10_000);
    }

    @Test
    void whoGoesOnIsNotLookedIntoForAWhileAndThatIsTold() {
        for (int i = 0; i < 3; i++) {
            claim(i, "a", 9);
            answer(TermVerdict.HELD);
            pass(SECOND);
        }
        int asked = of(TermDecision.Ask.class).size();

        // Another incarnation of the same agent is the same certificate.
        List<TermDecision> fourth =
                claims.heard(9, new AgentKey("a", "b".repeat(32)), 9, true, now);

        assertThat(fourth.getFirst())
                .isInstanceOfSatisfying(
                        TermDecision.Refuse.class,
                        refused ->
                                assertThat(refused.why())
                                        .isInstanceOfSatisfying(
                                                TermRefusal.Struck.class,
                                                why -> {
                                                    assertThat(why.times()).isEqualTo(3);
                                                    assertThat(why.nanosLeft())
                                                            .isEqualTo(59 * SECOND);
                                                }));
        assertThat(fourth.getLast())
                .isInstanceOfSatisfying(
                        TermDecision.Tell.class,
                        told -> assertThat(told.struckNanos()).isEqualTo(59 * SECOND));
        assertThat(of(TermDecision.Ask.class)).hasSize(asked);
        // Others are looked into as ever.
        assertThat(claim(10, "b", 9)).hasSize(1).first().isInstanceOf(TermDecision.Ask.class);
    }

    @Test
    void strikesGrowToAnHourAndAreForgotten() {
        assertThat(StrikeRule.struckNanos(2)).isZero();
        assertThat(StrikeRule.struckNanos(3)).isEqualTo(60 * SECOND);
        assertThat(StrikeRule.struckNanos(4)).isEqualTo(120 * SECOND);
        assertThat(StrikeRule.struckNanos(9)).isEqualTo(3_600 * SECOND);
        assertThat(StrikeRule.struckNanos(Integer.MAX_VALUE)).isEqualTo(3_600 * SECOND);

        for (int i = 0; i < 3; i++) {
            claim(i, "a", 9);
            answer(TermVerdict.HELD);
            pass(SECOND);
        }
        pass(60 * SECOND + StrikeRule.FORGET_NANOS);
        claim(20, "a", 9);
        answer(TermVerdict.HELD);
        pass(SECOND);

        assertThat(of(TermDecision.Tell.class).getLast().struckNanos()).isZero();
    }

    @Test
    void manyStreamsOfOneAreOneStrike() {
        for (int i = 0; i < 5; i++) {
            claim(i, "a", 9);
        }
        answer(TermVerdict.HELD);
        pass(TermClaims.ASK_EVERY_NANOS);
        answer(TermVerdict.HELD);
        pass(2 * SECOND);

        assertThat(of(TermDecision.Refuse.class)).hasSize(5);
        assertThat(claim(9, "a", 9)).first().isInstanceOf(TermDecision.Ask.class);
        assertThat(of(TermDecision.Tell.class).stream().mapToLong(TermDecision.Tell::claims).sum())
                .isEqualTo(5);
    }

    @Test
    void moreThanAreKeptAreSentAway() {
        for (int i = 0; i < TermClaims.MOST_STREAMS; i++) {
            claim(i, "a", 9);
        }
        assertThat(claim(5_000, "b", 9).getFirst())
                .isEqualTo(new TermDecision.Refuse(5_000, agent("b"), new TermRefusal.TooMany(9)));
    }

    @Test
    void whoWaitsWhenTheLeadEndsIsSentAway() {
        claim(7, "a", 9);

        assertThat(claims.over())
                .containsExactly(
                        new TermDecision.Refuse(7, agent("a"), new TermRefusal.Succeeded()));
        assertThat(claims.answered(1, TermVerdict.MOVED, now)).isEmpty();
    }

    @Test
    void eachRefusalSaysWhatToDo() {
        assertThat(new TermRefusal.Untrue(9, 3).text())
                .contains("term 9")
                .contains("no term after 3")
                .contains("certs revoke")
                .contains("restarted");
        assertThat(new TermRefusal.Struck(9, 4, 30 * SECOND).text())
                .contains("4 times")
                .contains("30 s");
        assertThat(new TermRefusal.Unverified(9).text()).contains("/controller/leader");
        assertThat(new TermRefusal.TooMany(9).text()).contains("term 9");
        assertThat(new TermRefusal.Succeeded().text()).contains("another coordinator leads");
    }
}
