package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.FoundJob;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.recovery.RecoveryReason;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the store holds of a job that ran, for the core. Stateless. */
final class FoundJobs {
    private static final Logger LOG = LoggerFactory.getLogger(FoundJobs.class);

    private FoundJobs() {}

    /** True if that job began under some leader. */
    static boolean ran(StoredJob job) {
        return job.result() == null && (job.view() != null || job.account() != null);
    }

    static FoundJob of(StoredJob job) {
        StoreRecord.ViewRecord view = job.view();
        StoreRecord.Account account = job.account();
        return new FoundJob(
                view == null ? null : view.state(),
                view == null ? null : view.view(),
                view == null ? null : view.placement(),
                view == null ? Lineage.EMPTY : view.lineage(),
                account == null ? FoundJob.Account.NONE : account(account),
                pause(job));
    }

    /** Whether it is to make steps. */
    static FoundJob.Pause pause(StoredJob job) {
        StoreRecord.Pause pause = job.pause();
        return pause == null
                ? FoundJob.Pause.NEVER
                : new FoundJob.Pause(pause.paused(), pause.reason(), pause.untilNanos());
    }

    private static FoundJob.Account account(StoreRecord.Account account) {
        Map<Category, BigInteger> categories = new EnumMap<>(Category.class);
        account.categoryNanos()
                .forEach((key, nanos) -> categories.merge(category(key), nanos, BigInteger::add));
        return new FoundJob.Account(
                account.epoch(),
                account.completedStep(),
                account.protectedStep(),
                account.jobTimeNanos(),
                categories,
                account.unsettled(),
                incidents(account.incidentsJson()),
                account.history());
    }

    // A category of a newer version is time all the same.
    private static Category category(String key) {
        for (Category category : Category.values()) {
            if (category.key().equals(key)) {
                return category;
            }
        }
        return Category.OTHER;
    }

    private static List<Incident> incidents(List<String> json) {
        var incidents = new ArrayList<Incident>();
        for (String one : json) {
            try {
                incidents.add(incident(JobReport.IncidentReport.fromJson(one)));
            } catch (IllegalArgumentException unreadable) {
                // History only: nothing is decided by it.
                LOG.warn("an incident of a leader before cannot be read: {}", one, unreadable);
            }
        }
        return incidents;
    }

    private static Incident incident(JobReport.IncidentReport told) {
        JobReport.Phases phases = told.phasesNanos();
        return new Incident(
                told.id(),
                told.cause(),
                told.agents(),
                told.atStep(),
                told.resumedAtStep(),
                told.stepsLost(),
                told.sources().stream()
                        .map(source ->
                                new Incident.Source(
                                        source.rank(),
                                        "",
                                        source.source(),
                                        source.fromAgent(),
                                        source.bytes()))
                        .toList(),
                new Incident.Phases(
                        phases.detect(),
                        phases.fence(),
                        phases.decide(),
                        phases.restore(),
                        phases.resume()),
                told.closed(),
                Incident.Kind.valueOf(told.kind().toUpperCase(Locale.ROOT)),
                told.beganNanos(),
                told.waterfall().stream()
                        .map(stretch ->
                                new Incident.Stretch(
                                        Incident.Phase.valueOf(
                                                stretch.phase().toUpperCase(Locale.ROOT)),
                                        stretch.epoch(),
                                        stretch.beganNanos(),
                                        stretch.nanos(),
                                        stretch.reason(),
                                        stretch.waitedFor()))
                        .toList(),
                told.reason().isEmpty() ? null : new RecoveryReason.Former(told.reason()),
                told.repeats(),
                told.costSlotNanos());
    }
}
