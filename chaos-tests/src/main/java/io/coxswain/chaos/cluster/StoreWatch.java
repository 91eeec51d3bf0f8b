package io.coxswain.chaos.cluster;

import io.coxswain.chaos.checker.StoreOutage;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Sees when nobody serves as ZooKeeper, when somebody does again, and when everything is normal
 * after that. It has to ask: neither servers nor coordinators tell the moment. Thread-safe.
 */
final class StoreWatch implements AutoCloseable {
    private static final long ASK_AGAIN_MILLIS = 20;
    private static final long CLOSE_MILLIS = 10_000;

    private final BooleanSupplier serves;
    private final Normality normal;
    private final List<StoreOutage> outages = new ArrayList<>();
    private volatile boolean closed;

    /** Since when each question was in vain; of the thread that looks. */
    private OptionalLong vainSince = OptionalLong.empty();

    private final Thread thread;

    /** Whether a leader decides, and the job's view is active. */
    interface Normality extends AutoCloseable {
        boolean isNormal();

        @Override
        void close();
    }

    /**
     * @param serves whether a ZooKeeper server says that it serves
     * @param normal closed with this
     */
    StoreWatch(BooleanSupplier serves, Normality normal) {
        this.serves = serves;
        this.normal = normal;
        this.thread = Thread.ofPlatform().daemon().name("store-watch").unstarted(this::watch);
    }

    void start() {
        thread.start();
    }

    private void watch() {
        try {
            while (!closed) {
                look(System.nanoTime());
                TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks once; {@code askedNanos} is when. */
    void look(long askedNanos) {
        StoreOutage open = open();
        if (!serves.getAsBoolean()) {
            if (vainSince.isEmpty()) {
                // On a busy machine an answer may be late: asked again.
                vainSince = OptionalLong.of(askedNanos);
            } else if (open == null) {
                add(lost(vainSince.getAsLong()), false);
            } else if (open.backNanos().isPresent()) {
                // It was there for a moment only.
                add(lost(open.lostNanos()), true);
            }
            return;
        }
        vainSince = OptionalLong.empty();
        if (open == null) {
            return;
        }
        OptionalLong back =
                open.backNanos().isPresent() ? open.backNanos() : OptionalLong.of(askedNanos);
        OptionalLong now =
                normal.isNormal() ? OptionalLong.of(System.nanoTime()) : OptionalLong.empty();
        add(new StoreOutage(open.lostNanos(), back, now), true);
    }

    private static StoreOutage lost(long sinceNanos) {
        return new StoreOutage(sinceNanos, OptionalLong.empty(), OptionalLong.empty());
    }

    /** The outage after which not everything was normal again; null: there is none. */
    private synchronized @Nullable StoreOutage open() {
        StoreOutage last = outages.isEmpty() ? null : outages.getLast();
        return last != null && last.normalNanos().isEmpty() ? last : null;
    }

    private synchronized void add(StoreOutage outage, boolean replaces) {
        if (replaces) {
            outages.removeLast();
        }
        outages.add(outage);
    }

    synchronized List<StoreOutage> outages() {
        return List.copyOf(outages);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        normal.close();
    }

    /** Whether a fault that hits these may take ZooKeeper away. */
    static boolean concerns(Target victims) {
        return switch (victims) {
            case Target.ZooKeeper _, Target.ZooKeepers _, Target.ZooKeeperLeader _ -> true;
            case Target.Agents _, Target.Rack _, Target.Role _, Target.Coordinator _ -> false;
        };
    }

    /** Whether what a coordinator says of itself and that job is as it should be. */
    static boolean isNormal(StatusResponse status, String jobId) {
        if (status.getTerm() == 0 || status.getStoreOutOfReach()) {
            return false;
        }
        for (JobStatus job : status.getJobsList()) {
            if (job.getJobId().equals(jobId)) {
                JobPhase phase = job.getPhase();
                return phase == JobPhase.JOB_PHASE_ACTIVE
                        || phase == JobPhase.JOB_PHASE_PAUSED
                        || phase == JobPhase.JOB_PHASE_FINISHING
                        || AdminTexts.ended(phase);
            }
        }
        return false;
    }

    /** Asks whoever leads, by a connection that lasts as long as that one leads. */
    static final class Asker implements Normality {
        private final Supplier<String> leader;
        private final Dial dial;
        private final String jobId;
        private @Nullable AdminClient client;
        private String address = "";

        /** A client of whoever leads. */
        interface Dial {
            AdminClient client() throws EnvironmentException;
        }

        Asker(Supplier<String> leader, Dial dial, String jobId) {
            this.leader = leader;
            this.dial = dial;
            this.jobId = jobId;
        }

        @Override
        public synchronized boolean isNormal() {
            try {
                String now = leader.get();
                AdminClient asked = client;
                if (asked == null || !now.equals(address)) {
                    close();
                    asked = dial.client();
                    client = asked;
                    address = now;
                }
                return StoreWatch.isNormal(asked.ownStatus(), jobId);
            } catch (EnvironmentException unanswered) {
                close();
                return false;
            }
        }

        @Override
        public synchronized void close() {
            AdminClient open = client;
            client = null;
            if (open != null) {
                open.close();
            }
        }
    }
}
