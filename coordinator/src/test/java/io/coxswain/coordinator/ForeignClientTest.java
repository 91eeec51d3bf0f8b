package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.adapter.zookeeper.EmbeddedZooKeeper;
import io.coxswain.proto.admin.v1.AdminOuterClass;
import io.coxswain.proto.control.v1.Control;
import io.coxswain.security.Identity;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.netty.handler.ssl.SslContextBuilder;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Somebody else's client: any gRPC library, the descriptors of {@code proto/} and PEM files, as
 * {@code docs/api.md} says. It uses no class that is generated for Coxswain.
 */
class ForeignClientTest {
    private static final String SERVICE = "coxswain.admin.v1.Admin";
    private static final String HOST = "coordinator.test";

    @TempDir static Path folder;
    private static EmbeddedZooKeeper zooKeeper;
    private static Coordinator coordinator;
    private static Descriptors.FileDescriptor admin;

    @BeforeAll
    static void open() throws Exception {
        zooKeeper = new EmbeddedZooKeeper(Files.createDirectory(folder.resolve("zk")));
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
        coordinator =
                Coordinator.builder()
                        .zookeeper(zooKeeper.connectString())
                        .chroot("/foreign")
                        .id("c1")
                        .security(WireSecurity.tls(TlsFiles.in(issue(Role.COORDINATOR, "c1"))))
                        .build()
                        .start();
        coordinator.leading().join();
        admin = descriptors();
    }

    @AfterAll
    static void close() {
        coordinator.close();
        zooKeeper.close();
    }

