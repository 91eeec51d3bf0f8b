package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.PictureJson;
import io.coxswain.coordinator.picture.RankSteps;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A picture as open pages have it, and what brings a page here from the frame before. What is long
 * is compared as records, so that only what differs is ever written down. Immutable.
 */
final class PageFrame {
    /** Ranks that a page shows: the slowest. */
    static final int RANKS = 32;

    /**
     * Their figures move with each report, and what an agent does with each step: of that is told
     * once in so many frames.
     */
    static final int SLOW_FRAMES = 5;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Picture picture;
    // As told, which may be a few frames old.
    private final List<RankSteps> ranks;
    private final List<AgentPicture> agents;
    private final int slowAge;
    private final ObjectNode head;

    private PageFrame(
            Picture picture, List<RankSteps> ranks, List<AgentPicture> agents, int slowAge) {
        this.picture = picture;
        this.ranks = ranks;
        this.agents = agents;
        this.slowAge = slowAge;
        var text = new ByteArrayOutputStream(8_192);
        PictureJson.writeShort(picture, text);
        head = (ObjectNode) JSON.readTree(text.toByteArray());
        countRanks(head);
    }

    /** The frame of {@code picture}; {@code before} is the one made last, null for the first. */
    static PageFrame of(Picture picture, @Nullable PageFrame before) {
        List<RankSteps> slowest = slowest(picture);
        boolean keeps =
                before != null
                        && before.jobId().equals(jobId(picture))
                        && before.slowAge + 1 < SLOW_FRAMES
                        && picture.blocked().healthy();
        if (before == null || !keeps) {
            return new PageFrame(picture, slowest, picture.agents(), 0);
        }
        return new PageFrame(
                picture,
                before.ranks.size() == slowest.size() ? before.ranks : slowest,
                quiet(before.agents, picture.agents()),
                before.slowAge + 1);
    }

    /** Where an agent only does something else now, it is told to do what it did. */
    private static List<AgentPicture> quiet(List<AgentPicture> before, List<AgentPicture> now) {
        if (!sameAgents(before, now)) {
            return now;
        }
        var told = new ArrayList<AgentPicture>(now.size());
        for (int i = 0; i < now.size(); i++) {
            AgentPicture was = before.get(i);
            AgentPicture is = now.get(i);
            boolean still =
                    was.withCells("").withDetail("").equals(is.withCells("").withDetail(""));
            told.add(still ? is.withDetail(was.detail()) : is);
        }
        return told;
    }

    private static List<RankSteps> slowest(Picture picture) {
        JobPicture job = picture.job();
        return job == null
                ? List.of()
                : job.stepTimes().ranks().stream()
                        .sorted(
                                Comparator.comparingLong(RankSteps::medianNanos)
                                        .reversed()
                                        .thenComparingInt(RankSteps::rank))
                        .limit(RANKS)
                        .toList();
    }

    private void countRanks(ObjectNode whole) {
        JobPicture job = picture.job();
        if (job != null && whole.path("job").path("stepTimes") instanceof ObjectNode steps) {
            steps.put("rankCount", job.stepTimes().ranks().size());
        }
    }

    Picture picture() {
        return picture;
    }

    private String jobId() {
        return jobId(picture);
    }

    private static String jobId(Picture picture) {
        return picture.job() == null ? "" : picture.job().id();
    }

    /** All of it, for a page that knows nothing. */
    byte[] whole() {
        ObjectNode whole = head.deepCopy();
        whole.put("whole", true);
        whole.set("agents", PagePatch.nodes(agents, PictureJson::agent));
        JobPicture job = picture.job();
        if (job != null) {
            ObjectNode members = member(whole, "job");
            members.set("timeline", PagePatch.nodes(job.timeline(), PictureJson::bucket));
            members.set("curve", PagePatch.nodes(job.curve(), PictureJson::point));
            members.set("incidents", PagePatch.nodes(job.incidents(), PictureJson::incident));
            member(members, "stepTimes").set("ranks", PagePatch.nodes(ranks, PictureJson::rank));
            member(members, "copies")
                    .set("holders", PagePatch.nodes(job.copies().holders(), PictureJson::holder));
        }
        return JSON.writeValueAsBytes(whole);
    }

