package io.coxswain.chaos.upgrade;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;

import io.coxswain.proto.admin.v1.AdminOuterClass;
import io.coxswain.proto.bridge.v1.Bridge;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.Control;
import io.coxswain.proto.replica.v1.Replica;
import io.coxswain.proto.store.v1.Store;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** What the next minor version may make of a message: more fields, more values, more cases. */
final class NewerVersion {
    /** Beyond every number in use. */
    static final int FIELD = 50_001;

    static final int VALUE = 9_999;
    private static final int DEEP = 6;

    private NewerVersion() {}

    static List<FileDescriptor> files() {
        return List.of(
                Control.getDescriptor(),
                AdminOuterClass.getDescriptor(),
                Store.getDescriptor(),
                Replica.getDescriptor(),
                Bridge.getDescriptor());
    }

    /** All messages of a file, inner ones too, without the entries of maps. */
    static List<Descriptor> messages(FileDescriptor file) {
        var all = new ArrayList<Descriptor>();
        file.getMessageTypes().forEach(type -> add(type, all));
        return all;
    }

    private static void add(Descriptor type, List<Descriptor> all) {
        if (!type.getOptions().getMapEntry()) {
            all.add(type);
            type.getNestedTypes().forEach(inner -> add(inner, all));
        }
    }

    /** The generated class' empty message. */
    static Message empty(Descriptor type) throws ReflectiveOperationException {
        String name = type.getName();
        for (Descriptor at = type.getContainingType(); at != null; at = at.getContainingType()) {
            name = at.getName() + "$" + name;
        }
        String folder = type.getFile().getOptions().getJavaPackage();
        return (Message)
                Class.forName(folder + "." + name).getMethod("getDefaultInstance").invoke(null);
    }

    /** A message with every field set, as deep as it goes. */
    static Message sample(Message empty) {
        return sample(empty.newBuilderForType(), 0);
    }

    private static Message sample(Message.Builder into, int depth) {
        if (into instanceof AgentIdentity.Builder identity) {
            return identity.setAgentId("agent-1").setIncarnation("a".repeat(32)).build();
        }
        for (FieldDescriptor field : into.getDescriptorForType().getFields()) {
            OneofDescriptor oneof = field.getRealContainingOneof();
            boolean taken = oneof != null && into.hasOneof(oneof);
            boolean message = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
            if (taken || (message && depth == DEEP)) {
                continue;
            }
            Object value =
                    message ? sample(into.newBuilderForField(field), depth + 1) : scalar(field);
            if (field.isRepeated()) {
                into.addRepeatedField(field, value);
            } else {
                into.setField(field, value);
            }
        }
        return into.build();
    }

    private static Object scalar(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case INT -> 3;
            case LONG -> 5L;
            case FLOAT -> 1.5f;
            case DOUBLE -> 2.5;
            case BOOLEAN -> true;
            case STRING -> "text";
            case BYTE_STRING -> ByteString.copyFromUtf8("bytes");
            case ENUM -> field.getEnumType().getValues().getLast();
            case MESSAGE -> throw new IllegalStateException("no scalar");
        };
    }

    /** The same with fields of every kind that nobody knows yet, at every depth. */
    static Message withUnknownFields(Message message) {
        return changed(
                message,
                part ->
                        part.toBuilder()
                                .setUnknownFields(
                                        UnknownFieldSet.newBuilder()
                                                .mergeFrom(part.getUnknownFields())
                                                .mergeFrom(unknown())
                                                .build())
                                .build());
    }

    private static UnknownFieldSet unknown() {
        return UnknownFieldSet.newBuilder()
                .addField(FIELD, UnknownFieldSet.Field.newBuilder().addVarint(77).build())
                .addField(
                        FIELD + 1,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.copyFromUtf8("something new"))
                                .build())
                .addField(FIELD + 2, UnknownFieldSet.Field.newBuilder().addFixed64(7).build())
                .addField(FIELD + 3, UnknownFieldSet.Field.newBuilder().addFixed32(8).build())
                .build();
    }

    static Message withoutUnknownFields(Message message) {
        return changed(
                message,
                part ->
                        part.toBuilder()
                                .setUnknownFields(UnknownFieldSet.getDefaultInstance())
                                .build());
    }

    // Innermost first; the entries of maps stay as they are.
    private static Message changed(Message message, Function<Message, Message> change) {
        Message.Builder builder = message.toBuilder();
        message.getAllFields()
                .forEach((field, value) -> {
                    if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE
                            || field.isMapField()) {
                        return;
                    }
                    if (field.isRepeated()) {
                        var parts = (List<?>) value;
                        for (int i = 0; i < parts.size(); i++) {
                            builder.setRepeatedField(
                                    field, i, changed((Message) parts.get(i), change));
                        }
                    } else {
                        builder.setField(field, changed((Message) value, change));
                    }
                });
        return change.apply(builder.build());
    }

    /** The same, with a new value in every field that names one of that kind. */
    static Message withUnknownValues(Message message, EnumDescriptor kind) {
        return changed(
                message,
                part -> {
                    Message.Builder builder = part.toBuilder();
                    for (FieldDescriptor field : part.getDescriptorForType().getFields()) {
                        if (field.getJavaType() != FieldDescriptor.JavaType.ENUM
                                || !field.getEnumType().equals(kind)) {
                            continue;
                        }
                        Object value = kind.findValueByNumberCreatingIfUnknown(VALUE);
                        if (field.isRepeated()) {
                            builder.clearField(field).addRepeatedField(field, value);
                        } else {
                            builder.setField(field, value);
                        }
                    }
                    return builder.build();
                });
    }

    /** The same, with a new case of that choice instead of the one that is set. */
    static Message withUnknownCase(Message message, OneofDescriptor choice) {
        return message.toBuilder().clearOneof(choice).setUnknownFields(unknown()).build();
    }
}
