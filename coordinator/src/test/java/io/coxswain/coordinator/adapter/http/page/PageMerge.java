package io.coxswain.coordinator.adapter.http.page;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.Map;
import java.util.TreeMap;

/** What a page does with a message, as its {@code state.js} does it. */
final class PageMerge {
    private PageMerge() {}

    /** The picture after a message. */
    static ObjectNode apply(ObjectNode picture, ObjectNode message) {
        if (message.has("whole")) {
            return message;
        }
        if (picture.path("sequence").asLong() != message.path("after").asLong()) {
            throw new AssertionError("a message was missed: " + message);
        }
        ObjectNode rest = message.deepCopy();
        rest.remove("after");
        JsonNode job = rest.remove("job");
        JsonNode agents = rest.remove("agents");
        JsonNode moved = rest.remove("agentsMoved");
        JsonNode heat = rest.remove("heat");
        var merged = (ObjectNode) patch(picture, rest);
        if (job != null) {
            merged.set(
                    "job",
                    job instanceof ObjectNode some && merged.get("job") instanceof ObjectNode was
                            ? job(was, some)
                            : job);
        }
        if (agents != null) {
            merged.set("agents", agents);
        } else {
            for (JsonNode one : merged.path("agents")) {
                agent((ObjectNode) one, moved, heat);
            }
        }
        return merged;
    }

    private static JsonNode job(ObjectNode before, ObjectNode change) {
        JsonNode moved = change.remove("incidentsMoved");
        var job = (ObjectNode) patch(before, change);
        if (moved != null) {
            var byId = new TreeMap<Integer, JsonNode>();
            before.path("incidents").forEach(one -> byId.put(one.path("id").asInt(), one));
            moved.forEach(one -> byId.put(one.path("id").asInt(), one));
            while (byId.size() > 200) {
                byId.pollFirstEntry();
            }
            job.putArray("incidents").addAll(byId.values());
        }
        return job;
    }

    private static void agent(ObjectNode agent, @Nullable JsonNode moved, @Nullable JsonNode heat) {
        String id = agent.path("id").asString();
        if (moved != null) {
            for (JsonNode one : moved) {
                if (one.path("id").asString().equals(id)) {
                    agent.setAll((ObjectNode) one);
                }
            }
        }
        if (heat != null) {
            JsonNode change =
                    heat.path("others").has(id) ? heat.path("others").get(id) : heat.get("most");
            int drop = change.path(0).asInt();
            agent.put(
                    "cells",
                    agent.path("cells").asString().substring(drop, drop + change.path(1).asInt())
                            + change.path(2).asString());
        }
    }

    static JsonNode patch(JsonNode before, JsonNode change) {
        if (!(change instanceof ObjectNode members)) {
            return change;
        }
        if (before instanceof ObjectNode was) {
            ObjectNode after = was.deepCopy();
            for (Map.Entry<String, JsonNode> member : members.properties()) {
                if (member.getKey().equals("-") && member.getValue().isArray()) {
                    member.getValue().forEach(gone -> after.remove(gone.asString()));
                } else {
                    after.set(
                            member.getKey(), patch(after.path(member.getKey()), member.getValue()));
                }
            }
            return after;
        }
        if (before instanceof ArrayNode was) {
            ArrayNode after = JsonMapper.shared().createArrayNode();
            int length = members.path("length").asInt(was.size());
            for (int i = 0; i < length; i++) {
                JsonNode one = members.get(Integer.toString(i));
                after.add(one == null ? was.get(i) : patch(was.path(i), one));
            }
            return after;
        }
        return change;
    }
}
