package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Swarm;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Somebody with an agent's certificate claims higher terms all the time, in whole clusters. */
final class FalseTermsTest {
    private static final int CALM = 20;
    private static final int ROUGH = 60;

    /** Attaches in the name of an agent that is there, over and over, and claims a higher term. */
    private static final class Thief implements Interceptor {
        private final SplittableRandom random;
        private final Map<TermVerdict, Long> told = new EnumMap<>(TermVerdict.class);
        private final List<CoordinatorEvent> resigned = new ArrayList<>();
        private @Nullable AgentProfile victim;
        private long stream = 1L << 40;

        Thief(long seed) {
            random = new SplittableRandom(seed);
        }

        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            if (input instanceof CoordinatorInput.AgentAttached attached) {
                victim = attached.agent();
            }
            AgentProfile robbed = victim;
            if (robbed == null || random.nextInt(20) != 0) {
                return List.of(input);
            }
            var stolen =
                    new AgentProfile(
                            new AgentKey(robbed.key().id(), "f".repeat(32)),
                            robbed.dataEndpoint(),
                            robbed.domain(),
                            robbed.arenaBudgetBytes());
            long term = coordinator.term() + 1;
            return List.of(
                    input,
                    new CoordinatorInput.AgentAttached(
                            stream++,
                            random.nextBoolean() ? term : random.nextLong(term, Long.MAX_VALUE),
                            stolen,
                            Map.of(),
                            "",
                            Inventory.EMPTY,
                            0,
                            null,
                            CoordinatorStatus.AgentProcess.UNKNOWN));
        }

        @Override
        public EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
            return (event, nowNanos, term, jobId, epoch, step) -> {
                if (event instanceof CoordinatorEvent.TermClaimed claim) {
                    told.merge(claim.verdict(), claim.claims(), Long::sum);
                } else if (event instanceof CoordinatorEvent.LeadershipLost lost
                        && lost.reason().contains("has heard of")) {
                    resigned.add(event);
                }
                port.publish(event, nowNanos, term, jobId, epoch, step);
            };
        }
    }

    private static Thief run(Drill drill) {
        var thief = new Thief(drill.seed());
        SeedResult result = Swarm.run(drill, () -> thief, null);
        assertThat(result.invariant())
                .as("seed %d: %s\n%s", drill.seed(), result.message(), result.lastEvents())
                .isNull();
        return thief;
    }

    @Test
    void nobodyResignsWhereNothingElseFails() {
        for (long seed = 1; seed <= CALM; seed++) {
            Thief thief = run(Drill.of(seed).withFaults(List.of()));
            assertThat(thief.resigned).as("seed %d", seed).isEmpty();
            assertThat(thief.told.get(TermVerdict.HELD)).as("seed %d", seed).isPositive();
        }
    }

    @Test
    void invariantsHoldWhereLeadersAreCutOffTooAndTrueWordsComeAsWell() {
        var told = new EnumMap<TermVerdict, Long>(TermVerdict.class);
        for (long seed = 1; seed <= ROUGH; seed++) {
            run(Drill.of(seed))
                    .told
                    .forEach((verdict, claims) -> told.merge(verdict, claims, Long::sum));
        }
        assertThat(told.get(TermVerdict.HELD)).isPositive();
        assertThat(told.get(TermVerdict.UNKNOWN)).isPositive();
    }
}
