package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.adapter.zookeeper.InputQueue;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.EventsRequest;
import io.coxswain.proto.admin.v1.ExplainRequest;
import io.coxswain.proto.admin.v1.ExplainResponse;
import io.coxswain.proto.admin.v1.HandOverRequest;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.Heartbeat;
import io.coxswain.proto.control.v1.JobUnfit;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

class GrpcControlServerTest {
    private static final AgentIdentity AGENT =
            AgentIdentity.newBuilder().setAgentId("agent-1").setIncarnation("a".repeat(32)).build();

    private final InputQueue inputs = new InputQueue();
    private final FakeCalls calls = new FakeCalls();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private GrpcControlServer server;

    @BeforeEach
    void open() throws IOException {
        server = new GrpcControlServer(loopback(0), executor, inputs, calls);
        server.start();
    }

    @AfterEach
    void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
        calls.events.close();
        executor.shutdown();
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private ManagedChannel channel() {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(loopback(server.port())).usePlaintext().build();
        channels.add(channel);
        return channel;
    }

    /** An agent's end of the stream. */
    private final class Agent implements StreamObserver<CoordinatorMessage> {
        final LinkedBlockingQueue<CoordinatorMessage> heard = new LinkedBlockingQueue<>();
        final CompletableFuture<Status> end = new CompletableFuture<>();
        final StreamObserver<AgentMessage> out = ControlPlaneGrpc.newStub(channel()).attach(this);

        @Override
        public void onNext(CoordinatorMessage message) {
            heard.add(message);
        }

        @Override
        public void onError(Throwable error) {
            end.complete(Status.fromThrowable(error));
        }

        @Override
        public void onCompleted() {
            end.complete(Status.OK);
        }

        Agent say(AgentMessage.Builder message) {
            out.onNext(message.setAgent(AGENT).build());
            return this;
        }

        CoordinatorMessage hear() throws InterruptedException {
            CoordinatorMessage message = heard.poll(30, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("nothing was heard");
            }
            return message;
        }
    }

    private static AgentMessage.Builder attach(int protocolMajor) {
        return AgentMessage.newBuilder()
                .setTermSeen(2)
                .setAttach(
                        Attach.newBuilder()
                                .setProtocolMajor(protocolMajor)
                                .setDataEndpoint(Endpoint.newBuilder().setHost("h").setPort(7000))
                                .setFailureDomain("rack7/h31")
                                .setArenaBudgetBytes(1 << 20)
                                .putLabels("zone", "a")
                                .setHost("trainer-3")
                                .setPid(4711)
                                .setJobId("j1"));
    }

    @Test
    void anAgentAttachesSpeaksAndIsAnswered() throws Exception {
        Agent agent = new Agent().say(attach(1));
        var attached = inputs.await(CoordinatorInput.AgentAttached.class);
        assertThat(attached.agent().key().id()).isEqualTo("agent-1");
        assertThat(attached.agent().domain()).hasToString("rack7/h31");
        assertThat(attached.labels()).containsEntry("zone", "a");
        assertThat(attached.process())
                .isEqualTo(new CoordinatorStatus.AgentProcess("trainer-3", 4711));
        assertThat(attached.jobId()).isEqualTo("j1");
        assertThat(attached.termSeen()).isEqualTo(2);

        server.welcome(attached.stream(), 3, 250, 10_000);
        CoordinatorMessage welcome = agent.hear();
        assertThat(welcome.getTerm()).isEqualTo(3);
        assertThat(welcome.getWelcome().getLeaseNanos()).isEqualTo(10_000);

        agent.say(
                AgentMessage.newBuilder()
                        .setHeartbeat(
                                Heartbeat.newBuilder()
                                        .setSequence(8)
                                        .setOperation("idle")
                                        .setEntered(4)
                                        .setWaitsFor("somebody")
                                        .setPart("forward")));
        var beat = inputs.await(CoordinatorInput.AgentSaid.class);
        assertThat(beat.stream()).isEqualTo(attached.stream());
        assertThat(beat.word())
                .isEqualTo(
                        new AgentWord.Heartbeat(
                                8, -1, 0, "idle", 0, List.of(), 0, 4, "somebody", "forward"));

        agent.say(
                AgentMessage.newBuilder()
                        .setJobUnfit(JobUnfit.newBuilder().setJobId("j1").setReason("no data")));
        assertThat(inputs.await(CoordinatorInput.AgentSaid.class).word())
                .isEqualTo(
                        new AgentWord.ForJob(
                                "j1", new JobEvent.AgentUnfit(attached.agent().key(), "no data")));
    }

