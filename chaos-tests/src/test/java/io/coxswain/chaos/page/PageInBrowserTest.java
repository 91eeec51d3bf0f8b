package io.coxswain.chaos.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.picture.Blocked;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a browser makes of the page, with pictures made by hand. */
class PageInBrowserTest {
    private static final int NODES = 6_000;

    @TempDir private static Path profile = Path.of("");
    private static Chromium browser;

    private PageFixture page;

    @BeforeAll
    static void start() throws IOException {
        Optional<Path> found = Chromium.find();
        assumeTrue(found.isPresent(), Chromium.MISSING);
        browser = Chromium.start(found.orElseThrow(), profile);
    }

    @AfterAll
    static void end() {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void serve() throws IOException {
        page = new PageFixture();
    }

    @AfterEach
    void close() {
        page.close();
    }

    private Tab open() {
        Tab tab = browser.open(page.url());
        tab.await("document.querySelector('#connection').dataset.state === 'live'");
        tab.drawn();
        return tab;
    }

    private static void assertClean(Tab tab, String url) {
        assertThat(tab.complaints()).isEmpty();
        assertThat(tab.requests()).isNotEmpty().allMatch(request -> request.startsWith(url));
    }

    @Test
    void aHealthyRunIsSaidToBeOne() {
        page.healthy(6);
        Tab tab = open();

        assertThat(tab.text("#now-word")).isEqualTo("Healthy");
        assertThat(tab.text("#now-what")).isEqualTo("training: step 400 of 1,000");
        assertThat(tab.text("[data-window=run] .window-ratio")).isEqualTo("90.0 %");
        assertThat(tab.text("[data-window=run] .window-loss"))
                .isEqualTo("most lost: startup 8.3 %");
        assertThat(tab.text("#losses-body tr:nth-child(2)"))
                .contains("startup")
                .contains("100 slot-s");
        assertThat(tab.text("#waterfall")).contains("detect").contains("53.0 ms");
        assertThat(tab.text("#copies-survives")).isEqualTo("Survives: any one host");
        assertClean(tab, page.url());
        tab.close();
    }

    @Test
    void anIncidentAppearsWithoutReload() {
        page.healthy(6);
        Tab tab = open();
        tab.eval("window.notReloaded = true");

        page.recovering(6);
        tab.await("document.querySelectorAll('#incident-list li').length === 2");
        assertThat(tab.text("#now-word")).isEqualTo("Recovering");
        assertThat(tab.text("#now-waits")).isEqualTo("agent-0001");
        assertThat(tab.text("#incident-title")).isEqualTo("Incident 2: resume, under way");

        page.healthy(6);
        tab.await("document.querySelector('#now').dataset.health === 'healthy'");
        assertThat(tab.eval("window.notReloaded").asBoolean()).isTrue();
        assertClean(tab, page.url());
        tab.close();
    }

    @Test
    void namesAreTextAndNothingElse() {
        page.show(
                "leading",
                new Blocked(
                        false,
                        "<img src=x onerror=alert(1)>",
                        PageFixture.BEGAN,
                        List.of("<script>alert(2)</script>"),
                        "\u202e\"'`"),
                PageFixture.job("active", 4, List.of(PageFixture.incident(1, true))),
                PageFixture.agents(4));
        page.event(new CoordinatorEvent.AgentLost("<b onclick=x>", "i", "</li></ol><script>"));
        Tab tab = open();
        tab.await("document.querySelectorAll('#tail li').length === 1");

        assertThat(tab.text("#now-what")).isEqualTo("<img src=x onerror=alert(1)>");
        assertThat(tab.text("#now-waits")).isEqualTo("<script>alert(2)</script>");
        assertThat(tab.text("#tail .tail-text")).contains("</li></ol><script>");
        assertThat(
                        tab.eval(
                                        "document.querySelectorAll('main img, main script, main"
                                                + " b').length")
                                .asInt())
                .isZero();
        assertClean(tab, page.url());
        tab.close();
    }

    @Test
    void whatAPagePutsTogetherIsWhatTheServerHas() {
        page.healthy(4);
        Tab tab = open();
        tab.eval(
                "import('/assets/state.js').then((module) => { window.known = module.state; })"
                        + ".then(() => true)");
        for (int round = 1; round <= 6; round++) {
            switch (round % 3) {
                case 0 ->
                        page.show(
                                "leading",
                                new Blocked(true, "training", PageFixture.BEGAN, List.of(), ""),
                                PageFixture.job(
                                        "active",
                                        4,
                                        List.of(
                                                PageFixture.incident(1, true),
                                                PageFixture.incident(2, true))),
                                PageFixture.agents(4));
                case 1 -> page.recovering(4);
                default -> page.recovering(3 + round);
            }
            tab.await("window.known?.picture?.sequence === " + page.picture().sequence());
            assertThat(
                            tab.eval(
                                            "fetch('/api/v1/picture').then((answer) =>"
                                                    + " answer.json()).then((whole) => {"
                                                    + " const sorted = (value) =>"
                                                    + " value && typeof value === 'object'"
                                                    + " && !Array.isArray(value)"
                                                    + " ? Object.fromEntries(Object.entries(value)"
                                                    + ".sort().map(([k, v]) => [k, sorted(v)]))"
                                                    + " : Array.isArray(value)"
                                                    + " ? value.map(sorted) : value;"
                                                    + " const { whole: _, ...mine } ="
                                                    + " structuredClone(window.known.picture);"
                                                    + " delete mine.job.stepTimes.rankCount;"
                                                    + " return JSON.stringify(sorted(mine)) ==="
                                                    + " JSON.stringify(sorted(whole)); })")
                                    .asBoolean())
                    .as("round %s", round)
                    .isTrue();
        }
        assertThat(tab.complaints()).isEmpty();
        tab.close();
    }

    @Test
    void whoIsDisconnectedReadsSo() {
        page.healthy(6);
        Tab tab = open();
        assertClean(tab, page.url());

        page.close();
        tab.await("!document.querySelector('#banner').hidden");
        assertThat(tab.text("#banner"))
                .startsWith("Disconnected since ")
                .contains("What is shown is old.");
        assertThat(tab.text("#connection")).isEqualTo("disconnected");
        assertThat(tab.eval("document.body.classList.contains('stale')").asBoolean()).isTrue();
        // The last picture stays.
        assertThat(tab.text("#now-what")).isEqualTo("training: step 400 of 1,000");
        tab.close();
    }

    @Test
    void aStandbySaysThatItIsOne() {
        page.show(
                "standby",
                new Blocked(
                        false,
                        "standby: coordinator-b leads",
                        PageFixture.BEGAN,
                        List.of("coordinator-b"),
                        ""),
                null,
                List.of());
        Tab tab = open();

        assertThat(tab.text("#now-word")).isEqualTo("Standby");
        assertThat(tab.text("#banner")).contains("This is a standby. coordinator-b leads");
        assertThat(tab.eval("document.querySelector('#banner a').href").asString())
                .isEqualTo("http://192.0.2.7:7480/");
        assertThat(tab.eval("document.querySelector('#goodput').hidden").asBoolean()).isTrue();
        tab.close();
    }

    @Test
    void withoutAJobItSaysHowToSubmitOne() {
        page.show(
                "leading",
                new Blocked(true, "no job", PageFixture.BEGAN, List.of(), "submit one"),
                null,
                PageFixture.agents(2));
        Tab tab = open();

        assertThat(tab.text("#now-word")).isEqualTo("Idle");
        assertThat(tab.text("#empty")).contains("coxswain submit");
        assertThat(tab.eval("document.querySelector('#goodput').hidden").asBoolean()).isTrue();
        tab.close();
    }

    @Test
    void aFailedJobSaysWhy() {
        page.show(
                "leading",
                new Blocked(
                        false,
                        "failed: no instance is left of shard 1",
                        PageFixture.BEGAN,
                        List.of(),
                        ""),
                PageFixture.job("failed", 4, List.of()),
                PageFixture.agents(4));
        Tab tab = open();

        assertThat(tab.text("#now-word")).isEqualTo("Failed");
        assertThat(tab.text("#now-what")).contains("no instance is left of shard 1");
        assertThat(tab.text("#incidents-none")).isEqualTo("No incident so far.");
        tab.close();
    }

    @Test
    void theKeyboardReachesEverythingInOrder() {
        page.healthy(6);
        Tab tab = open();

        var visited = new ArrayList<String>();
        for (int i = 0; i < 16; i++) {
            tab.key("Tab");
            visited.add(
                    tab.eval(
                                    "(document.activeElement.id ||"
                                            + " document.activeElement.dataset.window ||"
                                            + " document.activeElement.className ||"
                                            + " document.activeElement.textContent)")
                            .asString());
        }
        assertThat(visited)
                .containsSubsequence(
                        "skip",
                        "theme",
                        "5m",
                        "run",
                        "timeline-plot",
                        "incident-button",
                        "agents-troubled");
        assertThat(tab.eval("getComputedStyle(document.activeElement).outlineStyle").asString())
                .isNotEqualTo("none");

        tab.eval("document.querySelector('#timeline-plot').focus()");
        tab.key("ArrowLeft");
        assertThat(tab.eval("document.querySelector('#timeline-plot').ariaValueText").asString())
                .contains("productive 87.5 %");
        tab.eval("document.querySelector('[data-window=\"1h\"]').focus()");
        tab.key("Enter");
        assertThat(tab.text("#losses-window")).startsWith("last 1 h");
        tab.close();
    }

    @Test
    void aTelephoneNeedsNoSidewaysScroll() {
        page.recovering(200);
        Tab tab = open();
        tab.size(360, 740, true);
        tab.drawn();

        for (String scheme : List.of("light", "dark")) {
            tab.prefers(scheme);
            tab.drawn();
            assertThat(tab.eval("document.documentElement.scrollWidth").asInt())
                    .isLessThanOrEqualTo(360);
        }
        tab.close();
    }

    @Test
    void aThousandAgentsStayFewNodes() {
        page.healthy(1_024);
        Tab tab = open();
        tab.await("document.querySelectorAll('#heat canvas').length >= 32");

        assertThat(tab.text("#agents-count")).isEqualTo("1,023 healthy, 1 lost");
        assertThat(tab.eval("document.querySelectorAll('*').length").asInt()).isLessThan(NODES);
        tab.click(".heat-button");
        tab.await("document.querySelectorAll('#heat [data-inner]').length === 32");
        tab.click("#agents-table summary");
        tab.await("document.querySelectorAll('#agents-rows tr').length === 100");
        assertThat(tab.eval("document.querySelectorAll('*').length").asInt()).isLessThan(NODES);
        assertThat(tab.text("#agents-rows tr")).contains("lost");
        assertClean(tab, page.url());
        tab.close();
    }

    @Test
    void theTailStopsAndGoesOn() {
        page.healthy(6);
        page.event(new CoordinatorEvent.JobQueued("job-2", 1));
        Tab tab = open();
        tab.await("document.querySelectorAll('#tail li').length === 1");

        tab.click("#events-pause");
        page.event(new CoordinatorEvent.JobQueued("job-3", 2));
        tab.await("document.querySelector('#events-hint').textContent === 'paused; 1 newer'");
        assertThat(tab.eval("document.querySelectorAll('#tail li').length").asInt()).isEqualTo(1);

        tab.click("#events-pause");
        tab.await("document.querySelectorAll('#tail li').length === 2");
        assertThat(tab.text("#tail li")).contains("job-3");
        tab.close();
    }

    @Test
    void theThemeFollowsTheSystemAndTheButton() {
        page.healthy(6);
        Tab tab = open();
        String background = "getComputedStyle(document.documentElement).backgroundColor";
        tab.prefers("dark");
        String dark = tab.eval(background).asString();
        tab.prefers("light");
        String light = tab.eval(background).asString();
        assertThat(dark).isNotEqualTo(light);

        tab.click("#theme");
        assertThat(tab.text("#theme")).isEqualTo("Theme: light");
        tab.click("#theme");
        assertThat(tab.text("#theme")).isEqualTo("Theme: dark");
        assertThat(tab.eval(background).asString()).isEqualTo(dark);
        tab.click("#theme");
        assertThat(tab.text("#theme")).isEqualTo("Theme: auto");
        tab.close();
    }
}
