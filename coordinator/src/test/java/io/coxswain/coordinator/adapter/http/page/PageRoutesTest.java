package io.coxswain.coordinator.adapter.http.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.web.Routes;
import io.coxswain.web.WebServer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

class PageRoutesTest {
    private final EventLog events = new EventLog(500, () -> 5_000);
    private final HttpClient client = HttpClient.newHttpClient();
    private volatile Picture picture =
            Pictures.picture(1, Pictures.job("j", 4), List.of(Pictures.agent("a", "ranked", "h")));
    private PageRoutes pages;
    private WebServer server;

    private final PageSource source =
            new PageSource() {
                @Override
                public Picture picture() {
                    return picture;
                }

                @Override
                public long nextSequence() {
                    return events.lastSequence() + 1;
                }

                @Override
                public List<SequencedEvent> events(long fromSequence) {
                    return events.read(fromSequence);
                }
            };

    @BeforeEach
    void start() throws IOException {
        Routes.Builder routes = Routes.builder();
        pages = PageRoutes.addTo(routes, source);
        server = serve(routes);
    }

    @AfterEach
    void stop() {
        client.shutdownNow();
        server.close();
        pages.close();
        events.close();
    }

    private static WebServer serve(Routes.Builder routes) throws IOException {
        return WebServer.builder().bind("127.0.0.1", 0).routes(routes.build()).start();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.url()).resolve(path));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void thePageAllowsNothingFromOutside() throws Exception {
        HttpResponse<String> page = get("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("content-security-policy"))
                .contains(PageAssets.POLICY);
        assertThat(PageAssets.POLICY).doesNotContain("unsafe").doesNotContain("http");
        assertThat(page.body()).doesNotContain("http:", "https:", "<style", " style=", " onclick=");
        assertThat(page.body()).containsOnlyOnce("<script");
    }

    @Test
    void allFilesAreServedAndNoOther() throws Exception {
        Path folder = Path.of("src/main/resources/io/coxswain/coordinator/adapter/http/page");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            Stream.concat(Stream.of(PageAssets.INDEX), PageAssets.FILES.stream())
                                    .toList());
        }
        for (String file : PageAssets.FILES) {
            HttpResponse<String> answer = get("/assets/" + file);
            assertThat(answer.statusCode()).as(file).isEqualTo(200);
            assertThat(answer.headers().firstValue("content-type").orElse("")).isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/assets/", "/assets/index.html", "/assets/x.js", "/page", "/api/v1"})
    void otherPathsAreNotThere(String path) throws Exception {
        assertThat(get(path).statusCode()).isEqualTo(404);
    }

    @Test
    void whatTheBrowserHasIsNotSentAgain() throws Exception {
        String tag = get("/assets/page.css").headers().firstValue("etag").orElseThrow();
        HttpResponse<String> again =
                client.send(
                        request("/assets/page.css").header("If-None-Match", tag).build(),
                        HttpResponse.BodyHandlers.ofString());

        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void textIsInsertedAsTextOnly() {
        for (String file : PageAssets.FILES) {
            String text = new String(PageAssets.read(file), StandardCharsets.UTF_8);
            assertThat(text)
                    .as(file)
                    .doesNotContain(
                            "innerHTML",
                            "outerHTML",
                            "insertAdjacentHTML",
                            "document.write",
                            "eval(",
                            "new Function",
                            "setAttribute('style'",
                            "@import",
                            "url(");
        }
    }

    @Test
    void thePictureIsJson() throws Exception {
        HttpResponse<String> answer = get("/api/v1/picture");
        assertThat(answer.headers().firstValue("content-type")).contains("application/json");
        JsonNode json = JsonMapper.shared().readTree(answer.body());
        assertThat(json.path("job").path("completedStep").asLong()).isEqualTo(4);
        assertThat(json.path("agents").path(0).path("cells").asString()).isEqualTo("h");
    }

    @Test
    void theStreamBringsThePictureThenWhatChanged() throws Exception {
        try (Stream<String> lines = follow("/api/v1/events", null)) {
            Iterator<String> stream = lines.iterator();
            assertThat(data(stream, "picture").path("whole").asBoolean()).isTrue();

            picture =
                    Pictures.picture(
                            2, Pictures.job("j", 5), List.of(Pictures.agent("a", "ranked", "h")));
            JsonNode second = data(stream, "picture");
            assertThat(second.path("job").path("completedStep").asLong()).isEqualTo(5);
            assertThat(second.has("whole")).isFalse();

            events.publish(new CoordinatorEvent.JobQueued("k", 1), 0, 3, "k", 0, 0);
            JsonNode event = data(stream, "events").path(0);
            assertThat(event.path("kind").asString()).isEqualTo("JobQueued");
            assertThat(event.path("text").asString()).isEqualTo("job k queued at position 1");
        }
    }

    private void shows(long sequence, long step) {
        picture =
                Pictures.picture(
                        sequence,
                        Pictures.job("j", step),
                        List.of(Pictures.agent("a", "ranked", "h")));
    }

    @Test
    void whoJoinsInMidStreamIsToldTheSameAsTheOthersFromThenOn() throws Exception {
        try (Stream<String> lines = follow("/api/v1/events", null)) {
            Iterator<String> first = lines.iterator();
            assertThat(data(first, "picture").path("whole").asBoolean()).isTrue();
            shows(2, 5);
            assertThat(data(first, "picture").path("after").asLong()).isEqualTo(1);
            try (Stream<String> moreLines = follow("/api/v1/events", null)) {
                Iterator<String> second = moreLines.iterator();
                JsonNode whole = data(second, "picture");
                assertThat(whole.path("whole").asBoolean()).isTrue();
                assertThat(whole.path("sequence").asLong()).isEqualTo(2);
                shows(3, 6);
                JsonNode told = data(first, "picture");
                assertThat(told.path("after").asLong()).isEqualTo(2);
                assertThat(data(second, "picture")).isEqualTo(told);
            }
            shows(4, 7);
            assertThat(data(first, "picture").path("after").asLong()).isEqualTo(3);
        }
    }

    @Test
    void whenTheLastPageGoesAnotherIsFedAnew() throws Exception {
        for (int i = 1; i <= 3; i++) {
            try (Stream<String> lines = follow("/api/v1/events", null)) {
                Iterator<String> stream = lines.iterator();
                assertThat(data(stream, "picture").path("whole").asBoolean()).isTrue();
                shows(2L * i, 4 + i);
                assertThat(data(stream, "picture").path("job").path("completedStep").asLong())
                        .isEqualTo(4 + i);
            }
        }
    }

    @Test
    void pagesOfOtherSitesMayNotReadTheStream() throws Exception {
        HttpRequest asked =
                request("/api/v1/events")
                        .header("Accept", "text/event-stream")
                        .header("Origin", "https://elsewhere.example")
                        .header("Sec-Fetch-Site", "cross-site")
                        .build();
        HttpResponse<Stream<String>> answer =
                client.send(asked, HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = answer.body()) {
            // A browser hands nothing on without this header.
            assertThat(answer.headers().map().keySet())
                    .noneMatch(name -> name.startsWith("access-control-"));
            assertThat(lines).isNotNull();
        }
        HttpRequest mayI =
                request("/api/v1/events")
                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                        .header("Origin", "https://elsewhere.example")
                        .header("Access-Control-Request-Method", "GET")
                        .build();
        HttpResponse<String> no = client.send(mayI, HttpResponse.BodyHandlers.ofString());
        assertThat(no.statusCode()).isEqualTo(405);
        assertThat(no.headers().map().keySet())
                .noneMatch(name -> name.startsWith("access-control-"));
    }

    @Test
    void whoComesBackGetsTheEventsThatHeMissed() throws Exception {
        for (int i = 1; i <= 300; i++) {
            events.publish(new CoordinatorEvent.JobQueued("k", i), 0, 3, "k", 0, 0);
        }
        String id;
        try (Stream<String> lines = follow("/api/v1/events", null)) {
            Iterator<String> stream = lines.iterator();
            id = id(stream);
            assertThat(sequence(id)).isEqualTo(300);
            JsonNode told = JsonMapper.shared().readTree(dataOf(stream));
            assertThat(told.size()).as("the newest are told").isEqualTo(200);
            assertThat(told.path(0).path("sequence").asLong()).isEqualTo(101);
        }
        String origin = id.substring(0, id.lastIndexOf('-'));
        assertThat(firstAfter(origin + "-290")).isEqualTo(291);
        assertThat(firstAfter(origin + "-3")).as("no more than 200").isEqualTo(101);
        assertThat(firstAfter(origin + "-99999")).isEqualTo(101);
        assertThat(firstAfter("another-290")).as("of another coordinator").isEqualTo(101);
        assertThat(firstAfter(origin + "-" + Long.MAX_VALUE)).isEqualTo(101);
        assertThat(firstAfter(origin + "-x")).isEqualTo(101);
    }

    private long firstAfter(String id) throws Exception {
        try (Stream<String> lines = follow("/api/v1/events", id)) {
            Iterator<String> stream = lines.iterator();
            id(stream);
            return JsonMapper.shared().readTree(dataOf(stream)).path(0).path("sequence").asLong();
        }
    }

    private static long sequence(String id) {
        return Long.parseLong(id.substring(id.lastIndexOf('-') + 1));
    }

    private Stream<String> follow(String path, @Nullable String lastId) throws Exception {
        HttpRequest.Builder request = request(path).header("Accept", "text/event-stream");
        if (lastId != null) {
            request.header("Last-Event-ID", lastId);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofLines()).body();
    }

    private static String id(Iterator<String> stream) {
        while (true) {
            String line = stream.next();
            if (line.startsWith("id: ")) {
                return line.substring(4);
            }
        }
    }

    private static String dataOf(Iterator<String> stream) {
        while (true) {
            String line = stream.next();
            if (line.startsWith("data: ")) {
                return line.substring(6);
            }
        }
    }

    private static JsonNode data(Iterator<String> stream, String event) {
        boolean wanted = false;
        while (true) {
            String line = stream.next();
            if (line.startsWith("event: ")) {
                wanted = line.equals("event: " + event);
            } else if (wanted && line.startsWith("data: ")) {
                return JsonMapper.shared().readTree(line.substring(6));
            }
        }
    }
}
