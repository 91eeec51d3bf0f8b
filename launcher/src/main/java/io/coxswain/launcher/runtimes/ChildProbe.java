package io.coxswain.launcher.runtimes;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.launcher.local.JavaProcess;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The probe by a child process, {@link ProbeMain}. */
public final class ChildProbe implements PluginProbe {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Override
    public Answer ask(InstalledPlugin plugin) throws InterruptedException {
        JsonNode json = run(List.of(ProbeMain.PLUGIN, plugin.library().toString()));
        var devices = new ArrayList<String>();
        json.path("devices").forEach(device -> devices.add(device.asString()));
        return new Answer(
                json.path("apiVersion").asString(""),
                json.path("platform").asString(""),
                devices,
                json.path("failure").asString(""));
    }

    /**
     * Makes a few steps of a job in a JVM like a worker's.
     *
     * @param arenas folder for shared memory
     * @return why that does not work; empty if it does
     */
    public String trySteps(Path job, Path arenas) throws InterruptedException {
        return run(List.of(ProbeMain.STEPS_OF, job.toString(), arenas.toString()))
                .path("failure")
                .asString("");
    }

    /** Runs the probe's program, with nothing inherited, as a worker. */
    private static JsonNode run(List<String> arguments) throws InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        JavaProcess.likeWorker(ProbeMain.class.getName(), arguments),
                        environment -> {
                            environment.clear();
                            environment.putAll(JavaProcess.PLUGIN_ENVIRONMENT);
                        },
                        LIMIT);
        for (String line : ended.output().lines().toList()) {
            if (line.startsWith(ProbeMain.MARK)) {
                return JsonMapper.shared().readTree(line.substring(ProbeMain.MARK.length()));
            }
        }
        return JsonMapper.shared().createObjectNode().put("failure", failure(ended));
    }

    private static String failure(ChildProcess.Ended ended) {
        String words = LastWords.telling(ended.said());
        String how =
                ended.inTime()
                        ? "it ended its process with status " + ended.status()
                        : "it did not answer within " + LIMIT.toSeconds() + " s";
        return words.isEmpty() ? how : how + "; last words: " + words;
    }
}
