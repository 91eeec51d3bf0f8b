package io.coxswain.launcher.config;

import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a YAML file into {@link ConfigNode}s and lays {@code --set} overrides over them. */
public final class ConfigFile {
    private static final long MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 32;

    private ConfigFile() {}

    /**
     * Reads one file.
     *
     * @param sets {@code a.b.c → value}, values as YAML
     */
    public static ConfigSection read(Path file, Map<String, String> sets) throws ConfigException {
        String name = file.toString();
        ConfigNode.Mapping root = mapping(name, text(file, name));
        var complaints = new ArrayList<String>();
        for (Map.Entry<String, String> set : sets.entrySet()) {
            overlay(root, set.getKey(), set.getValue(), complaints);
        }
        return new ConfigSection(root, "", complaints);
    }

    private static String text(Path file, String name) throws ConfigException {
        try {
            if (Files.isDirectory(file)) {
                throw new ConfigException(List.of(name + ": is a folder; expected a YAML file"));
            }
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new ConfigException(
                        List.of(
                                name
                                        + ": has "
                                        + bytes
                                        + " bytes; expected a YAML file of at most "
                                        + MAX_BYTES));
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ConfigException(List.of(name + ": is not UTF-8 text; expected a YAML file"));
        } catch (java.nio.file.NoSuchFileException e) {
            throw new ConfigException(List.of(name + ": no such file" + near(file)));
        } catch (IOException e) {
            throw new ConfigException(List.of(name + ": cannot be read: " + e.getMessage()));
        }
    }

