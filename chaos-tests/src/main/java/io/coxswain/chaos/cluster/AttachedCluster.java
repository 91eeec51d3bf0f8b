package io.coxswain.chaos.cluster;

import io.coxswain.chaos.checker.Evidence;
import io.coxswain.chaos.checker.Expected;
import io.coxswain.chaos.checker.JobFacts;
import io.coxswain.chaos.checker.Oracle;
import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.Reference;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Nemesis;
import io.coxswain.chaos.port.PortSettings;
import io.coxswain.chaos.port.Whereabouts;
import io.coxswain.chaos.scenario.Elsewhere;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.train.ReportFile;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Somebody's own cluster, in which a job runs that may be hurt. Scenarios are played on it through
 * a {@link FaultPort}: victims are agents of that job and of nobody else, never more of them than
 * agreed; whatever ends a scenario, what stands still goes on and what is dead is started again.
 * Nothing is held: a fault comes after its coordinate. Not for use by several threads, but for
 * {@link #close}.
 */
public final class AttachedCluster implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AttachedCluster.class);
    private static final String ABORTED = "aborted";

    private final Builder with;
    private final Function<Whereabouts, FaultPort> port;
    private volatile @Nullable Watching watching;
    private volatile boolean closed;

    private AttachedCluster(Builder with, Function<Whereabouts, FaultPort> port) {
        this.with = with;
        this.port = port;
    }

    /** When a scenario is over. */
    public enum Until {
        /** When all faults have come and been recovered from; the job goes on. */
        RECOVERED,
        /** When the job is over, so that its report can be judged. */
        JOB_ENDS
    }

    /** What is played with. */
    public static final class Builder {
        private final String endpoint;
        private final Credentials credentials;
        private String jobId = "";
        private @Nullable Function<Whereabouts, FaultPort> port;
        private int maxVictims = 1;
        private AbortWhen abort = AbortWhen.usual();
        private Until until = Until.RECOVERED;
        private Duration limit = Duration.ofMinutes(10);
        private Path folder = Path.of("chaos-run");
        private @Nullable Reference reference;
        private Consumer<String> narrator = line -> {};

        Builder(String endpoint, Credentials credentials) {
            this.endpoint = endpoint;
            this.credentials = credentials;
        }

        /** Whose agents may be hurt. Default: the job that runs. */
        public Builder job(String id) {
            jobId = id;
            return this;
        }

        /** How faults reach the agents: a port of the house, or of whoever provides one. */
        public Builder port(PortSettings settings) {
            return port(settings::open);
        }

        /** The same with a port of one's own. */
        public Builder port(Function<Whereabouts, FaultPort> made) {
            port = made;
            return this;
        }

        /** Agents that are hurt at most, in all and therefore at any time. Default: 1. */
        public Builder maxVictims(int agents) {
            maxVictims = agents;
            return this;
        }

        /** When to break off. Default: {@link AbortWhen#usual}. */
        public Builder abort(AbortWhen when) {
            abort = when;
            return this;
        }

        /** Default: {@link Until#RECOVERED}. */
        public Builder until(Until end) {
            until = end;
            return this;
        }

        /** A scenario that is not over by then fails. Default: 10 minutes. */
        public Builder limit(Duration time) {
            limit = time;
            return this;
        }

        /** Where events and report go. */
        public Builder folder(Path path) {
            folder = path.toAbsolutePath();
            return this;
        }

        /** What a fault-free run of the same job came to: digest and loss can be judged then. */
        public Builder reference(Reference faultFree) {
            reference = faultFree;
            return this;
        }

        /** Told what happens, a line at a time, on several threads. */
        public Builder narrator(Consumer<String> lines) {
            narrator = lines;
            return this;
        }

        /**
         * Looks whether there is such a job and whether it may be hurt; hurts nobody.
         *
         * @throws ConfigException if it must not, or the port cannot be used
         * @throws EnvironmentException if the coordinator does not answer
         */
        public AttachedCluster open() throws ConfigException, EnvironmentException {
            Function<Whereabouts, FaultPort> chosen = port;
            if (chosen == null) {
                throw new ConfigException(
                        List.of(
                                "no port: say how faults reach the agents, one of "
                                        + String.join(", ", PortSettings.names())
                                        + ", or a port's file"));
            }
            try {
                credentials.at(endpoint);
            } catch (IllegalArgumentException wrong) {
                throw new ConfigException(List.of(String.valueOf(wrong.getMessage())));
            }
            var cluster = new AttachedCluster(this, chosen);
            Look look = cluster.look();
            OpenClusters.add(cluster);
            narrator.accept(
                    "attached to "
                            + endpoint
                            + ", job "
                            + look.job().getJobId()
                            + " at step "
                            + look.job().getCompletedStep()
                            + ", agents "
                            + String.join(", ", look.stage().agents()));
            return cluster;
        }
    }

    /** The cluster at one moment. */
    private record Look(StatusResponse status, JobStatus job, AttachedStage stage) {
        List<Rule> here(List<Rule> rules) {
            return Elsewhere.rules(rules, job.getCompletedStep(), job.getIncidents());
        }
    }

    private Look look() throws ConfigException, EnvironmentException {
        StatusResponse status = AttachedStage.status(with.endpoint, with.credentials);
        String wanted = with.jobId;
        JobStatus found = null;
        for (JobStatus job : status.getJobsList()) {
            boolean meant =
                    wanted.isEmpty()
                            ? !AdminTexts.ended(job.getPhase())
                                    && job.getPhase() != JobPhase.JOB_PHASE_QUEUED
                            : job.getJobId().equals(wanted);
            if (meant) {
                found = job;
                break;
            }
        }
        String refusal =
                found == null && wanted.isEmpty()
                        ? "no job runs there"
                        : AttachedStage.refusal(found, wanted);
        if (found == null || !refusal.isEmpty()) {
            throw new ConfigException(List.of(refusal));
        }
        if (found.getPhase() != JobPhase.JOB_PHASE_ACTIVE) {
            throw new ConfigException(
                    List.of(
                            "job "
                                    + found.getJobId()
                                    + " is "
                                    + AdminTexts.phase(found.getPhase())
                                    + ": play when it makes steps"));
        }
        try {
            return new Look(
                    status,
                    found,
                    new AttachedStage(
                            with.endpoint,
                            with.credentials,
                            found.getJobId(),
                            status.getAgentsList(),
                            port,
                            with.maxVictims));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(List.of(String.valueOf(e.getMessage())));
        }
    }

    // ------------------------------------------------------------------ before anything is hurt

    /**
     * Says whether the scenario can be played here; hurts nobody.
     *
     * @throws ConfigException with every reason why it cannot
     */
    public void check(Scenario scenario) throws ConfigException, EnvironmentException {
        check(scenario.rules(), scenario.expectation(), scenario.oracles(), look());
    }

    private void check(List<Rule> rules, Expectation expectation, List<String> oracles, Look look)
            throws ConfigException {
        var complaints = new ArrayList<String>();
        String unknown = Elsewhere.complaint(rules, look.stage().agents().size());
        if (!unknown.isEmpty()) {
            complaints.add(unknown);
        }
        boolean reported = with.until == Until.JOB_ENDS;
        for (Rule rule : rules) {
            String refusal = look.stage().faults().refusal(rule.fault());
            if (!refusal.isEmpty()) {
                complaints.add(rule.text() + ": " + refusal);
            }
            if (!reported && Elsewhere.endless(rule)) {
                complaints.add(
                        rule.text()
                                + ": comes again and again; say how often (times), or play until"
                                + " the job ends");
            }
        }
        int named = Elsewhere.named(rules, look.stage().domains()).size();
        if (named > with.maxVictims) {
            complaints.add(
                    "the scenario hurts "
                            + named
                            + " agents, and at most "
                            + with.maxVictims
                            + " may be (--max-victims)");
        }
        if (!reported && !expectation.completes()) {
            complaints.add(
                    "the scenario ends the job; that is judged only if it is played until the job"
                            + " ends");
        }
        for (String oracle : oracles) {
            String refusal = Oracles.refusalOutside(oracle, reported, with.reference != null);
            if (!refusal.isEmpty()) {
                complaints.add("oracle " + oracle + " cannot judge here: it " + refusal);
            }
        }
        if (!complaints.isEmpty()) {
            throw new ConfigException(complaints);
        }
    }

    /**
     * What would be done, a line for each deed, to those whom it would hit if it were done now;
     * hurts nobody.
     *
     * @throws ConfigException as {@link #check}
     */
    public List<String> plan(Scenario scenario, long seed)
            throws ConfigException, EnvironmentException {
        Look look = look();
        check(scenario.rules(), scenario.expectation(), scenario.oracles(), look);
        return AttachedPlan.of(look.stage(), look.status(), look.here(scenario.rules()), seed);
    }

    // ------------------------------------------------------------------ play

    /**
     * Plays a scenario. Of a scenario that names no oracles, those judge that can; one that names
     * others is refused.
     *
     * @throws ConfigException if it cannot be played here; nobody was hurt then
     * @throws EnvironmentException if the coordinator does not answer at the beginning
     */
    public Outcome play(Scenario scenario) throws ConfigException, EnvironmentException {
        return play(scenario, 0);
    }

    /**
     * The same.
     *
     * @param seed of random choices
     */
    public Outcome play(Scenario scenario, long seed) throws ConfigException, EnvironmentException {
        List<String> names = scenario.oracles().isEmpty() ? possible() : scenario.oracles();
        return play(
                scenario.name(),
                scenario.target(),
                scenario.rules(),
                scenario.expectation(),
                names,
                seed);
    }

    /** Brings these faults about; that the job goes on is expected. */
    public Outcome play(Rule... rules) throws ConfigException, EnvironmentException {
        return play("scenario", "", List.of(rules), Expectation.completion(), possible(), 0);
    }

    private List<String> possible() {
        return with.until == Until.JOB_ENDS ? Oracles.OUTSIDE_REPORTED : Oracles.OUTSIDE;
    }

    private Outcome play(
            String name,
            String target,
            List<Rule> asked,
            Expectation expectation,
            List<String> oracles,
            long seed)
            throws ConfigException, EnvironmentException {
        long begun = System.nanoTime();
        Look look = look();
        check(asked, expectation, oracles, look);
        List<Rule> rules = look.here(asked);
        for (Rule rule : Elsewhere.holding(asked)) {
            with.narrator.accept(
                    "  note: agents of a running cluster are not held; '"
                            + rule.at().text()
                            + "' comes after it, counted from step "
                            + look.job().getCompletedStep());
        }
        boolean toTheEnd = with.until == Until.JOB_ENDS;
        Watching now;
        try {
            Files.createDirectories(with.folder);
            now =
                    new Watching(
                            look.stage(),
                            new Nemesis(
                                    look.stage(),
                                    rules,
                                    seed,
                                    firing -> with.narrator.accept("  " + firing.text())),
                            with.abort,
                            with.folder.resolve("events.jsonl"),
                            with.credentials,
                            with.narrator);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot write to " + with.folder + ": " + e.getMessage(), e);
        }
        String broken;
        List<Verdict> verdicts = new ArrayList<>();
        try (now) {
            watching = now;
            if (closed) {
                now.stop("closed");
            }
            now.begin(with.endpoint, look.job(), look.status());
            long deadline = System.nanoTime() + with.limit.toNanos();
            broken = now.await(toTheEnd ? Watching.Goal.JOB_ENDS : Watching.Goal.QUIET, deadline);
            if (broken.isEmpty() && toTheEnd && !now.completed() && expectation.completes()) {
                broken = "the job is over: " + now.reason();
            }
            if (!broken.isEmpty()) {
                with.narrator.accept("  ABORTED: " + broken + "; everything heals");
            }
            now.heal();
            if (broken.isEmpty() && !toTheEnd) {
                String after = now.await(Watching.Goal.QUIET, deadline);
                broken = after.isEmpty() ? "" : "after everything was healed: " + after;
            }
            verdicts.add(now.healed());
        } finally {
            watching = null;
        }
        Evidence evidence = evidence(look, now);
        if (broken.isEmpty()) {
            var judges = new ArrayList<Oracle>();
            judges.add(
                    toTheEnd
                            ? Expected.of(expectation, rules)
                            : Expected.whileRunning(expectation, rules));
            oracles.forEach(oracle -> judges.add(Oracles.named(oracle)));
            judges.forEach(judge -> verdicts.add(judge.judge(evidence)));
        } else {
            verdicts.addFirst(new Verdict(ABORTED, false, broken));
        }
        return new Outcome(
                name,
                target,
                evidence,
                verdicts,
                with.folder,
                Duration.ofNanos(System.nanoTime() - begun));
    }

    private Evidence evidence(Look look, Watching seen) {
        Reference reference = with.reference;
        return new Evidence(
                new JobFacts(look.job().getSteps(), look.job().getBatch()),
                seen.ended(),
                seen.completed(),
                seen.reason(),
                seen.ended() ? report(look.stage()) : null,
                seen.journal(),
                List.of(),
                seen.firings(),
                Map.of(),
                List.of(),
                () -> {
                    if (reference == null) {
                        throw new IllegalStateException("no fault-free run is known");
                    }
                    return reference;
                });
    }

    private @Nullable JobReport report(AttachedStage stage) {
        try {
            JobStatus job = stage.job();
            if (job == null || job.getReportJson().isEmpty()) {
                return null;
            }
            JobReport report = JobReport.fromJson(job.getReportJson());
            ReportFile.write(with.folder.resolve("report.json"), report);
            return report;
        } catch (IOException e) {
            LOG.warn("no report: {}", e.getMessage());
            return null;
        }
    }

    /**
     * Breaks off what is played, and heals everything: returns when that is done. Any thread; safe
     * to repeat.
     */
    @Override
    public void close() {
        closed = true;
        Watching now = watching;
        if (now != null) {
            now.stop("interrupted");
            now.heal();
        }
        OpenClusters.remove(this);
    }
}
