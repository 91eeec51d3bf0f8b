package io.coxswain.launcher.service;

import io.coxswain.coordinator.core.retention.RetentionRule;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A coordinator's file as read; {@code examples/cluster/coordinator.yaml} documents each field.
 *
 * @param lease agents stop stepping without a word for this long
 * @param journal where every event is written; null: nowhere
 * @param settle how long the first view waits for further agents once enough are ready
 * @param historyJobs ended jobs that are kept
 * @param historyAge how long they are kept at most; zero: for ever
 */
record CoordinatorFile(
        CommonOptions common,
        Duration heartbeat,
        Duration lease,
        Duration settle,
        int eventBuffer,
        int historyJobs,
        Duration historyAge,
        @Nullable Path journal) {
    static final int DEFAULT_PORT = 7400;
    private static final Duration LEASE_OVER_SESSION = Duration.ofSeconds(4);

    /**
     * Reads and checks the file.
     *
     * @throws ConfigException with every complaint, each with its place
     */
    static CoordinatorFile read(Path file, Map<String, String> sets) throws ConfigException {
        ConfigSection root = ConfigFile.read(file, sets);
        Path folder = file.toAbsolutePath().getParent();
        CommonOptions common =
                CommonOptions.read(
                        root, "coordinator", folder == null ? Path.of("") : folder, DEFAULT_PORT);
        Duration heartbeat =
                root.duration(
                        "heartbeat",
                        Duration.ofMillis(250),
                        Duration.ofMillis(10),
                        Duration.ofSeconds(30));
        Duration least = common.sessionTimeout().plus(LEASE_OVER_SESSION);
        Duration lease =
                root.duration("lease", least, Duration.ofMillis(20), Duration.ofMinutes(10));
        if (lease.compareTo(heartbeat.multipliedBy(2)) <= 0) {
            root.complain(
                    root.has("lease") ? "lease" : "heartbeat",
                    "a lease of "
                            + lease.toMillis()
                            + "ms is not more than twice the heartbeat of "
                            + heartbeat.toMillis()
                            + "ms: one lost heartbeat would stop the agents; expected more than "
                            + heartbeat.multipliedBy(2).toMillis()
                            + "ms, or a shorter heartbeat");
        }
        if (lease.compareTo(least) < 0) {
            root.complain(
                    "lease",
                    "a lease of "
                            + lease.toMillis()
                            + "ms is less than sessionTimeout + 4s = "
                            + least.toMillis()
                            + "ms: agents would stop stepping during a normal failover; expected at"
                            + " least that");
        }
        Duration settle =
                root.duration(
                        "settle",
                        Duration.ofMillis(300),
                        Duration.ofMillis(1),
                        Duration.ofMinutes(10));
        int eventBuffer = (int) root.whole("eventBuffer", 4_096, 16, 1_000_000);
        ConfigSection history = root.section("history");
        int historyJobs = (int) history.whole("jobs", 100, 1, RetentionRule.MOST_JOBS);
        Duration historyAge =
                history.duration("age", Duration.ZERO, Duration.ZERO, Duration.ofDays(3_650));
        Path journal =
                root.has("journal") && folder != null
                        ? folder.resolve(root.text("journal", ""))
                        : null;
        if (journal != null && root.text("journal", "").isBlank()) {
            root.complain("journal", "expected the name of a file, or leave the field out");
        }
        if (common.advertisedPort() != 0) {
            root.section("advertise")
                    .complain(
                            "port",
                            "a coordinator is reached at the port that it binds; leave this field"
                                    + " out");
        }
        root.finish();
        return new CoordinatorFile(
                common, heartbeat, lease, settle, eventBuffer, historyJobs, historyAge, journal);
    }
}
