package io.coxswain.bridge.host;

import io.coxswain.bridge.spi.RuntimeFactory;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/**
 * The worker process of a runtime on the JVM. Started by an agent, with the socket's path in
 * {@value #SOCKET_VARIABLE}, the token in {@value #TOKEN_VARIABLE}, and the runtime's kind as the
 * only argument.
 *
 * <p>Exit status: 0 after Shutdown, {@value #AGENT_GONE} when the agent is gone, {@value
 * #NOT_STARTED} when the process was not started by an agent or was refused, {@value #FAILED} after
 * a failure; 143 after SIGTERM. The last lines of stderr say why.
 */
public final class WorkerMain {
    /** Environment variable with the path of the agent's socket. */
    public static final String SOCKET_VARIABLE = "COXSWAIN_BRIDGE_SOCKET";

    /** Environment variable with the token that proves who started this process. */
    public static final String TOKEN_VARIABLE = "COXSWAIN_BRIDGE_TOKEN";

    /** The variable that names a folder for what the process writes when it is asked for stacks. */
    public static final String EVIDENCE_VARIABLE = "COXSWAIN_BRIDGE_EVIDENCE";

    /** Names the variable that says which of the agent's processes this is, from 0 on. */
    public static final String LOCAL_RANK_VARIABLE = "COXSWAIN_BRIDGE_LOCAL_RANK";

    /** Names the variable that says how many processes of the agent are one worker. */
    public static final String LOCAL_SIZE_VARIABLE = "COXSWAIN_BRIDGE_LOCAL_SIZE";

    /** Names the variable that says for which job a worker was started, where an agent did not. */
    public static final String JOB_VARIABLE = "COXSWAIN_BRIDGE_JOB";

    /** Exit status when the agent is gone. */
    public static final int AGENT_GONE = 3;

    /** Exit status when this process could not begin to serve. */
    public static final int NOT_STARTED = 64;

    /** Exit status after a failure while serving. */
    public static final int FAILED = 70;

    private WorkerMain() {}

    /** Serves until the agent ends it. */
    public static void main(String[] args) {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            failure.printStackTrace();
            halt(FAILED, "thread %s failed: %s".formatted(thread.getName(), failure));
        });
        @Nullable String socket = System.getenv(SOCKET_VARIABLE);
        @Nullable String token = System.getenv(TOKEN_VARIABLE);
        if (args.length != 1 || socket == null || token == null) {
            halt(
                    NOT_STARTED,
                    "this program is started by an agent, with %s and %s set and the runtime's kind as its argument"
                            .formatted(SOCKET_VARIABLE, TOKEN_VARIABLE));
            return;
        }
        WorkerHost host;
        try {
            host = WorkerHost.connect(Path.of(socket), token, factory(args[0]), WorkerMain::gone);
        } catch (IOException | IllegalArgumentException e) {
            halt(NOT_STARTED, String.valueOf(e.getMessage()));
            return;
        }
        try {
            switch (host.serve()) {
                // A plain return, not a halt: a class-data archive is written by an orderly exit.
                case SHUT_DOWN -> {}
                case AGENT_GONE -> gone();
            }
        } catch (IOException e) {
            halt(FAILED, "the bridge failed: %s".formatted(e.getMessage()));
        }
    }

    private static RuntimeFactory factory(String kind) {
        List<String> kinds = new ArrayList<>();
        for (RuntimeFactory factory : ServiceLoader.load(RuntimeFactory.class)) {
            if (factory.kind().equals(kind)) {
                return factory;
            }
            kinds.add(factory.kind());
        }
        throw new IllegalArgumentException(
                "no runtime of kind '%s' on the class path; there are %s".formatted(kind, kinds));
    }

    private static void gone() {
        halt(AGENT_GONE, "the agent closed the bridge; this worker ends");
    }

    // Halting skips shutdown hooks on purpose: a worker whose agent is gone must not linger.
    private static void halt(int status, String lastWords) {
        System.err.println("coxswain worker: " + lastWords);
        System.err.flush();
        Runtime.getRuntime().halt(status);
    }
}
