package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.runtimes.ChildProcess;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What {@code torchft_digits.py drive} saw.
 *
 * @param trace the steps and the deaths
 * @param died the last words of healthy processes that died beside those that were killed
 * @param timeouts torchft's, in words
 * @param versions of torch and torchft, in words
 */
record TorchftRun(StepTrace trace, List<String> died, String timeouts, String versions) {
    TorchftRun {
        died = List.copyOf(died);
    }

    /** Until all groups make steps, and to end what was started. */
    private static final int AROUND_SECONDS = 180;

    /**
     * How to run it.
     *
     * @param python that has torch and torchft
     * @param folder with the program
     * @param packages folder of the Python package
     * @param timeouts a name of the program's
     * @param ranks replica groups, each of one process
     */
    record Plan(
            String python,
            Path folder,
            Path packages,
            String timeouts,
            int ranks,
            int seconds,
            int every,
            int warm) {
        List<String> command() {
            return List.of(
                    python,
                    "torchft_digits.py",
                    "drive",
                    "--timeouts",
                    timeouts,
                    "--seconds",
                    Integer.toString(seconds),
                    "--every",
                    Integer.toString(every),
                    "--warm",
                    Integer.toString(warm));
        }
    }

    /** Runs it to its end. */
    static TorchftRun of(Plan plan) throws EnvironmentException, InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        plan.command(),
                        environment -> environment.put("PYTHONPATH", plan.packages().toString()),
                        plan.folder(),
                        Duration.ofSeconds(plan.seconds() + plan.warm() + (long) AROUND_SECONDS));
        if (!ended.well()) {
            throw new EnvironmentException(
                    ended.inTime()
                            ? LastWords.telling(ended.said())
                            : "torchft_digits.py drive was still running %d s after its end was due"
                                    .formatted(AROUND_SECONDS));
        }
        return parse(ended.output(), plan.ranks());
    }

    /**
     * Reads the last line that the program printed.
     *
     * @throws EnvironmentException if it is not what this expects
     */
    static TorchftRun parse(String output, int ranks) throws EnvironmentException {
        String line = output.lines().filter(one -> !one.isBlank()).reduce("", (_, last) -> last);
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(line);
        } catch (JacksonException e) {
            throw new EnvironmentException(unknown(line), e);
        }
        if (!json.path("begin").isNumber()
                || !json.path("end").isNumber()
                || !json.path("kills").isArray()
                || !json.path("commits").isArray()) {
            throw new EnvironmentException(unknown(line));
        }
        var points = new ArrayList<StepTrace.Point>();
        for (JsonNode commit : json.path("commits")) {
            double strength = Math.min(1, (double) commit.path(1).asInt() / ranks);
            points.add(new StepTrace.Point(commit.path(0).asDouble(), 1, strength));
        }
        JsonNode versions = json.path("versions");
        return new TorchftRun(
                StepTrace.of(
                        json.path("begin").asDouble(),
                        json.path("end").asDouble(),
                        points,
                        json.path("kills").valueStream().map(JsonNode::asDouble).toList()),
                json.path("died").valueStream().map(JsonNode::asString).toList(),
                json.path("timeouts").asString(""),
                String.format(
                        Locale.ROOT,
                        "torchft %s, torch %s",
                        versions.path("torchft").asString("of unknown version"),
                        versions.path("torch").asString("of unknown version")));
    }

    private static String unknown(String line) {
        return "torchft_digits.py drive did not say in its last line what it saw, but: "
                + (line.isEmpty() ? "nothing" : line.substring(0, Math.min(200, line.length())));
    }
}
