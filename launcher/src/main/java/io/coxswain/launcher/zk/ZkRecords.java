package io.coxswain.launcher.zk;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.AgentRegistration;
import io.coxswain.proto.store.v1.JobRecord;
import io.coxswain.proto.store.v1.Leader;
import io.coxswain.proto.store.v1.MaintenanceRecord;
import io.coxswain.proto.store.v1.PauseRecord;
import io.coxswain.proto.store.v1.ResultRecord;
import io.coxswain.proto.store.v1.Term;
import io.coxswain.proto.store.v1.ViewRecord;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Decodes nodes by their path. What a newer version wrote is shown as such. Never shown is what may
 * hold a secret: a job's own section for its runtime, and reports. Stateless.
 */
final class ZkRecords {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST_TEXT = 300;
    private static final int MOST_BYTES = 32;
    private static final int MOST_ITEMS = 64;

    /** Programs' own settings, their environment among them, and what programs said. */
    private static final Set<String> UNSHOWN =
            Set.of("runtime_json", "report_json", "incidents_json");

    private ZkRecords() {}

    /**
     * What the node at that path says.
     *
     * @return null where nobody of this version writes anything there
     */
    static @Nullable ObjectNode decode(String path, byte[] data) {
        ObjectNode node = JSON.createObjectNode();
        try {
            Message message = parse(path, data);
            if (message == null) {
                return null;
            }
            node.put("record", message.getDescriptorForType().getName());
            node.set("data", object(message));
        } catch (InvalidProtocolBufferException unreadable) {
            node.put("unreadable", String.valueOf(unreadable.getMessage()));
        }
        return node;
    }

    private static @Nullable Message parse(String path, byte[] data)
            throws InvalidProtocolBufferException {
        List<String> parts = List.of(path.substring(1).split("/"));
        String last = parts.getLast();
        if (parts.size() == 2 && parts.getFirst().equals("controller")) {
            return switch (last) {
                case "term" -> Term.parseFrom(data);
                case "leader" -> Leader.parseFrom(data);
                case "maintenance" -> MaintenanceRecord.parseFrom(data);
                default -> null;
            };
        }
        if (parts.size() == 2 && parts.getFirst().equals("agents")) {
            return AgentRegistration.parseFrom(data);
        }
        if (parts.size() == 3 && parts.getFirst().equals("jobs")) {
            return switch (last) {
                case "spec" -> JobRecord.parseFrom(data);
                case "view" -> ViewRecord.parseFrom(data);
                case "account" -> AccountRecord.parseFrom(data);
                case "result" -> ResultRecord.parseFrom(data);
                case "pause" -> PauseRecord.parseFrom(data);
                default -> null;
            };
        }
        return null;
    }

    private static ObjectNode object(Message message) {
        ObjectNode node = JSON.createObjectNode();
        message.getAllFields()
                .forEach((field, value) -> {
                    if (field.isRepeated()) {
                        node.set(field.getName(), list(field, (List<?>) value));
                    } else {
                        put(node, field.getName(), field, value);
                    }
                });
        if (!message.getUnknownFields().asMap().isEmpty()) {
            ArrayNode unknown = node.putArray("ofANewerVersion");
            message.getUnknownFields().asMap().keySet().stream()
                    .limit(MOST_ITEMS)
                    .forEach(number -> unknown.add("field " + number));
        }
        return node;
    }

    private static ArrayNode list(FieldDescriptor field, List<?> values) {
        ArrayNode array = JSON.createArrayNode();
        if (UNSHOWN.contains(field.getName())) {
            array.add(values.size() + " entries, not shown");
            return array;
        }
        for (int i = 0; i < Math.min(values.size(), MOST_ITEMS); i++) {
            ObjectNode one = JSON.createObjectNode();
            put(one, "value", field, values.get(i));
            array.add(one.get("value"));
        }
        if (values.size() > MOST_ITEMS) {
            array.add("and " + (values.size() - MOST_ITEMS) + " more");
        }
        return array;
    }

    private static void put(ObjectNode node, String name, FieldDescriptor field, Object value) {
        switch (field.getJavaType()) {
            case MESSAGE -> node.set(name, object((Message) value));
            case BYTE_STRING -> node.put(name, hex((ByteString) value));
            case STRING -> node.put(name, text(field, (String) value));
            case BOOLEAN -> node.put(name, (Boolean) value);
            case FLOAT, DOUBLE -> node.put(name, ((Number) value).doubleValue());
            case INT -> node.put(name, Integer.toUnsignedLong((Integer) value));
            case LONG -> node.put(name, number(field, (Long) value));
            case ENUM -> node.put(name, String.valueOf(value));
        }
    }

    private static java.math.BigInteger number(FieldDescriptor field, long value) {
        return field.getType() == FieldDescriptor.Type.UINT64
                ? new java.math.BigInteger(Long.toUnsignedString(value))
                : java.math.BigInteger.valueOf(value);
    }

    private static String text(FieldDescriptor field, String value) {
        if (UNSHOWN.contains(field.getName())) {
            return value.length() + " characters, not shown";
        }
        return value.length() <= MOST_TEXT
                ? value
                : value.substring(0, MOST_TEXT) + "… (" + value.length() + " characters)";
    }

    private static String hex(ByteString bytes) {
        byte[] first = bytes.substring(0, Math.min(bytes.size(), MOST_BYTES)).toByteArray();
        String shown = HexFormat.of().formatHex(first);
        return bytes.size() <= MOST_BYTES ? shown : shown + "… (" + bytes.size() + " bytes)";
    }
}
