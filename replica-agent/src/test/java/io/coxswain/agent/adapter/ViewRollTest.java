package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.List;

class ViewRollTest {
    private static final AgentKey ONE = new AgentKey("one", "11");
    private static final AgentKey TWO = new AgentKey("two", "22");
    private static final AgentKey TWO_AGAIN = new AgentKey("two", "23");

    private static StateName state(int shard) {
        return new StateName("j", 4, 7, shard);
    }

    private static AgentEvent ordered(String job, long epoch, AgentKey... members) {
        return ordered(job, epoch, members.length, 1, members);
    }

    private static AgentEvent ordered(
            String job, long epoch, int replicas, int shards, AgentKey... members) {
        List<Peer> peers =
                List.of(members).stream()
                        .map(key -> new Peer(key, new Endpoint("127.0.0.1", 1)))
                        .toList();
        return new AgentEvent.ViewOrdered(
                1,
                new PrepareOrder(
                        new View(job, epoch, 0, 0, replicas, shards, peers),
                        -1,
                        null,
                        null,
                        new Placement(job, epoch, 1, List.of(), 0),
                        List.of(),
                        0));
    }

    @Test
    void membersOfTheNewestViewAreAdmitted() {
        var roll = new ViewRoll(true);
        assertThat(roll.admit(ONE, state(0))).isFalse();
        roll.heard(ordered("j", 4, ONE, TWO));
        assertThat(roll.admit(ONE, state(0))).isTrue();
        assertThat(roll.admit(TWO, state(0))).isTrue();
        assertThat(roll.admit(TWO_AGAIN, state(0))).isFalse();
        // A late word of an older view changes nothing, a newer one everything.
        roll.heard(ordered("j", 3, TWO_AGAIN));
        assertThat(roll.admit(TWO_AGAIN, state(0))).isFalse();
        roll.heard(ordered("j", 5, TWO_AGAIN));
        assertThat(roll.admit(TWO_AGAIN, state(0))).isTrue();
        assertThat(roll.admit(ONE, state(0))).isFalse();
        // Epochs are a job's own.
        roll.heard(ordered("k", 1, ONE));
        assertThat(roll.admit(ONE, new StateName("k", 1, 7, 0))).isTrue();
        // As are states.
        assertThat(roll.admit(ONE, state(0))).isFalse();
        assertThat(roll.admit(TWO_AGAIN, state(0))).isFalse();
    }

    @Test
    void aMemberHasToDoWithItsOwnShardOnly() {
        var roll = new ViewRoll(true);
        roll.heard(ordered("j", 4, 2, 2, ONE, TWO, TWO_AGAIN, new AgentKey("four", "44")));
        assertThat(roll.admit(ONE, state(0))).isTrue();
        assertThat(roll.admit(ONE, state(1))).isFalse();
        assertThat(roll.admit(TWO, state(0))).isFalse();
        assertThat(roll.admit(TWO, state(1))).isTrue();
        // The other replica.
        assertThat(roll.admit(TWO_AGAIN, state(0))).isTrue();
        assertThat(roll.admit(ONE, state(-1))).isFalse();
        assertThat(roll.admit(ONE, state(Integer.MAX_VALUE))).isFalse();
    }

    @Test
    void whereNobodyProvesAnythingEverybodyIsAdmitted() {
        assertThat(new ViewRoll(false).admit(ONE, state(3))).isTrue();
    }
}