    /** What brings a page from {@code before} here; all of it, where that is of another job. */
    byte[] since(PageFrame before) {
        if (!jobId().equals(before.jobId())) {
            return whole();
        }
        ObjectNode patch =
                PagePatch.of(before.head, head) instanceof ObjectNode moved
                        ? moved
                        : JSON.createObjectNode();
        patch.put("after", before.picture.sequence());
        patch.put("sequence", picture.sequence());
        patch.put("atMillis", picture.atMillis());
        JobPicture jobBefore = before.picture.job();
        JobPicture job = picture.job();
        if (jobBefore != null && job != null) {
            ObjectNode members = member(patch, "job");
            lists(before, jobBefore, job, members);
            if (members.isEmpty()) {
                patch.remove("job");
            }
        }
        agents(before.agents, agents, patch);
        return JSON.writeValueAsBytes(patch);
    }

    private void lists(PageFrame before, JobPicture jobBefore, JobPicture job, ObjectNode patch) {
        put(
                patch,
                "timeline",
                PagePatch.list(jobBefore.timeline(), job.timeline(), PictureJson::bucket));
        put(patch, "curve", PagePatch.list(jobBefore.curve(), job.curve(), PictureJson::point));
        JsonNode moved = PagePatch.list(before.ranks, ranks, PictureJson::rank);
        if (!moved.isMissingNode()) {
            member(patch, "stepTimes").set("ranks", moved);
        }
        moved =
                PagePatch.list(
                        jobBefore.copies().holders(), job.copies().holders(), PictureJson::holder);
        if (!moved.isMissingNode()) {
            member(patch, "copies").set("holders", moved);
        }
        incidents(jobBefore, job, patch);
    }

    private static void put(ObjectNode patch, String name, JsonNode moved) {
        if (!moved.isMissingNode()) {
            patch.set(name, moved);
        }
    }

    private static ObjectNode member(ObjectNode patch, String name) {
        return patch.get(name) instanceof ObjectNode there ? there : patch.putObject(name);
    }

    // By id: of more than are kept the oldest go, and indices would all be others.
    private static void incidents(JobPicture before, JobPicture now, ObjectNode patch) {
        Map<Integer, IncidentPicture> known = new HashMap<>();
        before.incidents().forEach(incident -> known.put(incident.id(), incident));
        ArrayNode moved = JSON.createArrayNode();
        for (IncidentPicture incident : now.incidents()) {
            if (!incident.equals(known.get(incident.id()))) {
                moved.add(PagePatch.node(incident, PictureJson::incident));
            }
        }
        if (!moved.isEmpty()) {
            patch.set("incidentsMoved", moved);
        }
    }

    private static void agents(
            List<AgentPicture> before, List<AgentPicture> now, ObjectNode patch) {
        if (!sameAgents(before, now)) {
            patch.set("agents", PagePatch.nodes(now, PictureJson::agent));
            return;
        }
        ArrayNode moved = JSON.createArrayNode();
        for (int i = 0; i < now.size(); i++) {
            AgentPicture was = before.get(i).withCells("");
            AgentPicture is = now.get(i).withCells("");
            if (!was.equals(is)
                    && PagePatch.of(
                                    PagePatch.node(was, PictureJson::agent),
                                    PagePatch.node(is, PictureJson::agent))
                            instanceof ObjectNode members) {
                moved.add(members.put("id", is.id()));
            }
        }
        if (!moved.isEmpty()) {
            patch.set("agentsMoved", moved);
        }
        ObjectNode heat = HeatPatch.of(before, now);
        if (heat != null) {
            patch.set("heat", heat);
        }
    }

    private static boolean sameAgents(List<AgentPicture> before, List<AgentPicture> now) {
        if (before.size() != now.size()) {
            return false;
        }
        for (int i = 0; i < now.size(); i++) {
            if (!before.get(i).id().equals(now.get(i).id())) {
                return false;
            }
        }
        return true;
    }
}
