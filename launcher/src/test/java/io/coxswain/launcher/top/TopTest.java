package io.coxswain.launcher.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;

class TopTest {
    private static final String PICTURE =
            """
            {"sequence": 7, "atMillis": 60000, "coordinator": "c1", "standing": "leading", "term": 3,
             "blocked": {"healthy": true, "what": "training: step 50 of 100", "sinceMillis": 50000,
                         "waitsOn": [], "next": ""},
             "job": {"id": "j", "phase": "active", "steps": 100, "completedStep": 50, "epoch": 2,
                     "protectedStep": 48, "protectedLagSteps": 2, "protectedLagSeconds": 0.25,
                     "loss": 0.5, "stepsPerSecond": 8.0,
                     "windows": [{"name": "5m", "ratio": 0.9}, {"name": "run", "ratio": 0.8,
                         "slotSeconds": 10,
                         "slotSecondsByCategory": {"productive": 8, "startup": 1.5, "other": 0.5}}],
                     "copies": {"wanted": 1, "least": 1, "deficits": [], "survives": "any one host",
                                "anySingleHostFatal": false},
                     "counters": {"incidents": 1},
                     "incidents": [{"id": 1, "cause": "agent a1 lost", "atStep": 20, "stepsLost": 0,
                         "beganMillis": 0, "closed": true, "planned": false,
                         "phaseSeconds": {"detect": 0.1, "fence": 0.2}, "costSlotSeconds": 0.5}]},
             "queued": [], "agents": []}
            """;

    private static ObjectNode picture(int agents, int racks) {
        var picture = (ObjectNode) JsonMapper.shared().readTree(PICTURE);
        var list = picture.putArray("agents");
        for (int i = 0; i < agents; i++) {
            ObjectNode agent = list.addObject();
            agent.put("id", "a" + i);
            agent.put("state", i == 5 ? "lost" : "ranked");
            agent.put("rank", i);
            agent.put("copiesHeld", 1);
            agent.put("domain", "pod" + i % 2 + "/rack" + i % racks + "/host" + i);
            agent.put("cells", "h".repeat(100) + (i == 5 ? "lllll" : "hhhhh"));
            agent.put("detail", "step 51");
        }
        return picture;
    }

    private static List<String> plain(List<StyledLine> lines) {
        return lines.stream().map(StyledLine::plain).toList();
    }

    @Test
    void theScreenSaysItAll() {
        List<String> lines = plain(new TopScreen(false).lines(picture(6, 6), "", 120, 40));
        assertThat(lines).hasSize(40);
        assertThat(lines.getFirst()).startsWith("coordinator c1, leading, term 3");
        assertThat(lines)
                .contains(
                        "training: step 50 of 100, for 10.0 s",
                        "##########.......... job j: active, step 50 of 100, epoch 2, protected 48"
                                + " (2 steps, 250 ms behind), 8.0 steps/s, loss 0.5000",
                        "goodput 5m 90.0%, run 80.0%",
                        "lost to startup 15.0%, other 5.0%",
                        "copies: 1 wanted, the worst shard has 1; survives any one host",
                        "incident 1, step 20: 300 ms, 0.500 slot-s, 0 steps lost: agent a1 lost");
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("a5 ").contains("lost"));
        assertThat(lines.getLast()).isEqualTo("q quits");
    }

    @Test
    void manyAgentsAreShownByDomain() {
        List<String> lines = plain(new TopScreen(false).lines(picture(1_024, 16), "", 120, 40));
        assertThat(lines).hasSize(40);
        assertThat(lines)
                .anySatisfy(line -> assertThat(line).contains("DOMAIN", "AGENTS", "STATES"));
        List<String> racks = lines.stream().filter(line -> line.startsWith("pod")).toList();
        assertThat(racks).hasSize(16);
        assertThat(racks)
                .filteredOn(line -> line.startsWith("pod1/rack5 "))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("64", "hhlllll", "1 lost, 63 ranked"));
        assertThat(racks)
                .filteredOn(line -> line.startsWith("pod0/rack4 "))
                .singleElement()
                .satisfies(line -> assertThat(line).doesNotContain("l ").contains("64 ranked"));
    }

    @Test
    void whereNoLevelFitsAllAreOneRow() {
        List<String> lines = plain(new TopScreen(false).lines(picture(1_024, 1_024), "", 80, 16));
        assertThat(lines).hasSize(16);
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("pod0 "));
    }

    @Test
    void aSmallWindowShowsTheFirstLines() {
        for (int height = 1; height < 30; height++) {
            List<StyledLine> lines =
                    new TopScreen(true).lines(picture(100, 10), "gone", 20, height);
            assertThat(lines).hasSize(Math.max(2, height));
            for (StyledLine line : lines) {
                assertThat(line.render(20, false)).hasSizeLessThanOrEqualTo(20);
            }
        }
    }

    @Test
    void whoHasNoPictureYetIsNoReasonToFail() {
        JsonNode none = JsonMapper.shared().createObjectNode();
        assertThat(new TopScreen(true).lines(none, "", 80, 24)).hasSize(24);
        assertThat(TopScreen.line(none, "")).contains("0 agents");
    }

    @Test
    void coloursDoNotCount() {
        var line =
                new StyledLine()
                        .add("abc", StyledLine.Style.BAD)
                        .add("defg", StyledLine.Style.GOOD);
        assertThat(line.render(5, false)).isEqualTo("abcde");
        assertThat(line.render(5, true)).isEqualTo("\u001b[31mabc\u001b[0m\u001b[32mde\u001b[0m");
        assertThat(line.render(0, true)).isEmpty();
        assertThat(StyledLine.of("a😀").render(2, false)).isEqualTo("a");
    }

    private static Top.Source source(Object... answers) {
        var left = new ArrayDeque<>(List.of(answers));
        return () -> {
            Object next = left.size() > 1 ? left.removeFirst() : left.getFirst();
            if (next instanceof JsonNode picture) {
                return picture;
            }
            throw new EnvironmentException(next.toString());
        };
    }

    private static List<String> lines(Top top, boolean json) throws Exception {
        var bytes = new ByteArrayOutputStream();
        top.lines(json, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void withoutATerminalItIsALineALook() throws Exception {
        var top = new Top(source(picture(6, 6)), Duration.ofMillis(1), 3);
        List<String> lines = lines(top, false);
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst())
                .contains("training: step 50 of 100", "goodput 5m 90.0%", "; 5 agents")
                .doesNotContain("\u001b");
    }

    @Test
    void asJsonItIsThePictures() throws Exception {
        var top = new Top(source(picture(1, 1)), Duration.ofMillis(1), 2);
        List<String> lines = lines(top, true);
        assertThat(lines).hasSize(2);
        assertThat(JsonMapper.shared().readTree(lines.getFirst())).isEqualTo(picture(1, 1));
    }

    @Test
    void whoIsLostOnTheWayIsSaidAndTriedAgain() throws Exception {
        var top =
                new Top(source(picture(1, 1), "no answer", picture(1, 1)), Duration.ofMillis(1), 3);
        List<String> lines = lines(top, false);
        assertThat(lines.get(1)).contains("not connected: no answer");
        assertThat(lines.get(2)).contains("training");
    }

    @Test
    void whoNeverAnswersIsAnError() {
        var top = new Top(source("nobody listens"), Duration.ofMillis(1), 3);
        assertThatThrownBy(() -> lines(top, false))
                .isInstanceOf(EnvironmentException.class)
                .hasMessage("nobody listens");
    }
}
