package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.List;

class ViewRollTest {
    private static final AgentKey ONE = new AgentKey("one", "11");
    private static final AgentKey TWO = new AgentKey("two", "22");
    private static final AgentKey TWO_AGAIN = new AgentKey("two", "23");

    private static AgentEvent ordered(String job, long epoch, AgentKey... members) {
        List<Peer> peers =
                List.of(members).stream()
                        .map(key -> new Peer(key, new Endpoint("127.0.0.1", 1)))
                        .toList();
        return new AgentEvent.ViewOrdered(
                1,
                new PrepareOrder(
                        new View(job, epoch, 0, 0, members.length, 1, peers),
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
        assertThat(roll.admits(ONE)).isFalse();
        roll.heard(ordered("j", 4, ONE, TWO));
        assertThat(roll.admits(ONE)).isTrue();
        assertThat(roll.admits(TWO)).isTrue();
        assertThat(roll.admits(TWO_AGAIN)).isFalse();
        // A late word of an older view changes nothing, a newer one everything.
        roll.heard(ordered("j", 3, TWO_AGAIN));
        assertThat(roll.admits(TWO_AGAIN)).isFalse();
        roll.heard(ordered("j", 5, TWO_AGAIN));
        assertThat(roll.admits(TWO_AGAIN)).isTrue();
        assertThat(roll.admits(ONE)).isFalse();
        // Epochs are a job's own.
        roll.heard(ordered("k", 1, ONE));
        assertThat(roll.admits(ONE)).isTrue();
        assertThat(roll.admits(TWO_AGAIN)).isFalse();
    }

    @Test
    void whereNobodyProvesAnythingEverybodyIsAdmitted() {
        assertThat(new ViewRoll(false).admits(ONE)).isTrue();
    }
}
