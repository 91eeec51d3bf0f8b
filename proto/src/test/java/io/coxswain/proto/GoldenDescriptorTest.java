package io.coxswain.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;

import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.store.v1.Term;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Guards compatibility: what once was on the wire or in ZooKeeper keeps its number, type and name.
 * A line may be added to the golden file, by hand; none may change or go (reserve the number
 * instead).
 */
class GoldenDescriptorTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden-descriptors.txt");

    @Test
    void everyFieldIsAsItWas() throws IOException {
        var lines = new ArrayList<String>();
        for (FileDescriptor file :
                List.of(
                        AgentMessage.getDescriptor().getFile(),
                        SubmitRequest.getDescriptor().getFile(),
                        FrameHeader.getDescriptor().getFile(),
                        ToWorker.getDescriptor().getFile(),
                        Term.getDescriptor().getFile())) {
            file.getServices()
                    .forEach(service ->
                            service.getMethods()
                                    .forEach(method ->
                                            lines.add(
                                                    "rpc "
                                                            + method.getFullName()
                                                            + " ("
                                                            + (method.isClientStreaming()
                                                                    ? "stream "
                                                                    : "")
                                                            + method.getInputType().getFullName()
                                                            + ") returns ("
                                                            + (method.isServerStreaming()
                                                                    ? "stream "
                                                                    : "")
                                                            + method.getOutputType().getFullName()
                                                            + ")")));
            file.getMessageTypes().forEach(message -> describe(message, lines));
            file.getEnumTypes().forEach(type -> describe(type, lines));
        }
        // The lines as they are now, ready to be compared and, after thought, copied.
        Files.write(Path.of("target", "golden-descriptors.txt"), lines);
        assertThat(lines).containsExactlyElementsOf(Files.readAllLines(GOLDEN));
    }

    private static void describe(Descriptor message, List<String> lines) {
        for (FieldDescriptor field : message.getFields()) {
            String type =
                    switch (field.getType()) {
                        case MESSAGE -> field.getMessageType().getFullName();
                        case ENUM -> field.getEnumType().getFullName();
                        default -> field.getType().name().toLowerCase(java.util.Locale.ROOT);
                    };
            String oneof =
                    field.getRealContainingOneof() == null
                            ? ""
                            : " in " + field.getRealContainingOneof().getName();
            lines.add(
                    message.getFullName()
                            + "."
                            + field.getName()
                            + " = "
                            + field.getNumber()
                            + " "
                            + (field.isRepeated() ? "repeated " : "")
                            + type
                            + oneof);
        }
        message.getNestedTypes().forEach(nested -> describe(nested, lines));
        message.getEnumTypes().forEach(type -> describe(type, lines));
    }

    private static void describe(EnumDescriptor type, List<String> lines) {
        type.getValues()
                .forEach(value ->
                        lines.add(
                                "enum "
                                        + type.getFullName()
                                        + "."
                                        + value.getName()
                                        + " = "
                                        + value.getNumber()));
    }
}
