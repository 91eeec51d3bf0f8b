package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.PictureJson;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A picture cut into the parts that change at different times, each as JSON. A part that is the
 * same as in the frame before is the same array, so that a viewer knows by identity what it has.
 */
final class PageFrame {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Members of a job that are long and mostly stay. */
    private static final Set<String> LONG =
            Set.of("timeline", "curve", "copies", "stepTimes", "labels");

    private final Picture picture;
    private final byte[] head;
    private final byte @Nullable [] jobHead;
    private final Map<String, byte[]> jobParts = new LinkedHashMap<>();
    private final Map<String, byte[]> incidents = new LinkedHashMap<>();
    private final Map<String, byte[]> agents = new LinkedHashMap<>();
    private final Map<String, byte[]> cells = new LinkedHashMap<>();

    private PageFrame(Picture picture, @Nullable PageFrame before) {
        this.picture = picture;
        var text = new ByteArrayOutputStream(16_384);
        PictureJson.write(picture, text);
        var whole = (ObjectNode) JSON.readTree(text.toByteArray());
        JsonNode job = whole.remove("job");
        JsonNode members = whole.remove("agents");
        head = JSON.writeValueAsBytes(whole);
        jobHead = job instanceof ObjectNode there ? jobHead(there, before) : null;
        members.forEach(agent -> agent((ObjectNode) agent, before));
    }

    /** The frame of {@code picture}; {@code before} is the one made last, null for the first. */
    static PageFrame of(Picture picture, @Nullable PageFrame before) {
        return new PageFrame(picture, before);
    }

    private byte[] jobHead(ObjectNode job, @Nullable PageFrame before) {
        Map<String, byte[]> partsBefore = before == null ? Map.of() : before.jobParts;
        Map<String, byte[]> incidentsBefore = before == null ? Map.of() : before.incidents;
        for (JsonNode incident : job.remove("incidents")) {
            String id = incident.path("id").asString();
            incidents.put(id, same(incidentsBefore.get(id), incident));
        }
        for (String name : LONG) {
            jobParts.put(name, same(partsBefore.get(name), job.remove(name)));
        }
        return JSON.writeValueAsBytes(job);
    }

    private void agent(ObjectNode agent, @Nullable PageFrame before) {
        String id = agent.path("id").asString();
        JsonNode heat = agent.remove("cells");
        agents.put(id, same(before == null ? null : before.agents.get(id), agent));
        cells.put(id, same(before == null ? null : before.cells.get(id), heat));
    }

    private static byte[] same(byte @Nullable [] before, JsonNode now) {
        byte[] bytes = JSON.writeValueAsBytes(now);
        return before != null && Arrays.equals(before, bytes) ? before : bytes;
    }

    Picture picture() {
        return picture;
    }

    /** How many agents there are. */
    int size() {
        return agents.size();
    }

    private String jobId() {
        return picture.job() == null ? "" : picture.job().id();
    }

    /**
     * What one viewer has got. Its memory is a reference for each part; the parts are shared.
     * Confined to the viewer's thread.
     */
    @SuppressWarnings("ReferenceEquality") // a part that did not change is the same array
    static final class Seen {
        private final Map<String, byte[]> jobParts = new HashMap<>();
        private final Map<String, byte[]> incidents = new HashMap<>();
        private final Map<String, byte[]> agents = new HashMap<>();
        private final Map<String, byte[]> cells = new HashMap<>();
        private @Nullable String jobId;

        /**
         * The message that brings the viewer to {@code frame}.
         *
         * @param withCells the agents' heat too, which shifts for all at once
         */
        byte[] next(PageFrame frame, boolean withCells) {
            boolean whole = jobId == null || !jobId.equals(frame.jobId());
            if (whole) {
                jobParts.clear();
                incidents.clear();
                agents.clear();
                cells.clear();
                jobId = frame.jobId();
            }
            var out = new Members();
            if (whole) {
                out.member("whole", "true");
            }
            out.members(frame.head);
            out.member("job", job(frame));
            agents(frame, out);
            if (whole || withCells) {
                byte[] shifted = changed(frame.cells, cells, true);
                if (shifted != null) {
                    out.member("cells", shifted);
                }
            }
            cells.keySet().retainAll(frame.cells.keySet());
            return out.close();
        }

        private byte[] job(PageFrame frame) {
            byte[] jobHead = frame.jobHead;
            if (jobHead == null) {
                return Members.ascii("null");
            }
            var out = new Members();
            out.members(jobHead);
            frame.jobParts.forEach((name, part) -> {
                if (jobParts.put(name, part) != part) {
                    out.member(name, part);
                }
            });
            byte[] moved = changed(frame.incidents, incidents, false);
            incidents.keySet().retainAll(frame.incidents.keySet());
            if (moved != null) {
                out.member("incidents", moved);
            }
            return out.close();
        }

        // The whole list when one came or went, so that its order is the picture's.
        private void agents(PageFrame frame, Members out) {
            if (agents.keySet().equals(frame.agents.keySet()) && !agents.isEmpty()) {
                byte[] some = changed(frame.agents, agents, false);
                if (some != null) {
                    out.member("agentsChanged", some);
                }
                return;
            }
            agents.clear();
            byte[] all = changed(frame.agents, agents, false);
            out.member("agents", all == null ? Members.ascii("[]") : all);
        }

        // As a list, or as an object with the keys; null: nothing did.
        private static byte @Nullable [] changed(
                Map<String, byte[]> now, Map<String, byte[]> seen, boolean named) {
            var out = new Members(named);
            now.forEach((key, part) -> {
                if (seen.put(key, part) != part) {
                    out.part(key, part);
                }
            });
            return out.empty() ? null : out.close();
        }
    }

    /** An object or a list put together from parts that are JSON already. */
    private static final class Members {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(1_024);
        private final boolean named;
        private boolean empty = true;

        Members() {
            this(true);
        }

        Members(boolean named) {
            this.named = named;
            out.write(named ? '{' : '[');
        }

        static byte[] ascii(String text) {
            return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        }

        boolean empty() {
            return empty;
        }

        void member(String name, String value) {
            part(name, ascii(value));
        }

        void member(String name, byte[] value) {
            part(name, value);
        }

        void part(String name, byte[] value) {
            comma();
            if (named) {
                out.writeBytes(JSON.writeValueAsBytes(name));
                out.write(':');
            }
            out.writeBytes(value);
        }

        /** The members of another object. */
        void members(byte[] object) {
            if (object.length > 2) {
                comma();
                out.write(object, 1, object.length - 2);
            }
        }

        private void comma() {
            if (!empty) {
                out.write(',');
            }
            empty = false;
        }

        byte[] close() {
            out.write(named ? '}' : ']');
            return out.toByteArray();
        }
    }
}
