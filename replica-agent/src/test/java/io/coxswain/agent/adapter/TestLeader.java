package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.store.v1.Leader;
import io.grpc.stub.StreamObserver;

import org.apache.curator.framework.CuratorFramework;

import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A leader as an agent meets it: keeps what it hears, and says what the test wants. */
final class TestLeader extends ControlPlaneGrpc.ControlPlaneImplBase {
    private static final long MOST_SECONDS = 30;

    /** What agents said. */
    final BlockingQueue<AgentMessage> heard = new LinkedBlockingQueue<>();

    /** Of each agent that attached, in that order. */
    final BlockingQueue<StreamObserver<CoordinatorMessage>> streams = new LinkedBlockingQueue<>();

    private final List<CoordinatorMessage> greeting;

    /** One that says this to whoever attaches, before anything else. */
    TestLeader(CoordinatorMessage... greeting) {
        this.greeting = List.of(greeting);
    }

    @Override
    public StreamObserver<AgentMessage> attach(StreamObserver<CoordinatorMessage> answers) {
        greeting.forEach(answers::onNext);
        streams.add(answers);
        return new StreamObserver<>() {
            @Override
            public void onNext(AgentMessage message) {
                heard.add(message);
            }

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onCompleted() {
                answers.onCompleted();
            }
        };
    }

    /** Everybody finds it from now on. */
    static void elect(CuratorFramework curator, Leader record) throws Exception {
        curator.create()
                .orSetData()
                .creatingParentsIfNeeded()
                .forPath(GrpcControlClient.LEADER_PATH, record.toByteArray());
    }

    /** An agent that may follow one. */
    static AgentProfile agent(String id) {
        return new AgentProfile(
                new AgentKey(id, "aaaa"),
                new Endpoint("h", 7),
                "pod0/" + id,
                99,
                1,
                Map.of(),
                "h",
                1);
    }

    /** A word that is easily told from others: {@link #fenced}, once it arrived. */
    static CoordinatorMessage fence(long term) {
        CoordinatorMessage.Builder fence = CoordinatorMessage.newBuilder().setTerm(term);
        fence.getFenceBuilder().setJobId("job-1").setEpoch(9);
        return fence.build();
    }

    static AgentEvent fenced(long term) {
        return new AgentEvent.Fenced(term, "job-1", 9);
    }

    /** The next one. */
    static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(MOST_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing came");
        }
        return next;
    }
}
