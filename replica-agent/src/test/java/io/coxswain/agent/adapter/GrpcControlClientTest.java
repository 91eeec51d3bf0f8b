package io.coxswain.agent.adapter;

import static io.coxswain.agent.adapter.TestLeader.take;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.store.v1.Leader;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;

import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class GrpcControlClientTest {
    private static final AgentProfile PROFILE = TestLeader.agent("a");

    @TempDir static Path folder;

    /** A leader that is called by a name. */
    private static final class Named implements AutoCloseable {
        final TestLeader speaker = new TestLeader();
        final BlockingQueue<AgentMessage> heard = speaker.heard;
        final BlockingQueue<StreamObserver<CoordinatorMessage>> streams = speaker.streams;
        private final Server server;

        Named(String name) throws IOException {
            server = InProcessServerBuilder.forName(name).addService(speaker).build().start();
        }

        @Override
        public void close() {
            server.shutdownNow();
        }
    }

    private final BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    private final TestZooKeeper zookeeper = new TestZooKeeper(folder);
    private final CuratorFramework curator = zookeeper.client();
    private final GrpcControlClient client =
            new GrpcControlClient(
                    curator,
                    PROFILE,
                    leader -> InProcessChannelBuilder.forName(leader.getCoordinatorId()).build(),
                    events::add,
                    new GrpcControlClient.Pauses(Duration.ofMillis(1), Duration.ofMillis(20)));

    GrpcControlClientTest() throws Exception {}

    @AfterEach
    void close() throws Exception {
        client.close();
        curator.delete().quietly().forPath(GrpcControlClient.LEADER_PATH);
        curator.close();
        zookeeper.close();
    }

    private void elect(long term, String name) throws Exception {
        elect(Leader.newBuilder().setTerm(term).setCoordinatorId(name).build());
    }

    private void elect(Leader leader) throws Exception {
        TestLeader.elect(curator, leader);
    }

    @Test
    void theLeaderIsFoundAndBothSidesHearEachOther() throws Exception {
        try (Named leader = new Named("one")) {
            client.start();
            elect(4, "one");
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            client.report(new AgentReport.JobUnfit("job-1", "why"), 3);
            AgentMessage message = take(leader.heard);
            assertThat(message.getJobUnfit().getReason()).isEqualTo("why");
            assertThat(message.getTermSeen()).isEqualTo(3);
            take(leader.streams).onNext(TestLeader.fence(4));
            assertThat(take(events)).isEqualTo(TestLeader.fenced(4));
        }
    }

    @Test
    void aBrokenStreamIsOpenedAgain() throws Exception {
        try (Named leader = new Named("two")) {
            elect(4, "two");
            client.start();
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            take(leader.streams).onError(new IllegalStateException("cut"));
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamClosed.class);
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            client.report(new AgentReport.JobUnfit("job-1", "again"), 4);
            assertThat(take(leader.heard).getJobUnfit().getReason()).isEqualTo("again");
        }
    }

    @Test
    void aLeaderOfAHigherTermTakesOver() throws Exception {
        try (Named old = new Named("three");
                Named young = new Named("four")) {
            elect(4, "three");
            client.start();
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            elect(5, "four");
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamClosed.class);
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            client.report(new AgentReport.JobUnfit("job-1", "hello"), 5);
            assertThat(take(young.heard).getJobUnfit().getReason()).isEqualTo("hello");
            assertThat(old.heard).isEmpty();
        }
    }

    @Test
    void aLeaderThatIsNotThereIsTriedUntilItIs() throws Exception {
        elect(4, "five");
        client.start();
        try (Named leader = new Named("five")) {
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            assertThat(take(leader.streams)).isNotNull();
        }
    }

    /**
     * Where ZooKeeper was set up anew, the cache may take the new leader's node for the old one.
     */
    @Test
    void aLeaderThatTheCacheMissedIsFound() throws Exception {
        try (Named leader = new Named("there")) {
            elect(4, "there");
            client.start();
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            client.leaderFound(Leader.newBuilder().setTerm(3).setCoordinatorId("gone").build());
            take(leader.streams).onError(new IllegalStateException("cut"));
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamClosed.class);
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            assertThat(take(leader.streams)).isNotNull();
        }
    }

    @Test
    void aMessageThatBreaksTheProtocolEndsTheStream() throws Exception {
        try (Named leader = new Named("six")) {
            elect(4, "six");
            client.start();
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            CoordinatorMessage.Builder offer = CoordinatorMessage.newBuilder().setTerm(4);
            offer.getOfferJobBuilder();
            take(leader.streams).onNext(offer.build());
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamClosed.class);
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
        }
    }

    @Test
    void closingSaysGoodbye() throws Exception {
        try (Named leader = new Named("seven")) {
            elect(4, "seven");
            client.start();
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            client.close();
            assertThat(take(leader.heard).hasLeaving()).isTrue();
        }
    }

    private static UnknownFieldSet unknown() {
        return UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
    }

    @Test
    void aLeaderOfAnotherMajorVersionIsNotCalledUntilThereIsAnother() throws Exception {
        try (Named newer = new Named("newer");
                Named same = new Named("same")) {
            elect(
                    Leader.newBuilder()
                            .setTerm(4)
                            .setCoordinatorId("newer")
                            .setProtocolMajor(2)
                            .build());
            client.start();
            elect(
                    Leader.newBuilder()
                            .setTerm(5)
                            .setCoordinatorId("same")
                            .setProtocolMajor(1)
                            .setProtocolMinor(9)
                            .build());
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            take(same.streams);
            assertThat(newer.streams).isEmpty();
        }
    }

    @Test
    void aWelcomeOfAnotherMajorVersionIsNotFollowed() throws Exception {
        try (Named leader = new Named("welcoming")) {
            client.start();
            elect(4, "welcoming");
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            CoordinatorMessage.Builder welcome = CoordinatorMessage.newBuilder().setTerm(4);
            welcome.getWelcomeBuilder().setProtocolMajor(2).setLeaseNanos(1);
            take(leader.streams).onNext(welcome.build());
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamClosed.class);
        }
    }

    @Test
    void whatANewerLeaderSaysIsDroppedOrAnswered() throws Exception {
        try (Named leader = new Named("saying")) {
            client.start();
            elect(4, "saying");
            assertThat(take(events)).isInstanceOf(AgentEvent.StreamOpened.class);
            StreamObserver<CoordinatorMessage> stream = take(leader.streams);
            stream.onNext(
                    CoordinatorMessage.newBuilder().setTerm(4).setUnknownFields(unknown()).build());
            CoordinatorMessage.Builder order = CoordinatorMessage.newBuilder().setTerm(4);
            order.getPrepareViewBuilder().setHasRank(true);
            order.getPrepareViewBuilder().getViewBuilder().setJobId("job-1").setEpoch(7);
            order.getPrepareViewBuilder().getPlanBuilder().addOperationsBuilder().setKindValue(99);
            stream.onNext(order.build());
            AgentMessage answer = take(leader.heard);
            assertThat(answer.getViewFailed().getJobId()).isEqualTo("job-1");
            assertThat(answer.getViewFailed().getEpoch()).isEqualTo(7);
            assertThat(answer.getViewFailed().getReason())
                    .contains("operation 99")
                    .contains("is to be upgraded");
            assertThat(client.unknownWords()).isOne();
            stream.onNext(TestLeader.fence(4));
            assertThat(take(events)).isEqualTo(TestLeader.fenced(4));
        }
    }

    @Test
    void afterARefusalOfItsVersionItTakesItsTime() {
        var pauses = GrpcControlClient.Pauses.DEFAULT;
        for (int i = 0; i < 100; i++) {
            assertThat(pauses.nanosWhenRefused())
                    .isBetween(
                            Duration.ofSeconds(5).toNanos(), Duration.ofSeconds(20).toNanos() + 1);
        }
    }
}
