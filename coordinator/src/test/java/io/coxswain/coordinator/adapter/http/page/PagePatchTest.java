package io.coxswain.coordinator.adapter.http.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.Random;

class PagePatchTest {
    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text.replace('\'', '"'));
    }

    private static String patch(String before, String now) {
        JsonNode patch = PagePatch.of(json(before), json(now));
        assertThat(PageMerge.patch(json(before), patch)).isEqualTo(json(now));
        return patch.toString().replace('"', '\'');
    }

    @Test
    void whatIsTheSameHasNone() {
        assertThat(PagePatch.of(json("{'a':[1,null]}"), json("{'a':[1,null]}")).isMissingNode())
                .isTrue();
    }

    @Test
    void ofAnObjectWhatChanged() {
        assertThat(patch("{'a':1,'b':{'c':2,'d':3}}", "{'a':1,'b':{'c':2,'d':4}}"))
                .isEqualTo("{'b':{'d':4}}");
        assertThat(patch("{'a':1,'b':2}", "{'b':2,'c':null}")).isEqualTo("{'c':null,'-':['a']}");
        assertThat(patch("{'a':{'b':1}}", "{'a':null}")).isEqualTo("{'a':null}");
        assertThat(patch("{'a':null}", "{'a':{'b':1}}")).isEqualTo("{'a':{'b':1}}");
    }

    @Test
    void ofAListWhatChangedByIndex() {
        assertThat(patch("[1,2,3,4]", "[1,2,9,4]")).isEqualTo("{'2':9}");
        assertThat(patch("[1,2,3,4]", "[1,2,3,4,5]")).isEqualTo("{'4':5,'length':5}");
        assertThat(patch("[1,2,3,4]", "[1,2]")).isEqualTo("{'length':2}");
        assertThat(patch("[{'a':1,'b':2},1,2]", "[{'a':1,'b':3},1,2]")).isEqualTo("{'0':{'b':3}}");
    }

    @Test
    void aListOfWhichMostChangedIsToldAnew() {
        assertThat(patch("[1,2,3]", "[4,5,3]")).isEqualTo("[4,5,3]");
        assertThat(patch("[]", "[1]")).isEqualTo("[1]");
    }

    @Test
    void anyValueTurnsIntoAnyOther() {
        var random = new Random(7);
        JsonNode before = value(random, 4);
        for (int i = 0; i < 3_000; i++) {
            JsonNode now = value(random, 4);
            if (turnsAListIntoAnObject(before, now)) {
                // Nothing in a picture does, so a patch has no word for it.
                continue;
            }
            JsonNode patch = PagePatch.of(before, now);
            assertThat(patch.isMissingNode() ? before : PageMerge.patch(before, patch))
                    .isEqualTo(now);
            before = now;
        }
    }

    private static boolean turnsAListIntoAnObject(JsonNode before, JsonNode now) {
        if (before.isArray() && now.isObject()) {
            return true;
        }
        if (before.isArray() && now.isArray()) {
            for (int i = 0; i < Math.min(before.size(), now.size()); i++) {
                if (turnsAListIntoAnObject(before.get(i), now.get(i))) {
                    return true;
                }
            }
        }
        return before.isObject()
                && before.propertyStream()
                        .anyMatch(member ->
                                now.has(member.getKey())
                                        && turnsAListIntoAnObject(
                                                member.getValue(), now.get(member.getKey())));
    }

    private static JsonNode value(Random random, int depth) {
        return switch (random.nextInt(depth == 0 ? 3 : 5)) {
            case 0 -> JsonMapper.shared().getNodeFactory().numberNode(random.nextInt(3));
            case 1 -> JsonMapper.shared().getNodeFactory().nullNode();
            case 2 -> JsonMapper.shared().getNodeFactory().stringNode("t" + random.nextInt(3));
            case 3 -> {
                ObjectNode object = JsonMapper.shared().createObjectNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    object.set("m" + random.nextInt(6), value(random, depth - 1));
                }
                yield object;
            }
            default -> {
                ArrayNode list = JsonMapper.shared().createArrayNode();
                for (int i = random.nextInt(6); i > 0; i--) {
                    list.add(value(random, depth - 1));
                }
                yield list;
            }
        };
    }
}
