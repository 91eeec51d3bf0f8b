package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;
import io.coxswain.coordinator.picture.Window;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * One job's meters, labelled with its id: the account is the job's own, whoever leads, so its
 * counters go on where the last leader's ended.
 */
final class JobMeters implements AutoCloseable {
    private static final String PAUSED = "paused";
    private static final List<String> WINDOWS = List.of("5m", "1h", "24h", "run");
    private static final List<String> PHASES =
            List.of("detect", "fence", "decide", "restore", "resume");
    private static final double NANOS = 1e9;

    private final LongSupplier nanos;
    private final MeterGroup<JobMeters> group;
    private volatile JobPicture job;
    private volatile long stepAtNanos;
    private volatile long jobPhaseAtNanos;
    private volatile long recoveryPhaseAtNanos;

    JobMeters(MeterRegistry registry, Tags common, JobPicture first, LongSupplier nanos) {
        this.nanos = nanos;
        job = first;
        long now = nanos.getAsLong();
        stepAtNanos = now;
        jobPhaseAtNanos = now;
        recoveryPhaseAtNanos = now;
        group = new MeterGroup<>(registry, common.and("job_id", first.id()), this);
        account();
        steps();
        protection();
        incidents();
        states();
    }

    String id() {
        return job.id();
    }

    /** What is known by now. One thread at a time. */
    void update(JobPicture newest) {
        JobPicture before = job;
        long now = nanos.getAsLong();
        // While somebody has it stand, no step is late.
        if (newest.completedStep() != before.completedStep()
                || newest.phase().equals(PAUSED)
                || before.phase().equals(PAUSED)) {
            stepAtNanos = now;
        }
        if (!newest.phase().equals(before.phase())) {
            jobPhaseAtNanos = now;
        }
        if (!openPhase(newest).equals(openPhase(before))) {
            recoveryPhaseAtNanos = now;
        }
        job = newest;
    }

    private void account() {
        counter(
                "coxswain.productive.slot.seconds",
                "Slot time that completed steps took, when it was booked",
                counters -> seconds(counters.productiveSlotNanos()));
        counter(
                "coxswain.retracted.slot.seconds",
                "Productive slot time that was rolled back later; it is lost_progress then",
                counters -> seconds(counters.retractedSlotNanos()));
        for (Category category : Category.values()) {
            if (category != Category.PRODUCTIVE) {
                group.total(
                        "coxswain.loss.slot.seconds",
                        "Slot time that was not productive, by category",
                        _ ->
                                seconds(
                                        job.counters()
                                                .lossSlotNanos()
                                                .getOrDefault(category, BigInteger.ZERO)),
                        "category",
                        category.key());
            }
        }
        for (String window : WINDOWS) {
            group.gauge(
                    "coxswain.goodput.ratio",
                    "Productive slot time over all slot time of the newest stretch of the run",
                    _ -> ratio(window),
                    "window",
                    window);
        }
        gauge("coxswain.slots", "Rank slots of the mesh", JobPicture::slots);
        gauge(
                "coxswain.job.elapsed.seconds",
                "Job time since the job began",
                all -> all.elapsedNanos() / NANOS);
        reliability(
                "coxswain.mtbf.seconds",
                "Job time by unplanned incidents",
                Reliability::mtbfSeconds);
        reliability(
                "coxswain.mttr.seconds",
                "Mean time from the last sign of what failed to steps at full strength",
                Reliability::mttrSeconds);
        reliability(
                "coxswain.ettr.ratio",
                "Share of the slots' time in which the job trained, whatever a step cost",
                Reliability::ettr);
        reliability(
                "coxswain.mfu.ratio",
                "Model FLOPs utilisation by the median step; NaN: the job does not state it",
                Reliability::mfu);
    }

    private void steps() {
        gauge("coxswain.completed.step", "Newest completed step", JobPicture::completedStep);
        gauge("coxswain.wanted.steps", "Steps that the job is to make", JobPicture::steps);
        counter(
                "coxswain.steps.completed",
                "Steps completed, also again after a rollback",
                Counters::stepsCompleted);
        counter(
                "coxswain.steps.rolled.back",
                "Completed steps that were taken back",
                Counters::stepsRolledBack);
        gauge(
                "coxswain.step.age.seconds",
                "Time since the newest step completed, or since this coordinator leads the job",
                all -> all.ended() ? 0 : age(stepAtNanos));
        step(
                "coxswain.step.median.seconds",
                "Median step time of the newest steps",
                StepFigures::medianNanos);
        step(
                "coxswain.step.p95.seconds",
                "95th percentile of the newest step times",
                StepFigures::p95Nanos);
        step(
                "coxswain.step.best.median.seconds",
                "Least median step time that the job sustained",
                StepFigures::bestMedianNanos);
        gauge(
                "coxswain.step.slowdown.ratio",
                "Newest sustained median step time over the best, less one",
                all -> all.stepTimes().slowdown());
        gauge("coxswain.loss", "Loss of the newest completed step", JobPicture::loss);
    }

