package io.coxswain.chaos.page;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A headless Chromium with a profile of its own; nothing stays of it. */
public final class Chromium implements AutoCloseable {
    /** What to do where there is none. */
    public static final String MISSING =
            "skipped: no chromium, chromium-browser, google-chrome or chrome in PATH"
                    + " (apt-get install chromium)";

    private static final List<String> NAMES =
            List.of(
                    "chromium",
                    "chromium-browser",
                    "google-chrome",
                    "google-chrome-stable",
                    "chrome");

    /** A test has a limit of its own, and says more when it is over. */
    private static final long PATIENCE_SECONDS = 150;

    private static final String LISTENING = "DevTools listening on ";
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Process process;
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final AtomicInteger next = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> open = new ConcurrentHashMap<>();
    private final Map<String, Tab> tabs = new ConcurrentHashMap<>();

    private Chromium(Process process, String devTools) {
        this.process = process;
        socket =
                http.newWebSocketBuilder()
                        .buildAsync(URI.create(devTools), new Incoming())
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join();
    }

    /** The browser in PATH; says so where there is none. */
    public static Optional<Path> find() {
        Optional<Path> found =
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                        .filter(Files::isExecutable)
                        .findFirst();
        if (found.isEmpty()) {
            System.err.println(MISSING);
        }
        return found;
    }

    /** Starts it; {@code profile} is an empty folder. */
    public static Chromium start(Path browser, Path profile) throws IOException {
        var command =
                new ProcessBuilder(
                                browser.toString(),
                                "--headless=new",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + profile,
                                "--no-sandbox",
                                "--no-first-run",
                                "--disable-gpu",
                                "--disable-extensions",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--disable-dev-shm-usage",
                                "--hide-scrollbars",
                                "--force-color-profile=srgb",
                                "about:blank")
                        .redirectErrorStream(true);
        // Its sockets lie in the temporary folder: they go with the profile.
        command.environment().put("TMPDIR", profile.toString());
        Process process = command.start();
        try {
            return new Chromium(process, devTools(process));
        } catch (IOException | RuntimeException failed) {
            end(process);
            throw failed;
        }
    }

    // What it says later is read too, so that it never blocks on a full pipe.
    private static String devTools(Process process) throws IOException {
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        var said = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(LISTENING)) {
                Thread.ofPlatform().daemon().name("chromium-output").start(() -> drain(lines));
                return line.substring(LISTENING.length()).trim();
            }
            said.append(line).append('\n');
        }
        throw new IOException("chromium ended before it listened:\n" + said);
    }

    private static void drain(BufferedReader lines) {
        try {
            lines.transferTo(java.io.Writer.nullWriter());
        } catch (IOException ended) {
            // So is what is read.
        }
    }

    /** Opens a tab and waits until {@code url} is loaded. */
    public Tab open(String url) {
        String target =
                send("", "Target.createTarget", JSON.createObjectNode().put("url", "about:blank"))
                        .path("targetId")
                        .asString();
        String session =
                send(
                                "",
                                "Target.attachToTarget",
                                JSON.createObjectNode()
                                        .put("targetId", target)
                                        .put("flatten", true))
                        .path("sessionId")
                        .asString();
        var tab = new Tab(this, session, target);
        tabs.put(session, tab);
        tab.begin(url);
        return tab;
    }

    JsonNode send(String session, String method, ObjectNode parameters) {
        int id = next.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        open.put(id, answer);
        ObjectNode message =
                JSON.createObjectNode()
                        .put("id", id)
                        .put("method", method)
                        .set("params", parameters);
        if (!session.isEmpty()) {
            message.put("sessionId", session);
        }
        synchronized (socket) {
            socket.sendText(message.toString(), true).join();
        }
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("chromium did not answer " + message, e);
        }
    }

    @Override
    public void close() {
        socket.abort();
        http.shutdownNow();
        end(process);
    }

    private static void end(Process process) {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        children.forEach(child -> child.onExit().orTimeout(10, TimeUnit.SECONDS).join());
    }

    private final class Incoming implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                JsonNode message = JSON.readTree(text.toString());
                text.setLength(0);
                take(message);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
            fail("chromium closed the connection: " + reason);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            fail("the connection to chromium broke: " + error);
        }

        private void fail(String why) {
            open.values().forEach(waiting -> waiting.completeExceptionally(new IOException(why)));
        }

        private void take(JsonNode message) {
            CompletableFuture<JsonNode> waiting = open.remove(message.path("id").asInt(-1));
            if (waiting == null) {
                Tab tab = tabs.get(message.path("sessionId").asString(""));
                if (tab != null) {
                    tab.heard(message.path("method").asString(""), message.path("params"));
                }
            } else if (message.has("error")) {
                waiting.completeExceptionally(new IOException(message.path("error").toString()));
            } else {
                waiting.complete(message.path("result"));
            }
        }
    }
}
