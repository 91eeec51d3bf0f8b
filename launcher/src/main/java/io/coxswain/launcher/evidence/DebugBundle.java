package io.coxswain.launcher.evidence;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.ExplainResponse;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.TakenEvidence;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.EvidencePiece;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * All that is known of an incident, in one archive. Partial where somebody is gone, and says so.
 */
public final class DebugBundle {
    /** Agents whose logs are fetched: an incident of a whole rack has many. */
    private static final int MOST_AGENTS = 16;

    private static final int LOG_LINES = 5_000;
    private static final long BEFORE_MILLIS = 60_000;
    private static final long AFTER_MILLIS = 30_000;
    private static final int MOST_EVENTS = 20_000;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final ExplainResponse explained;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final List<String> missing = new ArrayList<>();

    private DebugBundle(ExplainResponse explained) {
        this.explained = explained;
    }

    /**
     * Asks for everything.
     *
     * @param job empty: the running one, or the one that ended last
     * @param incident 0: the newest
     */
    public static DebugBundle collect(AdminClient client, String job, int incident)
            throws EnvironmentException, InterruptedException {
        var bundle = new DebugBundle(client.explain(job, incident));
        if (bundle.error().isEmpty()) {
            bundle.incident();
            bundle.evidence();
            bundle.events(client);
            bundle.logs(client);
            bundle.manifest();
        }
        return bundle;
    }

    /** Why there is nothing; empty if there is something. */
    public String error() {
        return explained.getError();
    }

    /** What could not be had. */
    public List<String> missing() {
        return List.copyOf(missing);
    }

    /** Names of the files in it. */
    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    /** A name that tells job and incident. */
    public String defaultName() {
        return explained.getIncident() == 0
                ? explained.getJobId() + "-failures.zip"
                : explained.getJobId() + "-incident-" + explained.getIncident() + ".zip";
    }

    private void put(String name, byte[] content) {
        // Two agents may be named alike in all but case; a zip has each name once.
        String free = name;
        for (int i = 2; files.containsKey(free); i++) {
            free = name + "-" + i;
        }
        files.put(free, content);
    }

    private void incident() {
        put("job.json", explained.getJobJson().getBytes(StandardCharsets.UTF_8));
        if (explained.getIncident() == 0) {
            missing.add("an incident: job " + explained.getJobId() + " has had none");
            return;
        }
        JsonNode node = JSON.readTree(explained.getIncidentJson());
        put("incident.json", JSON.writeValueAsBytes(node));
    }

    private void evidence() {
        if (explained.getEvidenceCount() == 0) {
            missing.add("evidence: none was taken, or it is too old");
        }
        int number = 0;
        for (TakenEvidence taken : explained.getEvidenceList()) {
            number++;
            String folder = "evidence/" + number + "-" + safe(taken.getAgentId()) + "/";
            String about =
                    "agent "
                            + taken.getAgentId()
                            + (taken.getRank() < 0 ? "" : ", rank " + taken.getRank())
                            + (taken.getStep() == 0 ? "" : ", step " + taken.getStep())
                            + "\n"
                            + taken.getReason()
                            + "\n";
            put(folder + "about.txt", about.getBytes(StandardCharsets.UTF_8));
            for (EvidencePiece piece : taken.getPiecesList()) {
                put(folder + safe(piece.getName()), piece.getContent().toByteArray());
                if (piece.getCutBytes() > 0) {
                    missing.add(
                            piece.getCutBytes()
                                    + " bytes of "
                                    + piece.getName()
                                    + " of agent "
                                    + taken.getAgentId()
                                    + ": too long");
                }
            }
        }
    }

