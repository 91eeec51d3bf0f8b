package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.ledger.UnsettledRun;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is kept of a job. Each kind replaces the one before it. */
public sealed interface StoreRecord {
    /** What kind of record: a job has one of each. */
    enum Kind {
        SPEC,
        VIEW,
        ACCOUNT,
        RESULT,
        PAUSE,
        /** No record: that there are none any more. */
        FORGOTTEN,
        /** No record: that the term still stands. */
        TERM_CHECK,
        /** Of no job. */
        SET_ASIDES
    }

    String jobId();

    Kind kind();

    /** The job as submitted. */
    record Spec(JobSpec job, long submittedOrder) implements StoreRecord {
        @Override
        public String jobId() {
            return job.jobId();
        }

        @Override
        public Kind kind() {
            return Kind.SPEC;
        }
    }

    /** The newest view and how far its installation is. */
    record ViewRecord(
            String jobId,
            ViewState state,
            View view,
            @Nullable Placement placement,
            Lineage lineage)
            implements StoreRecord {
        @Override
        public Kind kind() {
            return Kind.VIEW;
        }
    }

    /**
     * Totals that a later leader goes on from; slot-nanoseconds by category.
     *
     * @param epoch the view that was active; 0: none yet
     * @param unsettled productive time that may yet be rolled back, oldest first
     * @param history when the time was spent, which may be some seconds old; null: not kept
     */
    record Account(
            String jobId,
            long term,
            long completedStep,
            long protectedStep,
            long jobTimeNanos,
            Map<String, BigInteger> categoryNanos,
            List<String> incidentsJson,
            long epoch,
            List<UnsettledRun> unsettled,
            @Nullable FrozenHistory history)
            implements StoreRecord {
        /** Of a job without a view. */
        public Account(
                String jobId,
                long term,
                long completedStep,
                long protectedStep,
                long jobTimeNanos,
                Map<String, BigInteger> categoryNanos,
                List<String> incidentsJson) {
            this(
                    jobId,
                    term,
                    completedStep,
                    protectedStep,
                    jobTimeNanos,
                    categoryNanos,
                    incidentsJson,
                    0,
                    List.of(),
                    null);
        }

        /** When the time was spent was not kept. */
        public Account(
                String jobId,
                long term,
                long completedStep,
                long protectedStep,
                long jobTimeNanos,
                Map<String, BigInteger> categoryNanos,
                List<String> incidentsJson,
                long epoch,
                List<UnsettledRun> unsettled) {
            this(
                    jobId,
                    term,
                    completedStep,
                    protectedStep,
                    jobTimeNanos,
                    categoryNanos,
                    incidentsJson,
                    epoch,
                    unsettled,
                    null);
        }

        public Account {
            unsettled = List.copyOf(unsettled);
            categoryNanos =
                    java.util.Collections.unmodifiableMap(new LinkedHashMap<>(categoryNanos));
            incidentsJson = List.copyOf(incidentsJson);
        }

        @Override
        public Kind kind() {
            return Kind.ACCOUNT;
        }
    }

    /**
     * Whether the job is to make steps.
     *
     * @param untilNanos of one that is to: job time up to which it stood; 0: it did not
     */
    record Pause(String jobId, boolean paused, String reason, long untilNanos)
            implements StoreRecord {
        @Override
        public Kind kind() {
            return Kind.PAUSE;
        }
    }

    /**
     * A finished job of which nothing is kept any more. One that is not finished stays as it is.
     */
    record Forgotten(String jobId) implements StoreRecord {
        @Override
        public Kind kind() {
            return Kind.FORGOTTEN;
        }
    }

    /**
     * Nothing is written: durable if the term still stands. Who says that nothing has to be done
     * for a job may be a leader of the past.
     */
    record TermCheck(String jobId) implements StoreRecord {
        @Override
        public Kind kind() {
            return Kind.TERM_CHECK;
        }
    }

    /** Agents that are out of service: what people and monitors said, by id. Of no job. */
    record SetAsides(List<SetAside> agents) implements StoreRecord {
        public SetAsides {
            agents = List.copyOf(agents);
        }

        @Override
        public String jobId() {
            return "";
        }

        @Override
        public Kind kind() {
            return Kind.SET_ASIDES;
        }
    }

    /** How the job ended. */
    record Result(String jobId, boolean completed, String reason, String reportJson)
            implements StoreRecord {
        @Override
        public Kind kind() {
            return Kind.RESULT;
        }
    }
}
