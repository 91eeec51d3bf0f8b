package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.view.SampleCountRule;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** One report of all members leads to what their reports one by one lead to. */
final class JobAllProgressedTest {
    private static final int STEPS = 300;

    private static JobStory started() {
        var story = new JobStory(2, 2, 1, STEPS);
        story.attach("a0", "a1", "a2", "a3", "a4");
        story.isIn(JobPhase.ACTIVE);
        story.hold = effect -> !(effect instanceof JobEffect.Publish);
        return story;
    }

    private static StepRun run(JobStory story, Random random, long first, long last) {
        long samples = SampleCountRule.samples(story.spec, 0, first, last);
        return new StepRun(
                first,
                last,
                1_000 * (last - first + 1),
                random.nextInt(500),
                random.nextInt(300),
                random.nextInt(300),
                random.nextInt(300),
                random.nextInt(300),
                samples,
                0,
                random.nextFloat(),
                Digest.NONE,
                0,
                0);
    }

    private static void oneByOne(JobStory story, List<StepRun> runs, long floor) {
        for (int rank = 0; rank < story.spec.mesh().ranks(); rank++) {
            report(story, rank, runs, floor);
        }
    }

    private static void report(JobStory story, int rank, List<StepRun> runs, long floor) {
        long epoch = JobTransitionsTest.epochOf(story);
        tellNow(
                story,
                new JobEvent.ProgressReported(
                        story.atRank(rank).key, new Progress(epoch, rank, runs, floor)));
    }

    /** A story's clock goes on with every event; here it stands. */
    private static void tellNow(JobStory story, JobEvent event) {
        story.now -= JobStory.MILLI / 10;
        story.tell(event);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leadsToTheSame(long seed) {
        var random = new Random(seed);
        JobStory each = started();
        JobStory all = started();
        long done = 0;
        while (done < STEPS && each.machine.phase() == JobPhase.ACTIVE) {
            each.now += 1_000_000;
            all.now += 1_000_000;
            long last = Math.min(STEPS, done + 1 + random.nextInt(6));
            var runs = new ArrayList<StepRun>();
            if (random.nextInt(5) == 0 && last > done + 1) {
                runs.add(run(each, random, done + 1, last - 1));
                runs.add(run(each, random, last, last));
            } else {
                runs.add(run(each, random, Math.max(1, done + 1 - random.nextInt(2)), last));
            }
            long floor = Math.max(0, done - random.nextInt(5));
            if (random.nextInt(4) == 0) {
                // One said it before the others.
                int early = random.nextInt(4);
                report(each, early, runs, floor);
                report(all, early, runs, floor);
            }
            oneByOne(each, runs, floor);
            tellNow(all, new JobEvent.AllProgressed(JobTransitionsTest.epochOf(all), runs, floor));
            done = last;
            assertThat(texts(all)).isEqualTo(texts(each));
            assertThat(all.ledger.totals()).isEqualTo(each.ledger.totals());
            assertThat(all.machine.completedStep()).isEqualTo(each.machine.completedStep());
            assertThat(all.machine.protectedStep()).isEqualTo(each.machine.protectedStep());
            assertThat(all.machine.grantedThrough()).isEqualTo(each.machine.grantedThrough());
        }
        assertThat(each.machine.completedStep()).isEqualTo(STEPS);
        assertThat(all.machine.phase()).isEqualTo(each.machine.phase());
    }

    private static List<String> texts(JobStory story) {
        return story.effects.stream().map(String::valueOf).toList();
    }
}
