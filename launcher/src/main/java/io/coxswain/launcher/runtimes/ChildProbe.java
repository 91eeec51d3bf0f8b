package io.coxswain.launcher.runtimes;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.launcher.local.JavaProcess;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The probe by a child process, {@link ProbeMain}. */
public final class ChildProbe implements PluginProbe {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Override
    public Answer ask(InstalledPlugin plugin) throws InterruptedException {
        ChildProcess.Ended ended = run(List.of(ProbeMain.PLUGIN, plugin.library().toString()));
        for (String line : ended.output().lines().toList()) {
            if (line.startsWith(ProbeMain.MARK)) {
                return answer(
                        JsonMapper.shared().readTree(line.substring(ProbeMain.MARK.length())));
            }
        }
        return Answer.failed(failure(ended));
    }

    /** Runs the probe's program with these arguments, with nothing inherited, as a worker. */
    static ChildProcess.Ended run(List<String> arguments) throws InterruptedException {
        return ChildProcess.run(
                JavaProcess.likeWorker(ProbeMain.class.getName(), arguments),
                environment -> {
                    environment.clear();
                    environment.putAll(JavaProcess.PLUGIN_ENVIRONMENT);
                },
                LIMIT);
    }

    /** Why a probe has no answer. */
    static String failure(ChildProcess.Ended ended) {
        String words = LastWords.telling(ended.said());
        String how =
                ended.inTime()
                        ? "it ended its process with status " + ended.status()
                        : "it did not answer within " + LIMIT.toSeconds() + " s";
        return words.isEmpty() ? how : how + "; last words: " + words;
    }

    private static Answer answer(JsonNode json) {
        var devices = new ArrayList<String>();
        json.path("devices").forEach(device -> devices.add(device.asString()));
        return new Answer(
                json.path("apiVersion").asString(""),
                json.path("platform").asString(""),
                devices,
                json.path("failure").asString(""));
    }
}
