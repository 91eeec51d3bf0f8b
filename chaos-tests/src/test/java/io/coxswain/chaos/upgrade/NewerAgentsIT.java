package io.coxswain.chaos.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.EmbeddedZooKeeper;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.WorkerSettings;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.store.v1.Term;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A coordinator of this version with agents of the next minor one, and those with a leader of it:
 * every message in both directions carries fields that nobody knows, and between them come messages
 * of kinds that nobody knows. A job trains, loses a member and ends in the same state as without.
 */
class NewerAgentsIT {
    private static final long SECONDS = 60;

    @TempDir private Path folder = Path.of("");

    private volatile boolean newer = true;

    /** Stands between an agent and its leader. */
    private final class Newer implements ClientInterceptor {
        private final AtomicInteger passed = new AtomicInteger();

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void sendMessage(Q message) {
                    super.sendMessage(changed(method.getRequestMarshaller(), message));
                    if (newer && passed.incrementAndGet() % 7 == 0) {
                        super.sendMessage(
                                parsed(
                                        method.getRequestMarshaller(),
                                        unknown(((AgentMessage) message).toBuilder().clearBody())
                                                .toByteArray()));
                    }
                }

                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    super.start(
                            new SimpleForwardingClientCallListener<>(listener) {
                                @Override
                                public void onMessage(A message) {
                                    super.onMessage(
                                            changed(method.getResponseMarshaller(), message));
                                    if (newer && passed.incrementAndGet() % 7 == 0) {
                                        super.onMessage(
                                                parsed(
                                                        method.getResponseMarshaller(),
                                                        unknown(
                                                                        ((CoordinatorMessage)
                                                                                        message)
                                                                                .toBuilder()
                                                                                        .clearBody())
                                                                .toByteArray()));
                                    }
                                }
                            },
                            headers);
                }
            };
        }

        private <T> T changed(MethodDescriptor.Marshaller<T> marshaller, T message) {
            if (!newer) {
                return message;
            }
            var changed =
                    NewerVersion.withUnknownFields((com.google.protobuf.Message) message)
                            .toBuilder();
            if (changed instanceof AgentMessage.Builder said && said.hasAttach()) {
                said.getAttachBuilder().setProtocolMinor(1).setDataMinor(1).setRelease("newer");
            }
            return parsed(marshaller, changed.build().toByteArray());
        }
    }

    private static <T> T parsed(MethodDescriptor.Marshaller<T> marshaller, byte[] bytes) {
        return marshaller.parse(new java.io.ByteArrayInputStream(bytes));
    }

    private static com.google.protobuf.Message unknown(com.google.protobuf.Message.Builder from) {
        return from.setUnknownFields(
                        UnknownFieldSet.newBuilder()
                                .addField(
                                        900,
                                        UnknownFieldSet.Field.newBuilder()
                                                .addLengthDelimited(
                                                        com.google.protobuf.ByteString.copyFromUtf8(
                                                                "a new kind"))
                                                .build())
                                .build())
                .build();
    }

    // As a leader of the next minor version left it.
    private static void led(String zookeeper) throws Exception {
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(zookeeper, new RetryOneTime(100))) {
            client.start();
            client.create()
                    .creatingParentsIfNeeded()
                    .forPath(
                            "/c/controller/term",
                            unknown(
                                            Term.newBuilder()
                                                    .setTerm(4)
                                                    .setCoordinatorId("newer")
                                                    .setLayoutMajor(1)
                                                    .setLayoutMinor(1))
                                    .toByteArray());
        }
    }

    private static JobSpec job(String id) throws Exception {
        return JobFile.read(
                        Path.of(System.getProperty("coxswain.home", ".."))
                                .resolve("chaos-tests/jobs/small.yaml"),
                        Map.of("steps", "50"))
                .spec(id);
    }

    private ReplicaAgent agent(String id, String zookeeper) throws Exception {
        ReplicaAgent agent =
                ReplicaAgent.builder()
                        .id(id)
                        .zookeeper(zookeeper + "/c")
                        .arenaRoot(Path.of("/dev/shm"))
                        .arenaBudgetBytes(64 << 20)
                        .logFolder(folder.resolve("logs-" + id))
                        .controlInterceptors(List.of(new Newer()))
                        .workerCommands(kind -> JavaProcess.worker(kind, WorkerSettings.usual()))
                        .build();
        agent.start();
        return agent;
    }

    @Test
    void aJobTrainsWithAgentsAndLeadersOfTheNextMinorVersion() throws Exception {
        var metrics = new SimpleMeterRegistry();
        var agents = new ArrayList<ReplicaAgent>();
        try (EmbeddedZooKeeper zookeeper =
                EmbeddedZooKeeper.start(folder.resolve("zookeeper"), 1_000)) {
            led(zookeeper.connectString());
            try (Coordinator coordinator =
                    Coordinator.builder()
                            .zookeeper(zookeeper.connectString())
                            .chroot("/c")
                            .meterRegistry(metrics)
                            .build()
                            .start()) {
                assertThat(coordinator.leading().get(SECONDS, TimeUnit.SECONDS)).isEqualTo(5);
                for (int i = 0; i < 3; i++) {
                    agents.add(agent("newer-" + i, zookeeper.connectString()));
                }
                var half = new CountDownLatch(1);
                try (var _ =
                        coordinator.listen(event -> {
                            if (event.event() instanceof CoordinatorEvent.StepsCompleted done
                                    && done.step() >= 15) {
                                half.countDown();
                            }
                        })) {
                    coordinator.submit(job("newer")).get(SECONDS, TimeUnit.SECONDS);
                    assertThat(half.await(SECONDS, TimeUnit.SECONDS)).isTrue();
                }
                agents.getFirst().close();
                JobReport report = coordinator.result("newer").get(SECONDS, TimeUnit.SECONDS);
                assertThat(report.completed()).as(report.toJson()).isTrue();
                assertThat(report.incidents()).isNotEmpty();
                assertThat(metrics.get("coxswain.unknown.words").functionCounter().count())
                        .isPositive();

                newer = false;
                coordinator.submit(job("same")).get(SECONDS, TimeUnit.SECONDS);
                assertThat(coordinator.result("same").get(SECONDS, TimeUnit.SECONDS).finalDigest())
                        .isEqualTo(report.finalDigest());
            } finally {
                agents.forEach(ReplicaAgent::close);
            }
        }
    }
}
