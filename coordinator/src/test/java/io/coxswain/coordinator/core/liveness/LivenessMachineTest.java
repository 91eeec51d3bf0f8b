package io.coxswain.coordinator.core.liveness;

import static io.coxswain.coordinator.core.liveness.DialResult.OTHER_INCARNATION;
import static io.coxswain.coordinator.core.liveness.DialResult.REFUSED;
import static io.coxswain.coordinator.core.liveness.DialResult.SAME_INCARNATION;
import static io.coxswain.coordinator.core.liveness.DialResult.TIMEOUT;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.model.AgentKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class LivenessMachineTest {
    private static final long MS = 1_000_000L;
    private static final AgentKey AGENT = new AgentKey("a", "1111111111111111");
    private static final AgentKey REBORN = new AgentKey("a", "2222222222222222");
    private static final AgentKey OTHER = new AgentKey("b", "3333333333333333");

    private final LivenessMachine machine = new LivenessMachine(LivenessLimits.DEFAULT);
    private final List<String> log = new ArrayList<>();
    private long now = 1_000_000 * MS;
    private long started = now;
    private long dial;
    private long lastSign;

    // ---- the vocabulary of the stories below

    private void apply(LivenessEvent event) {
        for (LivenessEffect effect : machine.apply(event, now)) {
            long at = (now - started) / MS;
            log.add(
                    switch (effect) {
                        case LivenessEffect.Dial(AgentKey agent, long number) -> {
                            dial = number;
                            yield at + " dial " + agent.id();
                        }
                        case LivenessEffect.Suspect(AgentKey agent, long silentNanos) ->
                                at + " suspect " + agent.id() + " after " + silentNanos / MS;
                        case LivenessEffect.Cleared(AgentKey agent) ->
                                at + " cleared " + agent.id();
                        case LivenessEffect.DeclareLost(
                                        AgentKey agent,
                                        LostCause cause,
                                        long word) -> {
                            lastSign = word;
                            yield at
                                    + " lost "
                                    + agent.id()
                                    + " "
                                    + cause.getClass().getSimpleName();
                        }
                    });
        }
    }

    private void attach(AgentKey agent, long stream) {
        apply(new LivenessEvent.StreamOpened(agent, stream));
    }

    private void hear() {
        apply(new LivenessEvent.Heard(AGENT, 1));
    }

    /** Lets time pass, serving each deadline when it is due. */
    private void pass(long millis) {
        long until = now + millis * MS;
        while (machine.nextDeadlineNanos() <= until) {
            now = Math.max(now, machine.nextDeadlineNanos());
            apply(new LivenessEvent.DeadlineReached());
        }
        now = until;
    }

    /** Heartbeats at each quarter of a second; then the clock of the story starts. */
    private void livesFor(int heartbeats) {
        for (int i = 0; i < heartbeats; i++) {
            pass(250);
            hear();
        }
        started = now;
    }

    private void breaks() {
        apply(new LivenessEvent.StreamBroken(AGENT, 1));
    }

    private void dialled(DialResult result) {
        apply(new LivenessEvent.DialEnded(AGENT, dial, result));
    }

    // ---- stories

    @Test
    void aQuietClusterHasNoEffectsAndStaysSmall() {
        attach(AGENT, 1);
        livesFor(10_000);
        assertThat(log).isEmpty();
        assertThat(machine.deadlinesQueued()).isEqualTo(1);
        assertThat(machine.silenceLimitNanos(AGENT)).isEqualTo(1000 * MS);
    }

    @Test
    void aDeadProcessIsLostAsSoonAsItsPortRefuses() {
        attach(AGENT, 1);
        livesFor(20);
        pass(100);
        long reset = now;
        breaks();
        pass(5);
        dialled(REFUSED);
        assertThat(log).containsExactly("100 dial a", "105 lost a ConnectionRefused");
        assertThat(lastSign).as("the reset is the death's own word").isEqualTo(reset);
        assertThat(machine.watched()).isZero();
    }

    @Test
    void aReplacedProcessIsLostAsSoonAsTheOtherAnswers() {
        attach(AGENT, 1);
        livesFor(20);
        breaks();
        dialled(OTHER_INCARNATION);
        assertThat(log).containsExactly("0 dial a", "0 lost a Replaced");
    }

    @Test
    void anAgentThatAnswersHasASecondToComeBackAndIsDialledMeanwhile() {
        attach(AGENT, 1);
        livesFor(20);
        breaks();
        for (int i = 0; i < 52; i++) {
            dialled(i % 2 == 0 ? SAME_INCARNATION : TIMEOUT);
            pass(20);
        }
        assertThat(log)
                .hasSize(51)
                .startsWith("0 dial a", "20 dial a", "40 dial a")
                .endsWith("1000 lost a StayedAway");
    }

    @Test
    void aDialThatNeverEndsDoesNotDelayTheVerdict() {
        attach(AGENT, 1);
        livesFor(20);
        breaks();
        pass(3000);
        assertThat(log).containsExactly("0 dial a", "1000 lost a StayedAway");
    }

    @Test
    void anAgentThatComesBackIsNotLost() {
        attach(AGENT, 1);
        livesFor(20);
        breaks();
        dialled(SAME_INCARNATION);
        pass(15);
        attach(AGENT, 2);
        dialled(REFUSED);
        breaks();
        for (int i = 0; i < 8; i++) {
            pass(250);
            apply(new LivenessEvent.Heard(AGENT, 2));
        }
        assertThat(log)
                .as("words about the old stream and the old dial are stale")
                .containsExactly("0 dial a");
        assertThat(machine.watched()).isOne();
    }

    @Test
    void silenceIsSuspectedAtHalfTheLimitAndAVerdictAtTheLimitDespiteALiveSession() {
        attach(AGENT, 1);
        livesFor(20);
        apply(new LivenessEvent.RegistrationSeen(AGENT));
        pass(600);
        dialled(SAME_INCARNATION);
        pass(2000);
        assertThat(log)
                .containsExactly("500 suspect a after 500", "500 dial a", "1000 lost a Silent");
    }

    @Test
    void aSuspectWhosePortRefusesIsLostAtOnce() {
        attach(AGENT, 1);
        livesFor(20);
        pass(510);
        dialled(REFUSED);
        assertThat(log).endsWith("510 lost a ConnectionRefused");
    }

    @Test
    void aSuspectThatSpeaksIsCleared() {
        attach(AGENT, 1);
        livesFor(20);
        pass(700);
        hear();
        dialled(REFUSED);
        pass(250);
        hear();
        assertThat(log).containsExactly("500 suspect a after 500", "500 dial a", "700 cleared a");
    }

    @Test
    void theLimitFollowsTheGapsSeenUpToTwoSeconds() {
        attach(AGENT, 1);
        assertThat(machine.silenceLimitNanos(AGENT)).as("nothing known yet").isEqualTo(2000 * MS);
        livesFor(20);
        pass(450);
        hear();
        assertThat(machine.silenceLimitNanos(AGENT)).isEqualTo(1350 * MS);
        pass(900);
        hear();
        assertThat(machine.silenceLimitNanos(AGENT)).isEqualTo(2000 * MS);
        livesFor(400);
        assertThat(machine.silenceLimitNanos(AGENT)).as("forgotten").isEqualTo(1000 * MS);
        log.clear();
        pass(2500);
        assertThat(log).endsWith("1000 lost a Silent");
    }

    @Test
    void reportsBetweenHeartbeatsDoNotTightenTheLimit() {
        attach(AGENT, 1);
        for (int i = 0; i < 1000; i++) {
            pass(1);
            hear();
        }
        assertThat(machine.silenceLimitNanos(AGENT)).isEqualTo(2000 * MS);
    }

    @Test
    void aLiveStreamOutvotesALostSessionButNotForEver() {
        attach(AGENT, 1);
        livesFor(20);
        apply(new LivenessEvent.RegistrationGone(AGENT));
        livesFor(4 * 60);
        assertThat(log).as("nothing while the stream lives").isEmpty();
        breaks();
        assertThat(log).containsExactly("0 lost a SessionGoneToo");
    }

    @Test
    void withinTheGraceABrokenStreamIsDialledAsEver() {
        attach(AGENT, 1);
        livesFor(20);
        apply(new LivenessEvent.RegistrationGone(AGENT));
        livesFor(4);
        breaks();
        assertThat(log).containsExactly("0 dial a");

        attach(AGENT, 2);
        apply(new LivenessEvent.RegistrationSeen(AGENT));
        pass(20);
        apply(new LivenessEvent.StreamBroken(AGENT, 2));
        apply(new LivenessEvent.RegistrationGone(AGENT));
        assertThat(log)
                .as("both witnesses are gone")
                .endsWith("20 dial a", "20 lost a SessionGoneToo");
    }

    @Test
    void aGhostsRegistrationChangesNothing() {
        attach(REBORN, 1);
        apply(new LivenessEvent.RegistrationSeen(AGENT));
        apply(new LivenessEvent.RegistrationGone(AGENT));
        apply(new LivenessEvent.StreamBroken(AGENT, 1));
        apply(new LivenessEvent.Leaving(AGENT, 1, "x"));
        assertThat(log).isEmpty();
        assertThat(machine.watched()).isOne();
    }

    @Test
    void aNewIncarnationReplacesTheOld() {
        attach(AGENT, 1);
        attach(OTHER, 2);
        attach(REBORN, 3);
        assertThat(log).containsExactly("0 lost a Replaced");
        assertThat(machine.watched()).isEqualTo(2);
        attach(AGENT, 1);
        assertThat(log).as("an older stream is late news").hasSize(1);
    }

    @Test
    void aFarewellIsAVerdict() {
        attach(AGENT, 1);
        apply(new LivenessEvent.Leaving(AGENT, 1, "stopped by its operator"));
        breaks();
        assertThat(log).containsExactly("0 lost a Left");
    }

    @Test
    void anOwnPauseIsNotTakenForEverybodysSilence() {
        attach(AGENT, 1);
        livesFor(20);
        attach(OTHER, 2);
        // This process stops for ten seconds; the deadline is served late, the words come right
        // behind it.
        now += 10_000 * MS;
        apply(new LivenessEvent.DeadlineReached());
        hear();
        assertThat(log).filteredOn(line -> line.contains(" lost a")).isEmpty();
        pass(400);
        assertThat(log)
                .as("who says nothing even then is lost")
                .anyMatch(line -> line.contains("lost b"));
        assertThat(log).noneMatch(line -> line.contains("lost a"));
    }

    @Test
    void causesReadWell() {
        assertThat(new LostCause.Silent(1_200 * MS, 1_000 * MS).text())
                .isEqualTo("it was silent for 1200 ms, longer than 1000 ms");
        assertThat(new LostCause.StayedAway(1_000 * MS).text()).contains("within 1000 ms");
        assertThat(new LostCause.Left("").text()).isEqualTo("it left");
        assertThat(new LostCause.Left("bye").text()).isEqualTo("it left: bye");
        assertThat(
                        List.of(
                                new LostCause.Replaced(),
                                new LostCause.ConnectionRefused(),
                                new LostCause.SessionGoneToo()))
                .allMatch(cause -> !cause.text().isEmpty());
    }

    @Test
    void whoIsHeardAndHearsNothingIsLost() {
        attach(AGENT, 1);
        long sequence = 1;
        for (; sequence <= 10; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, sequence - 1));
        }
        long deaf = (now - started) / MS;
        for (; machine.watched() == 1 && sequence < 100; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, 9));
        }
        assertThat(log).containsExactly((deaf + 250 + 2000) + " lost a Deaf");
    }

    @Test
    void whoHearsLateIsNotDeaf() {
        attach(AGENT, 1);
        for (long sequence = 1; sequence <= 100; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, Math.max(0, sequence - 6)));
        }
        assertThat(log).isEmpty();
    }

    @Test
    void theLeadersOwnPauseMakesNobodyDeaf() {
        attach(AGENT, 1);
        pass(250);
        apply(new LivenessEvent.Beat(AGENT, 1, 1, 0));
        pass(250);
        apply(new LivenessEvent.Beat(AGENT, 1, 2, 1));
        // Stopped for five seconds: nothing is answered, and the queue holds what was said
        // meanwhile.
        now += 5000 * MS;
        for (long sequence = 3; sequence <= 22; sequence++) {
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, 2));
        }
        for (long sequence = 23; sequence <= 40; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, sequence - 1));
        }
        assertThat(log).noneMatch(line -> line.contains("lost"));
    }

    @Test
    void whoDoesNotTellWhatItHearsIsNotJudgedByIt() {
        attach(AGENT, 1);
        for (long sequence = 1; sequence <= 100; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, LivenessEvent.Beat.UNTOLD));
        }
        assertThat(log).isEmpty();
    }

    @Test
    void anotherStreamIsHeardAfresh() {
        attach(AGENT, 1);
        long sequence = 1;
        for (; sequence <= 8; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 1, sequence, 0));
        }
        attach(AGENT, 2);
        for (; sequence <= 20; sequence++) {
            pass(250);
            apply(new LivenessEvent.Beat(AGENT, 2, sequence, sequence > 9 ? sequence - 1 : 0));
        }
        assertThat(log).isEmpty();
    }

    @Test
    void aSilenceLimitBelowFourHeartbeatsIsRefused() {
        assertThatThrownBy(() -> new LivenessLimits(250 * MS, 999 * MS, MS, MS, 0))
                .hasMessageContaining("below 4 heartbeats");
    }

    /**
     * Whatever the order of words, deadlines come to an end, and who is silent long enough is lost
     * exactly once.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomStoriesEndWithEveryAgentLostOnce(long seed) {
        var random = new Random(seed);
        List<DialResult> dials = List.of(DialResult.values());
        for (int round = 0; round < 300; round++) {
            var story = new LivenessMachineTest();
            long stream = 1;
            story.attach(AGENT, stream);
            int attached = 1;
            for (int i = 0; i < 60; i++) {
                story.pass(random.nextInt(400));
                int watchedBefore = story.machine.watched();
                switch (random.nextInt(8)) {
                    case 0 -> story.apply(new LivenessEvent.StreamBroken(AGENT, stream));
                    case 1 -> {
                        stream++;
                        attached += watchedBefore == 0 ? 1 : 0;
                        story.attach(AGENT, stream);
                    }
                    case 2 -> story.dialled(dials.get(random.nextInt(dials.size())));
                    case 3 -> story.apply(new LivenessEvent.RegistrationGone(AGENT));
                    case 4 -> story.apply(new LivenessEvent.RegistrationSeen(AGENT));
                    default -> story.apply(new LivenessEvent.Heard(AGENT, stream));
                }
            }
            story.pass(5_000);
            assertThat(story.machine.watched()).isZero();
            assertThat(story.machine.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
            assertThat(story.log.stream().filter(line -> line.contains(" lost ")).count())
                    .isEqualTo(attached);
        }
    }
}