    private static String near(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return folder == null ? "" : "; its folder " + folder + " does not exist either";
        }
        try (var files = Files.list(folder)) {
            List<String> names =
                    files.map(path -> path.getFileName().toString())
                            .filter(candidate ->
                                    candidate.endsWith(".yaml") || candidate.endsWith(".yml"))
                            .sorted()
                            .toList();
            return Nearest.of(file.getFileName().toString(), names)
                    .map(found -> "; did you mean " + folder.resolve(found) + "?")
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private static ConfigNode.Mapping mapping(String name, String text) throws ConfigException {
        ConfigNode root = parse(name, text, null);
        return switch (root) {
            case ConfigNode.Mapping mapping -> mapping;
            case ConfigNode.Scalar scalar when scalar.isNull() ->
                    throw new ConfigException(
                            List.of(name + ": is empty; expected fields such as 'name: …'"));
            case ConfigNode.Scalar scalar ->
                    throw new ConfigException(
                            List.of(
                                    scalar.place()
                                            + ": found "
                                            + scalar.kind()
                                            + ", expected fields such as 'name: …'"));
            case ConfigNode.Listing listing ->
                    throw new ConfigException(
                            List.of(
                                    listing.place()
                                            + ": found a list, expected fields such as 'name: …'"));
        };
    }

    /** {@code fixed}: the place to report for every node, for texts that are no files. */
    private static ConfigNode parse(
            String name, String text, @org.jspecify.annotations.Nullable Place fixed)
            throws ConfigException {
        try {
            var settings =
                    LoadSettings.builder()
                            .setLabel(name)
                            .setAllowDuplicateKeys(true)
                            .setMaxAliasesForCollections(0)
                            .build();
            Optional<Node> node = new Compose(settings).composeString(text);
            var complaints = new ArrayList<String>();
            ConfigNode converted =
                    node.isPresent()
                            ? convert(node.get(), name, fixed, complaints, 0)
                            : new ConfigNode.Scalar(
                                    "", false, fixed != null ? fixed : new Place(name, 1, 1));
            if (!complaints.isEmpty()) {
                throw new ConfigException(complaints);
            }
            return converted;
        } catch (MarkedYamlEngineException e) {
            Place place =
                    e.getProblemMark()
                            .map(mark -> fixed != null ? fixed : place(name, mark))
                            .orElse(new Place(name, 0, 0));
            String context = e.getContext() == null ? "" : " " + e.getContext();
            throw new ConfigException(
                    List.of(place + ": not valid YAML" + context + ": " + hint(e.getProblem())));
        } catch (YamlEngineException e) {
            throw new ConfigException(List.of(name + ": not valid YAML: " + e.getMessage()));
        }
    }

    private static String hint(String problem) {
        return problem.contains("'\\t")
                ? problem + " (indent with blanks, not with tabs)"
                : problem;
    }

    private static ConfigNode convert(
            Node node,
            String name,
            @org.jspecify.annotations.Nullable Place fixed,
            List<String> complaints,
            int depth) {
        Place place =
                fixed != null
                        ? fixed
                        : node.getStartMark()
                                .map(mark -> place(name, mark))
                                .orElse(new Place(name, 0, 0));
        if (depth > MAX_DEPTH) {
            complaints.add(place + ": nested more than " + MAX_DEPTH + " levels deep");
            return new ConfigNode.Scalar("", false, place);
        }
        return switch (node) {
            case ScalarNode scalar ->
                    new ConfigNode.Scalar(
                            scalar.getValue(), scalar.getScalarStyle() != ScalarStyle.PLAIN, place);
            case SequenceNode sequence -> {
                var items = new ArrayList<ConfigNode>();
                for (Node item : sequence.getValue()) {
                    items.add(convert(item, name, fixed, complaints, depth + 1));
                }
                yield new ConfigNode.Listing(List.copyOf(items), place);
            }
            case MappingNode mapping -> {
                var fields = new LinkedHashMap<String, ConfigNode.Field>();
                for (NodeTuple tuple : mapping.getValue()) {
                    ConfigNode key =
                            convert(tuple.getKeyNode(), name, fixed, complaints, depth + 1);
                    ConfigNode value =
                            convert(tuple.getValueNode(), name, fixed, complaints, depth + 1);
                    if (!(key instanceof ConfigNode.Scalar field)) {
                        complaints.add(
                                key.place()
                                        + ": found "
                                        + key.kind()
                                        + " where a field's name was expected");
                        continue;
                    }
                    ConfigNode.Field before =
                            fields.put(field.text(), new ConfigNode.Field(field.place(), value));
                    if (before != null) {
                        complaints.add(
                                field.place()
                                        + ": "
                                        + field.text()
                                        + ": stands twice; first at line "
                                        + before.place().line());
                    }
                }
                yield new ConfigNode.Mapping(fields, place);
            }
            default -> {
                complaints.add(
                        place
                                + ": aliases (*name) are not used in these files; write the value"
                                + " out");
                yield new ConfigNode.Scalar("", false, place);
            }
        };
    }

    private static Place place(String name, Mark mark) {
        return new Place(name, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static void overlay(
            ConfigNode.Mapping root, String path, String value, List<String> complaints)
            throws ConfigException {
        var place = new Place("--set " + path + "=" + value, 0, 0);
        String[] parts = path.split("\\.", -1);
        ConfigNode.Mapping at = root;
        for (int i = 0; i < parts.length; i++) {
            if (parts[i].isEmpty()) {
                complaints.add(
                        place
                                + ": '"
                                + path
                                + "' is not a field's path; expected names joined by dots, such as"
                                + " mesh.replicas");
                return;
            }
            if (i == parts.length - 1) {
                at.fields()
                        .put(
                                parts[i],
                                new ConfigNode.Field(place, parse(place.source(), value, place)));
                return;
            }
            ConfigNode.Field field = at.fields().get(parts[i]);
            if (field != null && field.value() instanceof ConfigNode.Mapping inner) {
                at = inner;
            } else if (field == null
                    || (field.value() instanceof ConfigNode.Scalar scalar && scalar.isNull())) {
                var inner = new ConfigNode.Mapping(new LinkedHashMap<>(), place);
                at.fields().put(parts[i], new ConfigNode.Field(place, inner));
                at = inner;
            } else {
                complaints.add(
                        place
                                + ": "
                                + parts[i]
                                + " is "
                                + field.value().kind()
                                + ", it has no field "
                                + parts[i + 1]);
                return;
            }
        }
    }
}
