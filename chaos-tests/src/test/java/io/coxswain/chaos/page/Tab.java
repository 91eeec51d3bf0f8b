package io.coxswain.chaos.page;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A tab of {@link Chromium}, with what it asked for and complained of. */
public final class Tab {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Chromium browser;
    private final String session;
    private final String target;
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Boolean> loaded = new CompletableFuture<>();

    Tab(Chromium browser, String session, String target) {
        this.browser = browser;
        this.session = session;
        this.target = target;
    }

    void begin(String url) {
        for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
            send(domain + ".enable", JSON.createObjectNode());
        }
        size(1280, 900, false);
        send("Page.navigate", JSON.createObjectNode().put("url", url));
        loaded.orTimeout(30, TimeUnit.SECONDS).join();
    }

    // On the socket's thread.
    void heard(String method, JsonNode parameters) {
        switch (method) {
            case "Page.loadEventFired" -> loaded.complete(true);
            case "Network.requestWillBeSent" ->
                    requests.add(parameters.path("request").path("url").asString());
            case "Runtime.exceptionThrown" ->
                    complaints.add(parameters.path("exceptionDetails").toString());
            case "Runtime.consoleAPICalled" -> {
                if (List.of("error", "warning", "assert")
                        .contains(parameters.path("type").asString())) {
                    complaints.add(parameters.path("args").toString());
                }
            }
            case "Log.entryAdded" -> {
                if (List.of("error", "warning")
                        .contains(parameters.path("entry").path("level").asString())) {
                    complaints.add(parameters.path("entry").toString());
                }
            }
            default -> {
                // Nothing that a test asks for.
            }
        }
    }

    /** Errors and warnings, of the console and of the browser. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** The addresses that it asked for. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** The value of an expression; a promise is waited for. */
    public JsonNode eval(String expression) {
        JsonNode answer =
                send(
                        "Runtime.evaluate",
                        JSON.createObjectNode()
                                .put("expression", expression)
                                .put("awaitPromise", true)
                                .put("returnByValue", true));
        assertThat(answer.has("exceptionDetails"))
                .as("%s: %s", expression, answer.path("exceptionDetails"))
                .isFalse();
        return answer.path("result").path("value");
    }

    /** The text of the first element that fits. */
    public String text(String selector) {
        return eval("document.querySelector('" + selector + "').innerText").asString();
    }

    /** Returns when the expression is true: it is looked at after each change of the page. */
    public void await(String condition) {
        eval(
                """
                new Promise((done) => {
                  const watch = new MutationObserver(() => check());
                  const check = () => {
                    if (%s) {
                      watch.disconnect();
                      done(true);
                    }
                  };
                  watch.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
                  check();
                })\
                """
                        .formatted(condition));
    }

    /** Returns when what was done is drawn. */
    public void drawn() {
        eval(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
                        + " done(true))))");
    }

    public void click(String selector) {
        eval("document.querySelector('" + selector + "').click()");
    }

    /** The size of the window, in CSS pixels. */
    public void size(int width, int height, boolean phone) {
        send(
                "Emulation.setDeviceMetricsOverride",
                JSON.createObjectNode()
                        .put("width", width)
                        .put("height", height)
                        .put("deviceScaleFactor", phone ? 2 : 1)
                        .put("mobile", phone));
    }

    /** What the system prefers. */
    public void prefers(String scheme) {
        ObjectNode feature =
                JSON.createObjectNode().put("name", "prefers-color-scheme").put("value", scheme);
        send(
                "Emulation.setEmulatedMedia",
                JSON.createObjectNode().set("features", JSON.createArrayNode().add(feature)));
    }

    /** Presses and releases a key. */
    public void key(String key) {
        int code =
                switch (key) {
                    case "Tab" -> 9;
                    case "Enter" -> 13;
                    case "ArrowLeft" -> 37;
                    default -> throw new IllegalArgumentException("no code for the key " + key);
                };
        for (String type : List.of("keyDown", "keyUp")) {
            ObjectNode event =
                    JSON.createObjectNode()
                            .put("type", type)
                            .put("key", key)
                            .put("code", key)
                            .put("windowsVirtualKeyCode", code);
            if (key.equals("Enter") && type.equals("keyDown")) {
                event.put("text", "\r");
            }
            send("Input.dispatchKeyEvent", event);
        }
    }

    /** The window as PNG. */
    public byte[] screenshot() {
        JsonNode answer =
                send("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
        return Base64.getDecoder().decode(answer.path("data").asString());
    }

    public void close() {
        browser.send("", "Target.closeTarget", JSON.createObjectNode().put("targetId", target));
    }

    private JsonNode send(String method, ObjectNode parameters) {
        return browser.send(session, method, parameters);
    }
}