    private static Path issue(Role role, String name) throws IOException {
        Path into = folder.resolve(role + "-" + name);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(HOST), Duration.ofDays(1), into);
        return into;
    }

    /** What {@code protoc --include_imports --descriptor_set_out} makes of {@code proto/}. */
    private static Descriptors.FileDescriptor descriptors() throws Exception {
        byte[] file =
                FileDescriptorSet.newBuilder()
                        .addFile(Control.getDescriptor().toProto())
                        .addFile(AdminOuterClass.getDescriptor().toProto())
                        .build()
                        .toByteArray();
        List<FileDescriptorProto> files = FileDescriptorSet.parseFrom(file).getFileList();
        var control =
                Descriptors.FileDescriptor.buildFrom(
                        files.getFirst(), new Descriptors.FileDescriptor[0]);
        return Descriptors.FileDescriptor.buildFrom(
                files.getLast(), new Descriptors.FileDescriptor[] {control});
    }

    private static Descriptors.MethodDescriptor method(String name) {
        Descriptors.ServiceDescriptor service = admin.findServiceByName("Admin");
        assertThat(service).isNotNull();
        Descriptors.MethodDescriptor method = service.findMethodByName(name);
        assertThat(method).as(name).isNotNull();
        return method;
    }

    private static DynamicMessage.Builder request(String method) {
        return DynamicMessage.newBuilder(method(method).getInputType());
    }

    private static Object value(DynamicMessage message, String field) {
        return message.getField(message.getDescriptorForType().findFieldByName(field));
    }

    private static DynamicMessage.Builder set(
            DynamicMessage.Builder message, String field, Object value) {
        return message.setField(message.getDescriptorForType().findFieldByName(field), value);
    }

    /** A channel with those files and nothing else; null: without any. */
    private static ManagedChannel channel(@Nullable Path files) throws IOException {
        SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(pem(folder, "ca.pem"));
        if (files != null) {
            tls.keyManager(pem(files, "cert.pem"), pem(files, "key.pem"));
        }
        return NettyChannelBuilder.forAddress("127.0.0.1", coordinator.port())
                .overrideAuthority(HOST)
                .sslContext(tls.build())
                .build();
    }

    private static File pem(Path in, String name) {
        return in.resolve(name).toFile();
    }

    private static MethodDescriptor<DynamicMessage, DynamicMessage> call(String name) {
        Descriptors.MethodDescriptor method = method(name);
        return MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                .setType(
                        method.isServerStreaming()
                                ? MethodDescriptor.MethodType.SERVER_STREAMING
                                : MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(SERVICE + "/" + name)
                .setRequestMarshaller(
                        ProtoUtils.marshaller(
                                DynamicMessage.getDefaultInstance(method.getInputType())))
                .setResponseMarshaller(
                        ProtoUtils.marshaller(
                                DynamicMessage.getDefaultInstance(method.getOutputType())))
                .build();
    }

    private static CallOptions patience() {
        return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    private static DynamicMessage ask(ManagedChannel channel, DynamicMessage.Builder request) {
        String input = request.getDescriptorForType().getName();
        String name = input.substring(0, input.length() - "Request".length());
        return ClientCalls.blockingUnaryCall(channel, call(name), patience(), request.build());
    }

    private static DynamicMessage.Builder submit(String id) {
        DynamicMessage.Builder request = request("Submit");
        var jobField = request.getDescriptorForType().findFieldByName("job");
        DynamicMessage.Builder job = DynamicMessage.newBuilder(jobField.getMessageType());
        set(job, "job_id", id);
        set(job, "name", "digits");
        set(job, "replicas", 1);
        set(job, "shards", 1);
        set(job, "steps", 10L);
        set(job, "data", "/data/digits.bin");
        set(job, "batch", 8);
        set(job, "microshards", 8);
        set(job, "protect_every", 1);
        set(job, "collectives_within", "runtime");
        set(job, "collectives_across", "agent");
        set(job, "runtime_kind", "reference");
        set(job, "runtime_json", "{}");
        return set(request, "job", job.build());
    }

    @Test
    void anOperatorSubmitsWatchesAndCancels() throws Exception {
        ManagedChannel channel = channel(issue(Role.OPERATOR, "ann"));
        try {
            DynamicMessage submitted = ask(channel, submit("foreign-1"));
            assertThat(value(submitted, "accepted")).isEqualTo(true);
            assertThat(value(submitted, "job_id")).isEqualTo("foreign-1");
            // The answer was lost: the same again does no harm.
            assertThat(value(ask(channel, submit("foreign-1")), "accepted")).isEqualTo(true);

            DynamicMessage status = ask(channel, set(request("Status"), "job_id", "foreign-1"));
            assertThat(value(status, "coordinator_id")).isEqualTo("c1");
            assertThat(value(status, "protocol_major")).isEqualTo(1);
            assertThat((List<?>) value(status, "jobs")).hasSize(1);

            Iterator<DynamicMessage> events =
                    ClientCalls.blockingServerStreamingCall(
                            channel,
                            call("Events"),
                            patience(),
                            set(request("Events"), "job_id", "foreign-1").build());
            assertThat(value(events.next(), "kind")).isEqualTo("JobSubmitted");
            DynamicMessage cancelled = ask(channel, set(request("Cancel"), "job_id", "foreign-1"));
            assertThat(value(cancelled, "cancelled")).isEqualTo(true);
            DynamicMessage event = events.next();
            while (!value(event, "kind").equals("JobFinished")) {
                event = events.next();
            }
            assertThat(value(event, "job_id")).isEqualTo("foreign-1");
        } finally {
            channel.shutdownNow();
        }
    }

    private static UnknownFieldSet unknown() {
        return UnknownFieldSet.newBuilder()
                .addField(50_001, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
    }

    private static String outcome(ManagedChannel channel, String name, DynamicMessage request) {
        try {
            var answer = ClientCalls.blockingUnaryCall(channel, call(name), patience(), request);
            return answer.getDescriptorForType().getName();
        } catch (StatusRuntimeException refused) {
            return refused.getStatus().getCode().name();
        }
    }

    /** The next minor version's client, faked: what it adds to a question changes no answer. */
    @Test
    void aNewerClientIsAnsweredAsIfNothingWereNew() throws Exception {
        ManagedChannel channel = channel(issue(Role.OPERATOR, "newer"));
        try {
            for (Descriptors.MethodDescriptor method :
                    admin.findServiceByName("Admin").getMethods()) {
                // A lead that is handed over would be missed by the other tests.
                if (method.isServerStreaming() || method.getName().equals("HandOver")) {
                    continue;
                }
                DynamicMessage known = DynamicMessage.getDefaultInstance(method.getInputType());
                DynamicMessage newer = known.toBuilder().setUnknownFields(unknown()).build();
                assertThat(outcome(channel, method.getName(), newer))
                        .as(method.getName())
                        .isEqualTo(outcome(channel, method.getName(), known));
            }
            DynamicMessage.Builder request = submit("foreign-5");
            var jobField = request.getDescriptorForType().findFieldByName("job");
            var job = (DynamicMessage) request.getField(jobField);
            request.setField(jobField, job.toBuilder().setUnknownFields(unknown()).build());
            DynamicMessage submitted = ask(channel, set(request, "queue", true));
            assertThat(value(submitted, "accepted")).isEqualTo(true);
            assertThat(value(submitted, "ignored")).isEqualTo(List.of("field 50001 of job"));
            ask(channel, set(request("Cancel"), "job_id", "foreign-5"));
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void aViewerWatchesAndMayNotSubmit() throws Exception {
        ManagedChannel channel = channel(issue(Role.VIEWER, "wall"));
        try {
            assertThat(value(ask(channel, request("Status")), "coordinator_id")).isEqualTo("c1");
            assertRefused(channel, submit("foreign-2"), Status.Code.PERMISSION_DENIED);
            assertRefused(
                    channel,
                    set(request("Cancel"), "job_id", "foreign-1"),
                    Status.Code.PERMISSION_DENIED);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void anAgentsCertificateOpensNothingHere() throws Exception {
        ManagedChannel channel = channel(issue(Role.AGENT, "host7"));
        try {
            assertRefused(channel, submit("foreign-3"), Status.Code.PERMISSION_DENIED);
            assertRefused(channel, request("Status"), Status.Code.PERMISSION_DENIED);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void whoShowsNoCertificateIsNotHeard() throws Exception {
        ManagedChannel channel = channel(null);
        try {
            assertThatThrownBy(() -> ask(channel, submit("foreign-4")))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            refused ->
                                    assertThat(refused.getStatus().getCode())
                                            .isIn(
                                                    Status.Code.UNAVAILABLE,
                                                    Status.Code.UNAUTHENTICATED));
            assertThat(coordinator.status().join().jobs())
                    .noneMatch(job -> job.jobId().equals("foreign-4"));
        } finally {
            channel.shutdownNow();
        }
    }

    /** Methods are found in {@code proto/}; nobody is told what there is. */
    @Test
    void thereIsNoReflection() throws Exception {
        ManagedChannel channel = channel(issue(Role.OPERATOR, "bob"));
        try {
            for (String version : List.of("v1", "v1alpha")) {
                var list =
                        call("Status").toBuilder()
                                .setFullMethodName(
                                        "grpc.reflection."
                                                + version
                                                + ".ServerReflection/ServerReflectionInfo")
                                .build();
                assertThatThrownBy(() ->
                                ClientCalls.blockingUnaryCall(
                                        channel, list, patience(), request("Status").build()))
                        .isInstanceOfSatisfying(
                                StatusRuntimeException.class,
                                refused ->
                                        assertThat(refused.getStatus().getCode())
                                                .isIn(
                                                        Status.Code.PERMISSION_DENIED,
                                                        Status.Code.UNIMPLEMENTED));
            }
        } finally {
            channel.shutdownNow();
        }
    }

    private static void assertRefused(
            ManagedChannel channel, DynamicMessage.Builder request, Status.Code code) {
        assertThatThrownBy(() -> ask(channel, request))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        refused -> assertThat(refused.getStatus().getCode()).isEqualTo(code));
    }
}
