package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.model.JobSpec;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A job as it may be shown to anybody: without the values of environment variables and of whatever
 * is named like a secret. Stateless.
 */
final class JobSecrets {
    static final String HIDDEN = "(hidden)";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final String SECRET_WORDS =
            "token|secret|passw|pwd|credential|api[-_]?key|access[-_]?key|private[-_]?key|auth|bearer";

    /** A field, a variable or an option whose value is nobody's business. */
    private static final Pattern SECRET_NAME = Pattern.compile("(?i).*(" + SECRET_WORDS + ").*");

    /** The same in the middle of a text: {@code --token=abc}, {@code api_key: abc}. */
    private static final Pattern SECRET_OPTION =
            Pattern.compile("(?i)([\\w.-]*(?:" + SECRET_WORDS + ")[\\w.-]*\\s*[=:]\\s*)[^\\s&;,]+");

    /** {@code s3://key:secret@bucket}. */
    private static final Pattern USER_IN_URI = Pattern.compile("(?<=://)[^/@\\s]+@");

    private JobSecrets() {}

    /** The job as JSON. */
    static String shown(JobSpec job) {
        ObjectNode node = JSON.createObjectNode();
        node.put("job", job.jobId());
        node.put("name", job.name());
        ObjectNode mesh = node.putObject("mesh");
        mesh.put("replicas", job.mesh().replicas());
        mesh.put("shards", job.mesh().shards());
        node.put("steps", job.steps());
        node.put("seed", job.seed());
        node.put("data", text(job.data()));
        node.put("batch", job.batch());
        node.put("microshards", job.microshards());
        ObjectNode protect = node.putObject("protect");
        protect.put("copies", job.protectCopies());
        if (job.protectsAutomatically()) {
            protect.put("every", "auto");
        } else {
            protect.put("every", job.protectEvery());
        }
        protect.put("level", job.protectLevel());
        protect.put("returnWaitNanos", job.returnWaitNanos());
        ObjectNode collectives = node.putObject("collectives");
        collectives.put("within", job.collectivesWithin());
        collectives.put("across", job.collectivesAcross());
        node.put("runtimeKind", job.runtimeKind());
        node.set("runtime", runtime(job.runtimeJson()));
        ObjectNode labels = node.putObject("labels");
        new TreeMap<>(job.labels()).forEach((name, value) -> labels.put(name, hidden(name, value)));
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node);
    }

    /** Labels as they may be shown. */
    static Map<String, String> shown(Map<String, String> labels) {
        var shown = new LinkedHashMap<String, String>();
        labels.forEach((name, value) -> shown.put(name, hidden(name, value)));
        return shown;
    }

    private static JsonNode runtime(String json) {
        try {
            JsonNode node = JSON.readTree(json.isBlank() ? "{}" : json);
            hide(node, false);
            return node;
        } catch (JacksonException e) {
            // What cannot be read cannot be searched for secrets either.
            return JSON.getNodeFactory().stringNode("(no JSON)");
        }
    }

    /** {@code all}: every value below is hidden, whatever its name. */
    private static void hide(JsonNode node, boolean all) {
        switch (node) {
            case ObjectNode object -> {
                for (String name : new ArrayList<>(object.propertyNames())) {
                    JsonNode value = object.get(name);
                    boolean secret =
                            all || name.equals("env") || SECRET_NAME.matcher(name).matches();
                    if (value.isContainer()) {
                        hide(value, secret);
                    } else if (secret) {
                        object.put(name, HIDDEN);
                    } else if (value.isString()) {
                        object.put(name, text(value.stringValue()));
                    }
                }
            }
            case ArrayNode array -> {
                boolean next = false;
                for (int i = 0; i < array.size(); i++) {
                    JsonNode value = array.get(i);
                    if (value.isContainer()) {
                        hide(value, all);
                    } else if (all || next) {
                        array.set(i, JSON.getNodeFactory().stringNode(HIDDEN));
                    } else if (value.isString()) {
                        array.set(i, JSON.getNodeFactory().stringNode(text(value.stringValue())));
                    }
                    // --token abc: the value is the next argument.
                    next =
                            value.isString()
                                    && value.stringValue().startsWith("-")
                                    && !value.stringValue().contains("=")
                                    && SECRET_NAME.matcher(value.stringValue()).matches();
                }
            }
            default -> {}
        }
    }

    private static String hidden(String name, String value) {
        return SECRET_NAME.matcher(name).matches() ? HIDDEN : text(value);
    }

    private static String text(String value) {
        String withoutUser = USER_IN_URI.matcher(value).replaceAll(HIDDEN + "@");
        return SECRET_OPTION.matcher(withoutUser).replaceAll("$1" + HIDDEN);
    }
}
