package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import java.util.ArrayList;
import java.util.List;

/** What a newer version put into a message that this one does not know. Stateless. */
final class UnknownFields {
    private static final int MOST = 16;

    private UnknownFields() {}

    /**
     * In words, {@code field 19 of job}; the first few of all depths.
     *
     * @param name of the message
     */
    static List<String> of(Message message, String name) {
        var found = new ArrayList<String>();
        add(message, name, found);
        return found;
    }

    private static void add(Message message, String name, List<String> found) {
        for (int number : message.getUnknownFields().asMap().keySet()) {
            if (found.size() == MOST) {
                return;
            }
            found.add("field " + number + " of " + name);
        }
        message.getAllFields()
                .forEach((field, value) -> {
                    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                            && !field.isRepeated()) {
                        add((Message) value, name + "." + field.getName(), found);
                    }
                });
    }
}
