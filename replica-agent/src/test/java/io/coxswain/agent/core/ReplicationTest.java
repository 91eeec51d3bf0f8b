package io.coxswain.agent.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Placement;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Which snapshot goes to a holder next, where one is refused again and again. */
class ReplicationTest {
    private static final long RETRY = AgentLimits.DEFAULT.pushRetryNanos() * 32;

    private final Outbox out = new Outbox();
    private final Vault vault = new Vault(out);
    private final Replication replication = new Replication(out, vault, AgentLimits.DEFAULT);
    private long now = 1;

    private void begin(boolean leaderFindsFloor) {
        var placement = new Placement(Story.JOB, 1, 1, List.of(Story.duty(0, Story.OTHER)), 0);
        replication.begin(placement, 0, 0, 0, Story.SELF.key(), leaderFindsFloor);
    }

    private void snapshot(int slot, long step) {
        Vault.Snapshot made = vault.writing(Story.state(1, step, 0), slot);
        vault.committed(made, new Digest("%032x".formatted(step + 1)), 1_000);
    }

    /** The step of the snapshot that is sent next, once a pause that there may be is over. */
    private long next() {
        now += RETRY;
        out.drain();
        replication.pump(now);
        List<AgentEffect> effects = out.drain();
        return effects.stream()
                .filter(AgentEffect.PushCopy.class::isInstance)
                .map(effect -> ((AgentEffect.PushCopy) effect).state().step())
                .findFirst()
                .orElse(-1L);
    }

    private void answered(long step, boolean verified) {
        replication.pushed(
                new AgentEvent.CopyPushed(Story.state(1, step, 0), Story.OTHER.key(), verified, ""),
                now);
    }

    private void refused(long step, int times) {
        for (int i = 0; i < times; i++) {
            assertThat(next()).isEqualTo(step);
            answered(step, false);
        }
    }

    @Test
    void theOldestGoesFirst() {
        begin(true);
        snapshot(0, 4);
        snapshot(1, 8);
        refused(4, 2);
        assertThat(next()).isEqualTo(4);
        answered(4, true);
        assertThat(next()).isEqualTo(8);
    }

    /** It may be damaged where it lies: the floor goes on without it. */
    @Test
    void whatIsAlwaysRefusedIsPassedOver() {
        begin(true);
        snapshot(0, 4);
        snapshot(1, 8);
        refused(4, 3);
        assertThat(next()).isEqualTo(8);
        answered(8, true);
        assertThat(replication.acknowledgedSteps()).containsExactly(8L);
        assertThat(next()).isEqualTo(-1);
    }

    @Test
    void withoutANewerOneItIsTriedAgain() {
        begin(true);
        snapshot(0, 4);
        refused(4, 5);
        snapshot(1, 8);
        assertThat(next()).isEqualTo(8);
    }

    /** The floor is the least that ranks acknowledge there: it must not come to rest on it. */
    @Test
    void whereRanksAcknowledgeInOrderNothingIsPassedOver() {
        begin(false);
        snapshot(0, 4);
        snapshot(1, 8);
        refused(4, 6);
        assertThat(replication.acknowledgedStep(Long.MAX_VALUE)).isZero();
    }
}