    @Test
    void whatIsSentLeavesInOrder() throws Exception {
        Agent agent = new Agent().say(attach(1));
        long stream = inputs.await(CoordinatorInput.AgentAttached.class).stream();

        for (int i = 1; i <= 1_000; i++) {
            server.heartbeatReply(stream, 3, i, 0);
        }

        for (int i = 1; i <= 1_000; i++) {
            assertThat(agent.hear().getHeartbeatReply().getSequence()).isEqualTo(i);
        }
    }

    @Test
    void aRejectedAgentHearsWhyBeforeTheStreamCloses() throws Exception {
        Agent agent = new Agent().say(attach(1));
        long stream = inputs.await(CoordinatorInput.AgentAttached.class).stream();

        server.reject(stream, 3, "not the leader", true);

        assertThat(agent.hear().getRejected().getReason()).isEqualTo("not the leader");
        assertThat(agent.end.join().isOk()).isTrue();
        assertThat(inputs.await(CoordinatorInput.StreamClosed.class).stream()).isEqualTo(stream);
    }

    @Test
    void anotherProtocolIsRejectedForGood() throws Exception {
        Agent agent = new Agent().say(attach(2));

        var rejected = agent.hear().getRejected();
        assertThat(rejected.getRetry()).isFalse();
        assertThat(rejected.getReason()).contains("protocol 1").contains("speaks 2");
        assertThat(inputs.isEmpty()).isTrue();
    }

