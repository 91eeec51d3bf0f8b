package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.UserProgram;
import io.coxswain.launcher.local.WorkerSettings;
import io.coxswain.launcher.runtimes.ChildProcess;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Coxswain adds to a step of a user's Python program: the program's own loop, which it runs
 * where no agent started it, beside the same program as a worker, one rank, whole batches.
 */
public final class PythonBench {
    private static final double STEP_SHARE = 1.05;
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Pattern MILLIS = Pattern.compile("([0-9.]+) ms a step");
    private static final Pattern MISSING = Pattern.compile(".*No module named '([\\w.]+)'.*");

    /**
     * What to measure.
     *
     * @param jobs job files of kind {@code process}, whose programs take {@code --steps} and {@code
     *     --warm} where no agent started them, and then say at last how many "ms a step" takes
     * @param python takes the place of the program in the job files' commands; null: theirs
     * @param steps of the job and of the loop
     * @param rounds of both, in turns
     */
    public record Options(List<Path> jobs, @Nullable String python, int steps, int rounds) {
        /** Copies the list. */
        public Options {
            jobs = List.copyOf(jobs);
        }
    }

    private PythonBench() {}

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        var described = new LinkedHashMap<String, Object>();
        described.put("jobs", options.jobs().stream().map(Path::toString).toList());
        described.put("steps", options.steps());
        var report = new BenchReport("python", described);
        for (Path file : options.jobs()) {
            measure(settings.of(file), options, report);
        }
        return report;
    }

    private static void measure(BenchSettings settings, Options options, BenchReport report)
            throws ConfigException, EnvironmentException, InterruptedException {
        JobFile plain = job(settings, options, Math.max(1, options.steps()));
        JobFile protectedJob = job(settings, options, 1);
        WorkerCommand command = command(plain);
        String missing = missing(command);
        if (!missing.isEmpty()) {
            report.note(
                    plain.name()
                            + " was left out: "
                            + command.command().getFirst()
                            + " has no "
                            + missing
                            + "; install it with "
                            + command.command().getFirst()
                            + " -m pip install "
                            + missing
                            + ", or name another Python with --python");
            return;
        }
        new StepRounds(
                        settings,
                        () -> bareMillis(command, options.steps(), options.steps() / 3),
                        () -> StepRate.solo(settings, plain),
                        () -> StepRate.solo(settings, protectedJob))
                .run(options.rounds())
                .report(report, plain.name(), null, Figure.Limit.atMost(STEP_SHARE, "within 5%"));
    }

    // One rank alone with one microshard: the loop's own step, with Coxswain around it.
    private static JobFile job(BenchSettings settings, Options options, int every)
            throws ConfigException {
        var sets = new LinkedHashMap<String, String>();
        sets.put("steps", Integer.toString(options.steps()));
        sets.put("mesh.replicas", "1");
        sets.put("mesh.shards", "1");
        sets.put("microshards", "1");
        sets.put("protect.copies", "0");
        sets.put("protect.every", Integer.toString(every));
        JobFile job = settings.job(sets);
        if (!job.runtimeKind().equals(UserProgram.KIND)) {
            throw new ConfigException(
                    List.of(
                            settings.job()
                                    + ": runtime.kind is "
                                    + job.runtimeKind()
                                    + "; expected a program of the user's own, process"));
        }
        if (options.python() == null) {
            return job;
        }
        var words = new ArrayList<String>();
        words.add(options.python());
        JsonNode command = JsonMapper.shared().readTree(job.runtime().json()).path("command");
        command.valueStream().skip(1).map(JsonNode::asString).forEach(words::add);
        sets.put("runtime.command", JsonMapper.shared().writeValueAsString(words));
        return settings.job(sets);
    }

    private static WorkerCommand command(JobFile job) throws EnvironmentException {
        job.runtime().requireHere();
        return UserProgram.worker(job.runtimeKind(), job.runtime().json(), WorkerSettings.usual());
    }

    /** The module that the program cannot import; empty if it can begin. */
    private static String missing(WorkerCommand command) throws InterruptedException {
        ChildProcess.Ended ended = run(command, List.of("--help"));
        Matcher module = MISSING.matcher(LastWords.telling(ended.said()));
        return !ended.well() && module.matches() ? module.group(1) : "";
    }

    private static double bareMillis(WorkerCommand command, int steps, int warm)
            throws EnvironmentException, InterruptedException {
        ChildProcess.Ended ended =
                run(
                        command,
                        List.of(
                                "--steps", Integer.toString(steps),
                                "--warm", Integer.toString(warm)));
        Matcher millis = MILLIS.matcher(ended.output());
        if (!ended.well() || !millis.find()) {
            throw new EnvironmentException(
                    "the program's own loop, "
                            + String.join(" ", command.command())
                            + " --steps "
                            + steps
                            + " --warm "
                            + warm
                            + ", ended with status "
                            + ended.status()
                            + " and "
                            + (ended.well() ? "did not say '… ms a step'" : "said: ")
                            + (ended.well() ? "" : LastWords.telling(ended.said())));
        }
        return Double.parseDouble(millis.group(1));
    }

    private static ChildProcess.Ended run(WorkerCommand command, List<String> arguments)
            throws InterruptedException {
        var words = new ArrayList<>(command.command());
        words.addAll(arguments);
        Map<String, String> own = command.environment();
        return ChildProcess.run(
                words,
                environment -> {
                    environment.clear();
                    environment.putAll(own);
                },
                command.folder(),
                LIMIT);
    }
}
