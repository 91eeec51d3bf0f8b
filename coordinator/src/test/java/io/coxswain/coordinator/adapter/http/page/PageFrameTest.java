package io.coxswain.coordinator.adapter.http.page;

import static io.coxswain.coordinator.adapter.http.page.Pictures.agent;
import static io.coxswain.coordinator.adapter.http.page.Pictures.incident;
import static io.coxswain.coordinator.adapter.http.page.Pictures.job;
import static io.coxswain.coordinator.adapter.http.page.Pictures.picture;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

class PageFrameTest {
    private @Nullable PageFrame last;
    private ObjectNode page = JsonMapper.shared().createObjectNode();
    private int bytes;

    /** The message that follows the last one; a page that had it all has it all again. */
    private ObjectNode next(Picture picture) {
        PageFrame before = last;
        PageFrame frame = PageFrame.of(picture, before);
        last = frame;
        byte[] text = before == null ? frame.whole() : frame.since(before);
        bytes = text.length;
        var message = (ObjectNode) JsonMapper.shared().readTree(text);
        page = PageMerge.apply(page, message.deepCopy());
        var whole = (ObjectNode) JsonMapper.shared().readTree(frame.whole());
        whole.remove("whole");
        page.remove("whole");
        assertThat(page).isEqualTo(whole);
        return message;
    }

    private static List<String> names(JsonNode object) {
        return object.propertyStream().map(member -> member.getKey()).toList();
    }

    @Test
    void theFirstMessageIsWhole() {
        JsonNode first =
                next(picture(1, job("j", 4, incident(1, "")), List.of(agent("a", "ranked", "hh"))));

        assertThat(first.path("whole").asBoolean()).isTrue();
        assertThat(names(first)).contains("blocked", "queued", "agents", "cellMillis");
        assertThat(names(first.path("job")))
                .contains("id", "windows", "timeline", "curve", "incidents", "copies", "stepTimes");
        assertThat(first.path("job").path("loss").isNull()).isTrue();
        assertThat(first.path("agents").path(0).path("cells").asString()).isEqualTo("hh");
    }

    @Test
    void laterMessagesLeaveOutWhatStays() {
        next(picture(1, job("j", 4, incident(1, "")), List.of(agent("a", "ranked", "h"))));
        JsonNode second =
                next(
                        picture(
                                2,
                                job("j", 4, incident(1, ""), incident(2, "fence")),
                                List.of(agent("a", "ranked", "h"))));

        assertThat(names(second)).containsExactlyInAnyOrder("after", "sequence", "atMillis", "job");
        assertThat(names(second.path("job")))
                .containsExactlyInAnyOrder("counters", "incidentsMoved");
        assertThat(second.path("job").path("incidentsMoved").size()).isEqualTo(1);
        assertThat(second.path("after").asLong()).isEqualTo(1);
        assertThat(second.path("sequence").asLong()).isEqualTo(2);
    }

    @Test
    void ofAGrowingCurveOnlyTheEndIsTold() {
        next(picture(1, job("j", 100), List.of()));
        JsonNode second = next(picture(2, job("j", 102), List.of()));

        JsonNode curve = second.path("job").path("curve");
        assertThat(names(curve)).containsExactlyInAnyOrder("100", "101", "length");
        assertThat(bytes).isLessThan(400);
    }

    @Test
    void anIncidentThatMovesOnComesAgain() {
        next(picture(1, job("j", 4, incident(1, "fence")), List.of()));
        JsonNode second = next(picture(2, job("j", 5, incident(1, "restore")), List.of()));

        assertThat(second.path("job").path("incidentsMoved").path(0).path("phase").asString())
                .isEqualTo("restore");
    }

    @Test
    void theOldestOfManyIncidentsGo() {
        IncidentPicture[] first = incidents(1, 200);
        next(picture(1, job("j", 4, first), List.of()));
        JsonNode second = next(picture(2, job("j", 4, incidents(2, 201)), List.of()));
        assertThat(second.path("job").path("incidentsMoved").size()).isEqualTo(1);
    }

    private static IncidentPicture[] incidents(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(id -> incident(id, ""))
                .toArray(IncidentPicture[]::new);
    }

    @Test
    void ofAnAgentOnlyWhatMovedIsTold() {
        next(picture(1, null, List.of(agent("a", "ranked", "h"), agent("b", "ranked", "h"))));
        JsonNode second =
                next(
                        picture(
                                2,
                                null,
                                List.of(agent("a", "suspect", "hs"), agent("b", "ranked", "hh"))));

        assertThat(second.path("agentsMoved").size()).isEqualTo(1);
        assertThat(names(second.path("agentsMoved").path(0)))
                .containsExactlyInAnyOrder("id", "state");
        assertThat(names(second)).contains("heat");
    }

