package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

class OutlookTest {
    private static final int RANKS = 2;

    private final Set<String> alive = new HashSet<>(List.of("a0", "a1", "a2"));
    private final Outlook outlook = new Outlook(alive::contains);

    private void attach(String... agents) {
        for (String agent : agents) {
            outlook.heard(new CoordinatorEvent.AgentAttached(agent, "i", "d"));
        }
    }

    private void lose(String agent) {
        outlook.heard(new CoordinatorEvent.AgentLost(agent, "i", "it was silent"));
    }

    private void end(String agent) {
        alive.remove(agent);
        outlook.ended(agent, 137);
    }

    private void begin() {
        outlook.heard(
                new CoordinatorEvent.ViewActivated("j", 1, 0, List.of("a0", "a1"), List.of("a2")));
    }

    @Test
    void whoIsSilentBeforeTheJobBeginsMayComeBack() {
        attach("a0", "a1", "a2");
        lose("a0");
        lose("a1");
        lose("a2");
        assertThat(outlook.hopeless(RANKS)).isNull();
    }

    @Test
    void whoseProcessEndsBeforeTheJobBeginsDoesNot() {
        attach("a0", "a1", "a2");
        end("a0");
        lose("a0");
        assertThat(outlook.hopeless(RANKS)).as("two are left").isNull();
        lose("a1");
        end("a1");
        assertThat(outlook.hopeless(RANKS))
                .isEqualTo(
                        "the job cannot begin: 2 agents needed, 2 of 3 cannot run it. a0: it was"
                                + " silent");
        // Somebody started it again.
        alive.add("a1");
        attach("a1");
        assertThat(outlook.hopeless(RANKS)).isNull();
    }

    @Test
    void whoEndsWithoutAWordIsTold() {
        attach("a0", "a1", "a2");
        end("a2");
        end("a1");
        assertThat(outlook.hopeless(RANKS)).contains("a2: its process ended with status 137");
    }

    @Test
    void onceTheJobHasBegunOnlyThoseCountThatCannotRunIt() {
        attach("a0", "a1", "a2");
        end("a0");
        begin();
        lose("a1");
        end("a1");
        assertThat(outlook.begun()).isTrue();
        assertThat(outlook.hopeless(RANKS)).isNull();
        outlook.heard(new CoordinatorEvent.AgentUnfit("j", "a1", "no memory"));
        outlook.heard(new CoordinatorEvent.AgentUnfit("j", "a2", "no memory"));
        assertThat(outlook.hopeless(RANKS))
                .startsWith("the job cannot go on: 2 agents needed, 2 of 3 cannot run it.");
    }
}