    private void protection() {
        gauge("coxswain.protected.step", "Newest protected step", JobPicture::protectedStep);
        gauge(
                "coxswain.protected.step.lag.seconds",
                "What the steps since the protected one took",
                all -> all.protectedLagNanos() / NANOS);
        gauge(
                "coxswain.protected.step.lag.steps",
                "Steps completed since the protected one",
                JobPicture::protectedLagSteps);
        gauge(
                "coxswain.copies.wanted",
                "Copies of each shard that the job asks for",
                all -> all.copies().wanted());
        gauge("coxswain.copies.least", "Copies of the worst shard", all -> all.copies().least());
        gauge(
                "coxswain.single.host.fatal",
                "1: a shard has no instance outside one host",
                all -> all.copies().anySingleHostFatal() ? 1 : 0);
        counter(
                "coxswain.copy.bytes",
                "Bytes of copies that holders verified",
                Counters::copyBytes);
        counter(
                "coxswain.copies.verified",
                "Copies that holders verified",
                Counters::copiesVerified);
        counter(
                "coxswain.snapshots.skipped",
                "Snapshots that all ranks left out for want of a free slot",
                Counters::skippedSnapshots);
        group.total(
                "coxswain.exports.failed",
                "Parts of states that could not be left in the job's folder",
                _ -> job.exports().failed());
        counter(
                "coxswain.corruptions",
                "States that were offered and did not match",
                Counters::corruptions);
        counter(
                "coxswain.fenced.messages",
                "Reports of older epochs, dropped",
                Counters::fencedMessages);
    }

    private void incidents() {
        counter("coxswain.recoveries", "Views installed after the first", Counters::recoveries);
        counter("coxswain.views", "Views installed", Counters::views);
        for (boolean planned : new boolean[] {false, true}) {
            group.gauge(
                    "coxswain.incident.open",
                    "1: an incident is open",
                    _ -> {
                        IncidentPicture open = open(job);
                        return open != null && open.planned() == planned ? 1 : 0;
                    },
                    "planned",
                    String.valueOf(planned));
        }
        for (String phase : PHASES) {
            group.gauge(
                    "coxswain.recovery.phase.age.seconds",
                    "Time since the open incident's recovery is in this phase; 0: it is not",
                    _ -> openPhase(job).equals(phase) ? age(recoveryPhaseAtNanos) : 0,
                    "phase",
                    phase);
        }
    }

    private void states() {
        gauge("coxswain.epoch", "Epoch of the newest view", JobPicture::epoch);
        for (CoordinatorStatus.JobPhase phase : CoordinatorStatus.JobPhase.values()) {
            String key = phase.name().toLowerCase(Locale.ROOT);
            group.gauge(
                    "coxswain.job.phase",
                    "1: the job is in this phase",
                    _ -> job.phase().equals(key) ? 1 : 0,
                    "phase",
                    key);
        }
        gauge(
                "coxswain.job.waiting.seconds",
                "Time since the job waits for agents; 0: it does not",
                all -> all.phase().equals("waiting") ? age(jobPhaseAtNanos) : 0);
    }

    private void gauge(String name, String text, ToDoubleFunction<JobPicture> value) {
        group.gauge(name, text, _ -> value.applyAsDouble(job));
    }

    private void counter(String name, String text, ToDoubleFunction<Counters> value) {
        group.total(name, text, _ -> value.applyAsDouble(job.counters()));
    }

    private void reliability(String name, String text, ToDoubleFunction<Reliability> value) {
        group.gauge(name, text, _ -> value.applyAsDouble(job.reliability()));
    }

    private void step(String name, String text, ToDoubleFunction<StepFigures> value) {
        group.gauge(name, text, _ -> value.applyAsDouble(job.stepTimes()) / NANOS);
    }

    private double ratio(String window) {
        for (Window one : job.windows()) {
            if (one.name().equals(window)) {
                return one.ratio();
            }
        }
        return Double.NaN;
    }

    private double age(long sinceNanos) {
        return (nanos.getAsLong() - sinceNanos) / NANOS;
    }

    private static double seconds(BigInteger slotNanos) {
        return slotNanos.doubleValue() / NANOS;
    }

    private static @Nullable IncidentPicture open(JobPicture job) {
        IncidentPicture last = job.incidents().isEmpty() ? null : job.incidents().getLast();
        return last == null || last.closed() ? null : last;
    }

    private static String openPhase(JobPicture job) {
        IncidentPicture open = open(job);
        return open == null ? "" : open.phase();
    }

    @Override
    public void close() {
        group.close();
    }
}
