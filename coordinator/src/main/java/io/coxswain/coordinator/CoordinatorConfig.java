package io.coxswain.coordinator;

import io.coxswain.coordinator.app.CoordinatorSettings;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.liveness.LivenessLimits;
import io.coxswain.coordinator.core.retention.RetentionRule;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The numbers of a coordinator, checked one by one and against each other. A broken bound is an
 * {@link IllegalArgumentException} that names the option, the value, what is allowed and what to
 * change.
 *
 * @param id 1 to 64 of {@code A-Z a-z 0-9 . _ -}; unique among the coordinators of one chroot
 * @param chroot below which everything stands in ZooKeeper
 * @param bindHost address to listen on
 * @param port 0 to 65535; 0 takes a free one
 * @param advertisedHost under which agents reach this coordinator
 * @param sessionTimeout of ZooKeeper, 1 s to 2 min
 * @param heartbeat of agents, 10 ms to 30 s
 * @param lease more than 2 heartbeats, at least the session timeout + 4 s, at most 10 min
 * @param eventBuffer events kept for listeners, 16 to 1,000,000
 * @param history which ended jobs are kept
 * @param jobLimits of every job; heartbeat and lease in it are replaced by the above
 */
record CoordinatorConfig(
        String id,
        String chroot,
        String bindHost,
        int port,
        String advertisedHost,
        Duration sessionTimeout,
        Duration heartbeat,
        Duration lease,
        int eventBuffer,
        RetentionRule history,
        JobLimits jobLimits) {
    static final Duration LEASE_OVER_SESSION = Duration.ofSeconds(4);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final long NO_SILENCE_ABOVE_NANOS = 2_000_000_000L;

    CoordinatorConfig {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException(
                    "id '" + id + "' must be 1 to 64 of the characters A-Z a-z 0-9 . _ -");
        }
        if (bindHost.isEmpty() || advertisedHost.isEmpty()) {
            throw new IllegalArgumentException(
                    "bind address and advertised host must not be empty: give a host name or"
                            + " address, such as 0.0.0.0 to bind and the host's name to advertise");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must be 0 (a free one) to 65535, got " + port);
        }
        bounded("sessionTimeout", sessionTimeout, Duration.ofSeconds(1), Duration.ofMinutes(2));
        bounded("heartbeat", heartbeat, Duration.ofMillis(10), Duration.ofSeconds(30));
        if (lease.compareTo(heartbeat.multipliedBy(2)) <= 0) {
            throw new IllegalArgumentException(
                    "lease must be more than 2 heartbeats, got a lease of "
                            + lease.toMillis()
                            + " ms and a heartbeat of "
                            + heartbeat.toMillis()
                            + " ms: raise the lease or lower the heartbeat");
        }
        Duration least = sessionTimeout.plus(LEASE_OVER_SESSION);
        if (lease.compareTo(least) < 0) {
            throw new IllegalArgumentException(
                    "lease must be at least the session timeout + 4 s = "
                            + least.toMillis()
                            + " ms, got "
                            + lease.toMillis()
                            + " ms: agents would stop stepping during a normal failover; raise the"
                            + " lease or lower the session timeout");
        }
        bounded("lease", lease, least, Duration.ofMinutes(10));
        if (eventBuffer < 16 || eventBuffer > 1_000_000) {
            throw new IllegalArgumentException(
                    "eventBuffer must be 16 to 1000000 events, got " + eventBuffer);
        }
        jobLimits = jobLimits.withLease(lease.toNanos(), heartbeat.toNanos());
    }

    CoordinatorSettings settings(Map<String, String> environment) {
        CoordinatorSettings defaults = CoordinatorSettings.defaults(id);
        long beat = heartbeat.toNanos();
        LivenessLimits liveness = LivenessLimits.DEFAULT;
        return new CoordinatorSettings(
                id,
                jobLimits,
                new LivenessLimits(
                        beat,
                        Math.max(NO_SILENCE_ABOVE_NANOS, 4 * beat),
                        liveness.returnNanos(),
                        liveness.redialNanos(),
                        liveness.sessionGraceNanos()),
                defaults.accountNanos(),
                defaults.storeRetryNanos(),
                defaults.queuedJobs(),
                history,
                environment);
    }

    private static void bounded(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    name
                            + " must be "
                            + least.toMillis()
                            + " to "
                            + most.toMillis()
                            + " ms, got "
                            + value.toMillis()
                            + " ms");
        }
    }
}