    @Test
    void whatAnAgentDoesIsToldNowAndThen() {
        int told = 0;
        for (int i = 1; i <= 2 * PageFrame.SLOW_FRAMES; i++) {
            JsonNode message =
                    next(
                            picture(
                                    i,
                                    null,
                                    List.of(agent("a", "ranked", "h").withDetail("step " + i))));
            told += message.has("agentsMoved") || message.has("agents") ? 1 : 0;
        }
        assertThat(told).isEqualTo(2);
        JsonNode changed =
                next(picture(99, null, List.of(agent("a", "suspect", "h").withDetail("step 99"))));
        assertThat(names(changed.path("agentsMoved").path(0)))
                .containsExactlyInAnyOrder("id", "state", "detail");
    }

    @Test
    void whenAnAgentComesOrGoesTheListIsWhole() {
        next(picture(1, null, List.of(agent("a", "spare", "p"), agent("b", "spare", "p"))));
        JsonNode second = next(picture(2, null, List.of(agent("b", "spare", "pp"))));
        assertThat(second.path("agents").size()).isEqualTo(1);

        JsonNode third = next(picture(3, null, List.of()));
        assertThat(third.path("agents").isArray()).isTrue();
        assertThat(third.path("agents").isEmpty()).isTrue();
    }

    @Test
    void anotherJobIsWholeAgain() {
        next(picture(1, job("j", 4), List.of(agent("a", "ranked", "h"))));
        JsonNode second = next(picture(2, job("k", 0), List.of(agent("a", "ranked", "h"))));
        assertThat(second.path("whole").asBoolean()).isTrue();
        assertThat(next(picture(3, null, List.of())).path("whole").asBoolean()).isTrue();
    }

    @Test
    void hostileNamesStayJson() {
        String name = "\"\n\\</script>";
        JsonNode first = next(picture(1, null, List.of(agent(name, "spare", "p"))));
        assertThat(first.path("agents").path(0).path("id").asString()).isEqualTo(name);
        next(picture(2, null, List.of(agent(name, "spare", "c"))));
    }

    @Test
    void aSecondOfAThousandAgentsIsSmall() {
        next(picture(1, job("j", 400), thousand("h".repeat(119) + "s")));
        assertThat(bytes).isLessThan(512_000);
        next(picture(2, job("j", 400), thousand("h".repeat(118) + "sh")));
        assertThat(bytes).as("their heat moves alike").isLessThan(400);
    }

    private static List<AgentPicture> thousand(String cells) {
        return IntStream.range(0, 1_024)
                .mapToObj(i -> agent("agent-" + i, "ranked", cells))
                .toList();
    }

    @Test
    void ranksAreToldOfNowAndThenTheSlowestOnly() {
        int told = 0;
        for (int i = 1; i <= 2 * PageFrame.SLOW_FRAMES; i++) {
            ObjectNode message =
                    next(picture(i, Pictures.withRanks(job("j", 4), 100, i), List.of()));
            JsonNode ranks = message.path("job").path("stepTimes").path("ranks");
            told += ranks.isMissingNode() ? 0 : 1;
        }
        assertThat(told).isEqualTo(2);
        assertThat(page.path("job").path("stepTimes").path("ranks").size())
                .isEqualTo(PageFrame.RANKS);
        assertThat(page.path("job").path("stepTimes").path("rankCount").asInt()).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverHappensAPageHasItAll(long seed) {
        var random = new Random(seed);
        var agents = new ArrayList<AgentPicture>();
        String id = "j";
        int incidents = 1;
        for (int i = 1; i <= 100; i++) {
            if (random.nextInt(10) == 0 && agents.size() < 20) {
                agents.add(agent("a" + i, "spare", letters(random, 5)));
            }
            if (random.nextInt(20) == 0 && !agents.isEmpty()) {
                agents.remove(random.nextInt(agents.size()));
            }
            int drop = random.nextInt(3);
            agents.replaceAll(one ->
                    agent(
                            one.id(),
                            random.nextInt(9) == 0 ? "suspect" : one.state(),
                            one.cells().substring(Math.min(drop, one.cells().length()))
                                    + letters(random, drop)));
            boolean next = random.nextInt(30) == 0;
            id = next ? "j" + i : id;
            incidents = next ? 1 : incidents + random.nextInt(2);
            JobPicture job =
                    random.nextInt(40) == 0
                            ? null
                            : Pictures.withTimeline(
                                    Pictures.withRanks(
                                            job(id, random.nextInt(60), incidents(1, incidents)),
                                            random.nextInt(5),
                                            i),
                                    random,
                                    random.nextInt(12));
            next(picture(i, job, agents));
        }
    }

    private static String letters(Random random, int count) {
        var letters = new StringBuilder();
        for (int i = 0; i < count; i++) {
            letters.append("hsglpcr.".charAt(random.nextInt(8)));
        }
        return letters.toString();
    }
}
