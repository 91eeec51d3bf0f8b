package io.coxswain.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.checker.StoreOutage;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.OptionalLong;

/** When ZooKeeper was away, and how long it took until everything was normal after that. */
class StoreWatchTest {
    private boolean serves = true;
    private boolean normal = true;
    private boolean closed;

    private final StoreWatch watch =
            new StoreWatch(
                    () -> serves,
                    new StoreWatch.Normality() {
                        @Override
                        public boolean isNormal() {
                            return normal;
                        }

                        @Override
                        public void close() {
                            closed = true;
                        }
                    });

    @Test
    void anOutageIsFromTheFirstQuestionInVainToTheFirstNormalAnswerAfterItsEnd() {
        watch.look(1);
        assertThat(watch.outages()).isEmpty();

        serves = false;
        normal = false;
        watch.look(10);
        watch.look(20);
        serves = true;
        watch.look(30);
        watch.look(40);
        assertThat(watch.outages())
                .containsExactly(new StoreOutage(10, OptionalLong.of(30), OptionalLong.empty()));
        assertThat(watch.outages().getFirst().recoveryNanos()).isEmpty();

        normal = true;
        watch.look(50);
        StoreOutage over = watch.outages().getFirst();
        assertThat(over.normalNanos()).isPresent();
        assertThat(over.backNanos()).hasValue(30);
        assertThat(over.recoveryNanos()).isPresent();
        watch.look(60);
        assertThat(watch.outages()).containsExactly(over);
    }

    @Test
    void aQuorumThatIsThereForAMomentOnlyIsNone() {
        serves = false;
        normal = false;
        watch.look(10);
        watch.look(15);
        serves = true;
        watch.look(20);
        serves = false;
        watch.look(30);
        watch.look(35);
        assertThat(watch.outages())
                .containsExactly(new StoreOutage(10, OptionalLong.empty(), OptionalLong.empty()));
        serves = true;
        watch.look(40);
        assertThat(watch.outages().getFirst().backNanos()).hasValue(40);
    }

    @Test
    void twoOutagesAreTwo() {
        for (long asked : new long[] {10, 30}) {
            serves = false;
            watch.look(asked);
            watch.look(asked + 1);
            serves = true;
            watch.look(asked + 10);
        }
        serves = false;
        watch.look(50);
        serves = true;
        watch.look(60);
        assertThat(watch.outages()).as("one question in vain is none").hasSize(2);
        var never = new StoreOutage(5, OptionalLong.empty(), OptionalLong.empty());
        assertThat(StoreOutage.table(StoreOutage.rows("mine", List.of(never))))
                .hasSize(3)
                .last()
                .asString()
                .contains("mine", "–");
        assertThat(StoreOutage.table(List.of())).isEmpty();
    }

    @Test
    void whatItAsksWithIsClosedWithIt() {
        watch.close();
        assertThat(closed).isTrue();
    }

    private static StatusResponse status(long term, boolean outOfReach, JobPhase phase) {
        return StatusResponse.newBuilder()
                .setTerm(term)
                .setStoreOutOfReach(outOfReach)
                .addJobs(JobStatus.newBuilder().setJobId("j").setPhase(phase))
                .build();
    }

    @Test
    void itIsNormalWhenALeaderDecidesAndTheViewIsActive() {
        JobPhase active = JobPhase.JOB_PHASE_ACTIVE;
        assertThat(StoreWatch.isNormal(status(1, false, active), "j")).isTrue();
        assertThat(StoreWatch.isNormal(status(1, false, JobPhase.JOB_PHASE_COMPLETED), "j"))
                .isTrue();
        assertThat(StoreWatch.isNormal(status(0, false, active), "j")).isFalse();
        assertThat(StoreWatch.isNormal(status(1, true, active), "j")).isFalse();
        assertThat(StoreWatch.isNormal(status(1, false, JobPhase.JOB_PHASE_RECOVERING), "j"))
                .isFalse();
        assertThat(StoreWatch.isNormal(status(1, false, active), "k")).isFalse();
    }

    @Test
    void onlyFaultsOfZooKeeperConcernIt() {
        assertThat(StoreWatch.concerns(new Target.ZooKeeper())).isTrue();
        assertThat(StoreWatch.concerns(new Target.ZooKeepers(List.of(0)))).isTrue();
        assertThat(StoreWatch.concerns(new Target.Coordinator())).isFalse();
    }
}
