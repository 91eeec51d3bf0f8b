package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** When a view that was found goes on, and what is granted in it. */
class AdoptionRuleTest {
    private static final long EPOCH = 4;
    private static final long BASE = 10;
    private static final View VIEW =
            new View(EPOCH, 2, BASE, new Mesh(2, 1), List.of(agent("a", 1), agent("b", 1)));

    private static AgentProfile agent(String id, int incarnation) {
        return new AgentProfile(
                new AgentKey(id, String.format("%032x", incarnation)),
                new DataEndpoint(id, 7000),
                FailureDomain.parse("pod/" + id),
                1L << 30);
    }

    private static FoundJob found(ViewState state) {
        return new FoundJob(
                state,
                VIEW,
                null,
                Lineage.EMPTY.branch(2, 0).branch(EPOCH, BASE),
                FoundJob.Account.NONE);
    }

    private static Inventory inventory(long promised, boolean worker, long step) {
        return new Inventory(
                promised,
                worker,
                new HeldState(new StateName(EPOCH, step, 0), Digest.NONE, 1),
                List.of(),
                List.of(),
                null,
                BASE);
    }

    private static Standing standing(int rank, long through, GrantedFloor... floors) {
        return new Standing(
                EPOCH,
                rank,
                true,
                through,
                List.of(floors),
                5,
                0,
                false,
                false,
                1,
                SnapshotInterval.PLANNED);
    }

    private static Takeover.Present member(int rank) {
        return new Takeover.Present(
                VIEW.members().get(rank), inventory(EPOCH, true, 12), standing(rank, 20), 5, 0);
    }

    private static Map<String, Takeover.Present> members() {
        var members = new TreeMap<String, Takeover.Present>();
        members.put("a", member(0));
        members.put("b", member(1));
        return members;
    }

    private static List<AdoptionObstacle> obstacles(Map<String, Takeover.Present> present) {
        return AdoptionRule.obstacles(found(ViewState.ACTIVE), false, present, 7_000_000);
    }

    private static List<AdoptionObstacle> obstacle(Takeover.Present other) {
        var members = members();
        members.put("b", other);
        return obstacles(members);
    }

    @Test
    void allAreThere() {
        assertThat(obstacles(members())).isEmpty();
        assertThat(AdoptionRule.obstacles(found(ViewState.FINISHING), true, members(), 0))
                .isEmpty();
    }

    @Test
    void eachObstacleHasItsReason() {
        AgentProfile b = VIEW.members().get(1);
        assertThat(AdoptionRule.obstacles(found(ViewState.PREPARING), false, members(), 0))
                .containsExactly(new AdoptionObstacle.ViewUnfinished(EPOCH));
        var alone = members();
        alone.remove("b");
        assertThat(obstacles(alone))
                .containsExactly(new AdoptionObstacle.MemberMissing(1, "b", 7_000_000));
        AgentProfile again = agent("b", 2);
        assertThat(
                        obstacle(
                                new Takeover.Present(
                                        again, inventory(EPOCH, true, 12), standing(1, 20), 5, 0)))
                .containsExactly(new AdoptionObstacle.MemberRestarted(1, b.key(), again.key()));
        assertThat(
                        obstacle(
                                new Takeover.Present(
                                        b, inventory(EPOCH + 1, true, 12), standing(1, 20), 5, 0)))
                .containsExactly(new AdoptionObstacle.MemberFenced(1, "b", EPOCH + 1, EPOCH));
        assertThat(
                        obstacle(
                                new Takeover.Present(
                                        b, inventory(EPOCH, false, 12), standing(1, 20), 5, 0)))
                .containsExactly(new AdoptionObstacle.WorkerGone(1, "b"));
        assertThat(
                        obstacle(
                                new Takeover.Present(
                                        b, inventory(EPOCH, true, 12), standing(0, 20), 5, 0)))
                .containsExactly(new AdoptionObstacle.NotInView(1, "b", EPOCH));
        assertThat(obstacle(new Takeover.Present(b, inventory(EPOCH, true, 12), null, 5, 0)))
                .containsExactly(new AdoptionObstacle.NotInView(1, "b", EPOCH));
    }

    @Test
    void aGroupThatFormsEndsWithItsLeader() {
        var members = members();
        members.replaceAll((id, one) ->
                new Takeover.Present(
                        one.agent(), inventory(EPOCH, true, BASE), one.standing(), 5, 0));
        assertThat(AdoptionRule.obstacles(found(ViewState.ACTIVE), true, members, 0))
                .containsExactly(new AdoptionObstacle.GroupForming(EPOCH));
        assertThat(AdoptionRule.obstacles(found(ViewState.ACTIVE), false, members, 0)).isEmpty();
        members.put("b", member(1));
        assertThat(AdoptionRule.obstacles(found(ViewState.ACTIVE), true, members, 0)).isEmpty();
    }

    @Test
    void ofManyTheFirstAreTold() {
        var many = new ArrayList<AdoptionObstacle>();
        for (int rank = 0; rank < 9; rank++) {
            many.add(new AdoptionObstacle.MemberMissing(rank, "a" + rank, 0));
        }
        many.add(new AdoptionObstacle.WorkerGone(9, "a9"));
        assertThat(AdoptionObstacle.texts(many))
                .contains("a0", "a2", "a9")
                .doesNotContain("a3,")
                .endsWith("; and 6 more");
        assertThat(AdoptionObstacle.texts(Collections.emptyList())).isEmpty();
    }

    @Test
    void whereTheRuntimeReducesFloorsThatWereGrantedStand() {
        var spec =
                new JobSpec(
                        "job-1",
                        "digits",
                        VIEW.mesh(),
                        1_000,
                        7,
                        "digits",
                        32,
                        8,
                        1,
                        1,
                        1,
                        1_000_000,
                        "runtime",
                        "runtime",
                        "process",
                        "{}");
        var takeover = new Takeover(spec, found(ViewState.ACTIVE), JobLimits.defaults(), 100);
        takeover.attached(
                new Takeover.Present(
                        VIEW.members().get(0),
                        inventory(EPOCH, true, 12),
                        standing(0, 20, new GrantedFloor(16, 10), new GrantedFloor(20, 11)),
                        5,
                        100));
        assertThat(takeover.isDue(100)).isFalse();
        assertThat(takeover.missing()).isEqualTo(1);
        takeover.attached(
                new Takeover.Present(
                        VIEW.members().get(1),
                        inventory(EPOCH, true, 12),
                        standing(1, 16, new GrantedFloor(16, 10)),
                        5,
                        100));
        assertThat(takeover.isDue(100)).isTrue();

        JobMachine machine = JobMachine.takenOver(takeover, JobLimits.defaults(), 100);
        var starts =
                machine.opening().effects().stream()
                        .filter(JobEffect.SendStartView.class::isInstance)
                        .map(JobEffect.SendStartView.class::cast)
                        .toList();

        assertThat(machine.phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(starts).hasSize(2);
        for (JobEffect.SendStartView start : starts) {
            assertThat(start.epoch()).isEqualTo(EPOCH);
            assertThat(start.through()).isGreaterThanOrEqualTo(20);
            // What one of them lacks it is told, and nothing is said anew of steps that were
            // granted.
            assertThat(start.floors())
                    .startsWith(new GrantedFloor(16, 10), new GrantedFloor(20, 11));
            assertThat(start.floors().stream().skip(2))
                    .allMatch(floor -> floor.through() > 20 && floor.floor() >= 10);
        }
    }
}