    @Test
    void aStreamThatDoesNotBeginWithAttachIsABreachOfProtocol() {
        Agent agent =
                new Agent().say(AgentMessage.newBuilder().setHeartbeat(Heartbeat.newBuilder()));

        Status end = agent.end.join();
        assertThat(end.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(end.getDescription()).contains("must be attach");
    }

    @Test
    void aBadIdentityIsABreachOfProtocol() {
        Agent agent = new Agent();
        agent.out.onNext(attach(1).setAgent(AGENT.toBuilder().setIncarnation("nonsense")).build());

        assertThat(agent.end.join().getDescription()).contains("32 lower-case hex digits");
    }

    @Test
    void aResetStreamIsTold() throws Exception {
        Agent agent = new Agent().say(attach(1));
        long stream = inputs.await(CoordinatorInput.AgentAttached.class).stream();

        agent.out.onError(Status.CANCELLED.asRuntimeException());

        assertThat(inputs.await(CoordinatorInput.StreamClosed.class).stream()).isEqualTo(stream);
        server.heartbeatReply(stream, 3, 1, 0);
        server.close(stream, "again");
    }

    @Test
    void anAgentThatDoesNotReadIsClosedAndHoldsNobodyUp() throws Exception {
        var blocked = new CompletableFuture<Void>();
        StreamObserver<AgentMessage> out =
                ControlPlaneGrpc.newStub(channel())
                        .attach(
                                new StreamObserver<>() {
                                    @Override
                                    public void onNext(CoordinatorMessage message) {
                                        blocked.join();
                                    }

                                    @Override
                                    public void onError(Throwable error) {}

                                    @Override
                                    public void onCompleted() {}
                                });
        out.onNext(attach(1).setAgent(AGENT).build());
        long stream = inputs.await(CoordinatorInput.AgentAttached.class).stream();
        String long1k = "x".repeat(1_024);

        for (int i = 0; i < 4 * AgentStream.MAX_QUEUED; i++) {
            server.endJob(stream, 3, "j", long1k);
        }

        assertThat(inputs.await(CoordinatorInput.StreamClosed.class).detail())
                .contains("does not read");
        blocked.complete(null);
    }

    @Test
    void aPortInUseIsSaidPlainly() {
        var second = new GrpcControlServer(loopback(server.port()), executor, inputs, calls);

        assertThatThrownBy(second::start)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot open the control port")
                .hasMessageContaining(":" + server.port())
                .hasMessageContaining("in use")
                .hasMessageContaining("choose another");
        second.close();
    }

    // ------------------------------------------------------------------ admin

    private AdminGrpc.AdminBlockingStub admin() {
        return AdminGrpc.newBlockingStub(channel()).withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    private static io.coxswain.proto.control.v1.JobSpec job(int batch) {
        return io.coxswain.proto.control.v1.JobSpec.newBuilder()
                .setJobId("j1")
                .setReplicas(1)
                .setShards(1)
                .setSteps(5)
                .setBatch(batch)
                .setMicroshards(8)
                .setProtectEvery(1)
                .setCollectivesAcross("agent")
                .build();
    }

    @Test
    void submissionsAreAnswered() {
        var accepted = admin().submit(SubmitRequest.newBuilder().setJob(job(8)).build());
        var queued =
                admin().submit(SubmitRequest.newBuilder().setJob(job(8)).setQueue(true).build());
        var broken = admin().submit(SubmitRequest.newBuilder().setJob(job(0)).build());

        assertThat(accepted.getAccepted()).isTrue();
        assertThat(accepted.getJobId()).isEqualTo("j1");
        assertThat(queued.getQueuePosition()).isEqualTo(2);
        assertThat(broken.getAccepted()).isFalse();
        assertThat(broken.getReason()).contains("j1");
    }

    @Test
    void statusAndCancelAreAnswered() {
        var status = admin().status(StatusRequest.getDefaultInstance());
        var handed = admin().handOver(HandOverRequest.getDefaultInstance());
        assertThat(handed.getHandedOver()).isTrue();
        assertThat(handed.getTerm()).isEqualTo(7);

        var cancel = admin().cancel(CancelRequest.newBuilder().setJobId("j9").build());

        assertThat(status.getTerm()).isEqualTo(4);
        assertThat(cancel.getReason()).isEqualTo("there is no job j9");
    }

    @Test
    void eventsAreStreamedAndResumedBySequence() {
        calls.publish("j1");
        calls.publish("j2");
        calls.publish("j1");

        Iterator<Event> all = admin().events(EventsRequest.getDefaultInstance());
        assertThat(all.next().getSequence()).isEqualTo(1);
        assertThat(all.next().getJobId()).isEqualTo("j2");
        Event third = all.next();
        assertThat(third.getKind()).isEqualTo("JobWaiting");
        assertThat(third.getText()).isEqualTo("job j1 waits: for agents");
        assertThat(third.getJson()).isEqualTo("{\"job\":\"j1\",\"reason\":\"for agents\"}");

        Iterator<Event> resumed =
                admin().events(
                                EventsRequest.newBuilder()
                                        .setFromSequence(2)
                                        .setJobId("j1")
                                        .build());
        assertThat(resumed.next().getSequence()).isEqualTo(3);
        calls.events.close();
        assertThat(resumed.hasNext()).isFalse();
    }

    @Test
    void questionsOfOperatorsAreTakenAndAnswered() {
        AdminGrpc.AdminBlockingStub admin = admin();
        LookResponse log =
                admin.look(
                        LookRequest.newBuilder()
                                .setRank(0)
                                .setKind(AskKind.ASK_KIND_LOG)
                                .setLines(5)
                                .build());
        assertThat(log.getAgentId()).isEqualTo("of rank 0");
        assertThat(log.getPieces(0).getContent().toStringUtf8())
                .isEqualTo("Log[lines=5, after=null]");
        assertThat(log.getPieces(0).getCutBytes()).isEqualTo(1);
        assertThat(log.getNext().getWorker()).isEqualTo(2);
        assertThat(log.getNext().getOffset()).isEqualTo(3);
        LookResponse more =
                admin.look(
                        LookRequest.newBuilder().setAgentId("a7").setAfter(log.getNext()).build());
        assertThat(more.getAgentId()).isEqualTo("a7");
        assertThat(more.getPieces(0).getContent().toStringUtf8())
                .isEqualTo("Log[lines=0, after=LogPlace[worker=2, offset=3]]");
        ExplainResponse explained =
                admin.explain(ExplainRequest.newBuilder().setJobId("j").setIncident(9).build());
        assertThat(explained.getIncident()).isEqualTo(9);
        assertThat(explained.getEvidence(0).getStep()).isEqualTo(2);
        assertThat(explained.getEnvironmentMap()).containsEntry("java", "25");
    }
}
