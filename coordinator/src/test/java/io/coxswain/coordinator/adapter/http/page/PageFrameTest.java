package io.coxswain.coordinator.adapter.http.page;

import static io.coxswain.coordinator.adapter.http.page.Pictures.agent;
import static io.coxswain.coordinator.adapter.http.page.Pictures.incident;
import static io.coxswain.coordinator.adapter.http.page.Pictures.job;
import static io.coxswain.coordinator.adapter.http.page.Pictures.picture;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Picture;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

class PageFrameTest {
    private final PageFrame.Seen seen = new PageFrame.Seen();
    private PageFrame last = PageFrame.of(picture(0, null, List.of()), null);

    private JsonNode next(Picture picture, boolean withCells) {
        last = PageFrame.of(picture, last);
        return JsonMapper.shared().readTree(seen.next(last, withCells));
    }

    private static List<String> names(JsonNode object) {
        return object.propertyStream().map(member -> member.getKey()).toList();
    }

    @Test
    void theFirstMessageIsWhole() {
        JsonNode first =
                next(
                        picture(
                                1,
                                job("j", 4, incident(1, "")),
                                List.of(agent("a", "ranked", "hh"))),
                        false);

        assertThat(first.path("whole").asBoolean()).isTrue();
        assertThat(names(first)).contains("blocked", "queued", "agents", "cells", "cellMillis");
        assertThat(names(first.path("job")))
                .contains("id", "windows", "timeline", "curve", "incidents", "copies", "stepTimes");
        assertThat(first.path("job").path("loss").isNull()).isTrue();
        assertThat(first.path("agents").path(0).path("id").asString()).isEqualTo("a");
        assertThat(first.path("cells").path("a").asString()).isEqualTo("hh");
    }

    @Test
    void laterMessagesLeaveOutWhatStays() {
        next(picture(1, job("j", 4, incident(1, "")), List.of(agent("a", "ranked", "h"))), true);
        JsonNode second =
                next(
                        picture(
                                2,
                                job("j", 4, incident(1, ""), incident(2, "fence")),
                                List.of(agent("a", "ranked", "h"))),
                        true);

        assertThat(second.has("whole")).isFalse();
        assertThat(names(second)).doesNotContain("agents", "agentsChanged", "cells");
        assertThat(names(second.path("job"))).doesNotContain("timeline", "curve", "copies");
        assertThat(second.path("job").path("incidents").size()).isEqualTo(1);
        assertThat(second.path("job").path("incidents").path(0).path("id").asInt()).isEqualTo(2);
        assertThat(second.path("sequence").asLong()).isEqualTo(2);
    }

    @Test
    void anIncidentThatMovesOnComesAgain() {
        next(picture(1, job("j", 4, incident(1, "fence")), List.of()), true);
        JsonNode second = next(picture(2, job("j", 5, incident(1, "restore")), List.of()), true);

        assertThat(second.path("job").path("incidents").path(0).path("phase").asString())
                .isEqualTo("restore");
        assertThat(names(second.path("job"))).contains("curve");
    }

    @Test
    void anAgentsStateComesAtOnceItsHeatWhenDue() {
        List<AgentPicture> two = List.of(agent("a", "ranked", "h"), agent("b", "ranked", "h"));
        next(picture(1, null, two), true);
        JsonNode second =
                next(
                        picture(
                                2,
                                null,
                                List.of(agent("a", "suspect", "hs"), agent("b", "ranked", "hh"))),
                        false);
        assertThat(second.path("agentsChanged").size()).isEqualTo(1);
        assertThat(second.path("agentsChanged").path(0).path("state").asString())
                .isEqualTo("suspect");
        assertThat(second.has("cells")).isFalse();

        JsonNode third =
                next(
                        picture(
                                3,
                                null,
                                List.of(agent("a", "suspect", "hs"), agent("b", "ranked", "hh"))),
                        true);
        assertThat(third.has("agentsChanged")).isFalse();
        assertThat(third.path("cells").path("b").asString()).isEqualTo("hh");
    }

    @Test
    void whenAnAgentComesOrGoesTheListIsWhole() {
        next(picture(1, null, List.of(agent("a", "spare", "p"), agent("b", "spare", "p"))), true);
        JsonNode second = next(picture(2, null, List.of(agent("b", "spare", "pp"))), true);
        assertThat(second.path("agents").size()).isEqualTo(1);
        assertThat(names(second.path("cells"))).containsExactly("b");

        JsonNode third = next(picture(3, null, List.of()), true);
        assertThat(third.path("agents").isArray()).isTrue();
        assertThat(third.path("agents").isEmpty()).isTrue();
    }

    @Test
    void anotherJobIsWholeAgain() {
        next(picture(1, job("j", 4), List.of(agent("a", "ranked", "h"))), true);
        JsonNode second = next(picture(2, job("k", 0), List.of(agent("a", "ranked", "h"))), false);

        assertThat(second.path("whole").asBoolean()).isTrue();
        assertThat(names(second)).contains("agents", "cells");
        assertThat(names(second.path("job"))).contains("timeline", "curve");
    }

    @Test
    void hostileNamesStayJson() {
        JsonNode first =
                next(picture(1, null, List.of(agent("\"\n\\</script>", "spare", "p"))), true);
        assertThat(first.path("agents").path(0).path("id").asString()).isEqualTo("\"\n\\</script>");
        assertThat(first.path("cells").path("\"\n\\</script>").asString()).isEqualTo("p");
    }

    @Test
    void aQuietSecondOfAThousandAgentsIsSmall() {
        List<AgentPicture> many =
                IntStream.range(0, 1_024)
                        .mapToObj(i -> agent("agent-" + i, "ranked", "h".repeat(120)))
                        .toList();
        last = PageFrame.of(picture(1, job("j", 400), many), last);
        assertThat(seen.next(last, true).length).isLessThan(512_000);
        last = PageFrame.of(picture(2, job("j", 400), many), last);
        assertThat(seen.next(last, true).length).isLessThan(4_096);
    }

    @Test
    void framesAreMadeOnceForAllAndNotTooOften() throws Exception {
        var made = new AtomicInteger();
        var clock = new AtomicLong();
        var frames =
                new PageFrames(() -> picture(made.incrementAndGet(), null, List.of()), clock::get);

        PageFrame first = frames.newest();
        clock.addAndGet(199_000_000);
        assertThat(frames.newest()).isSameAs(first);
        clock.addAndGet(2_000_000);
        assertThat(frames.newest()).isNotSameAs(first);
        assertThat(made).hasValue(2);
    }

    @Test
    void heatIsSentLessOftenWhereThereAreManyAgents() {
        assertThat(PageViewer.picturesPerHeat(64)).isEqualTo(1);
        assertThat(PageViewer.picturesPerHeat(256)).isEqualTo(4);
        assertThat(PageViewer.picturesPerHeat(1_024)).isEqualTo(10);
    }
}