    /** A name never leaves the folder that it is put into, whoever gave it. */
    private static String safe(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9._-]", "_").replaceAll("^\\.+", "_");
        return plain.isEmpty() ? "_" : plain;
    }

    private void events(AdminClient client) throws EnvironmentException, InterruptedException {
        List<Event> all = PastEvents.of(client, explained.getJobId(), MOST_EVENTS);
        long from = Long.MAX_VALUE;
        long to = Long.MIN_VALUE;
        for (Event event : all) {
            if (incidentOf(event) == explained.getIncident() && explained.getIncident() != 0) {
                from = Math.min(from, event.getWallMillis());
                to = Math.max(to, event.getWallMillis());
            }
        }
        if (from > to) {
            if (explained.getIncident() != 0) {
                missing.add(
                        "the incident's own events: the coordinator keeps the newest only, and"
                                + " these are gone");
            }
            from = Long.MIN_VALUE + BEFORE_MILLIS;
            to = Long.MAX_VALUE - AFTER_MILLIS;
        }
        var lines = new StringBuilder();
        for (Event event : all) {
            boolean near =
                    event.getWallMillis() >= from - BEFORE_MILLIS
                            && event.getWallMillis() <= to + AFTER_MILLIS;
            if (near) {
                lines.append(event.getSequence()).append("  ");
                lines.append(Instant.ofEpochMilli(event.getWallMillis())).append("  ");
                lines.append(event.getKind()).append("  ").append(event.getText()).append('\n');
            }
        }
        put("events.txt", lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static int incidentOf(Event event) {
        try {
            return switch (event.getKind()) {
                case "IncidentProgressed", "IncidentClosed" ->
                        JSON.readTree(event.getJson()).path("incident").path("id").asInt(0);
                case "EvidenceTaken" -> JSON.readTree(event.getJson()).path("incident").asInt(0);
                default -> 0;
            };
        } catch (JacksonException e) {
            return 0;
        }
    }

    private void logs(AdminClient client) throws EnvironmentException {
        List<String> agents = explained.getAgentsList();
        for (String agent : agents.subList(0, Math.min(agents.size(), MOST_AGENTS))) {
            LookResponse response =
                    client.look(
                            LookRequest.newBuilder()
                                    .setAgentId(agent)
                                    .setKind(AskKind.ASK_KIND_LOG)
                                    .setLines(LOG_LINES)
                                    .build());
            if (!response.getError().isEmpty()) {
                missing.add("the workers' output of agent " + agent + ": " + response.getError());
                continue;
            }
            for (EvidencePiece piece : response.getPiecesList()) {
                put("logs/" + safe(agent) + ".log", piece.getContent().toByteArray());
            }
        }
        if (agents.size() > MOST_AGENTS) {
            missing.add(
                    "the workers' output of "
                            + (agents.size() - MOST_AGENTS)
                            + " more agents: it is fetched of "
                            + MOST_AGENTS);
        }
    }

    private void manifest() {
        ObjectNode node = JSON.createObjectNode();
        node.put("job", explained.getJobId());
        node.put("incident", explained.getIncident());
        node.put("collected", Instant.now().toString());
        ArrayNode involved = node.putArray("agents");
        explained.getAgentsList().forEach(involved::add);
        ObjectNode versions = node.putObject("coordinator");
        new TreeMap<>(explained.getEnvironmentMap()).forEach(versions::put);
        String version = DebugBundle.class.getPackage().getImplementationVersion();
        node.put("collectedBy", "coxswain " + (version == null ? "unpackaged" : version));
        ArrayNode gone = node.putArray("missing");
        missing.forEach(gone::add);
        ArrayNode names = node.putArray("files");
        files.keySet().forEach(names::add);
        put("manifest.json", JSON.writeValueAsBytes(node));
    }

    /**
     * Writes it, whole or not at all.
     *
     * @throws FileAlreadyExistsException if there is such a file and it is not to be replaced
     */
    public void write(Path file, boolean replace) throws IOException {
        Path target = file.toAbsolutePath();
        if (!replace && Files.exists(target)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        Path folder = target.getParent();
        Path draft =
                Files.createTempFile(
                        folder == null ? target : folder, ".debug-bundle-", ".zip.part");
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(draft));
                    var zip = new ZipOutputStream(out)) {
                for (Map.Entry<String, byte[]> entry : files.entrySet()) {
                    zip.putNextEntry(new ZipEntry(entry.getKey()));
                    zip.write(entry.getValue());
                    zip.closeEntry();
                }
            }
            Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}
