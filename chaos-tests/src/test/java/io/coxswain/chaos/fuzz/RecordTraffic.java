package io.coxswain.chaos.fuzz;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.adapter.grpc.ModelCodec;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.EmbeddedZooKeeper;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.WorkerSettings;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs a small job with a change of the view on real agents in this process and writes down what
 * travels: the corpora of the fuzzers. Arguments: the folder of the resources, a scratch folder.
 */
final class RecordTraffic implements AutoCloseable {
    private static final int OF_A_KIND = 6;
    private static final int LONGEST = 16 << 10;
    private static final int LONGEST_CONNECTION = 24 << 10;
    private static final int CONNECTIONS = 8;
    private static final int SECONDS = 60;

    private final Map<String, List<byte[]>> kinds = new ConcurrentHashMap<>();
    private final List<ByteArrayOutputStream> frames = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Records. */
    public static void main(String[] args) throws Exception {
        try (var recorder = new RecordTraffic()) {
            recorder.record(Path.of(args[0]), Path.of(args[1]));
        }
        System.exit(0);
    }

    private void keep(String corpus, String kind, byte[] bytes) {
        List<byte[]> same = kinds.computeIfAbsent(corpus + " " + kind, _ -> new ArrayList<>());
        synchronized (same) {
            if (same.size() < OF_A_KIND && bytes.length <= LONGEST) {
                same.add(bytes);
            }
        }
    }

    private List<byte[]> kept(String corpus) {
        return kinds.entrySet().stream()
                .filter(kind -> kind.getKey().startsWith(corpus + " "))
                .sorted(Map.Entry.comparingByKey())
                .flatMap(kind -> kind.getValue().stream())
                .toList();
    }

    private final class Ear implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void sendMessage(Q message) {
                    if (message instanceof AgentMessage said) {
                        keep("agent-messages", said.getBodyCase().name(), said.toByteArray());
                    }
                    super.sendMessage(message);
                }

                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    super.start(
                            new SimpleForwardingClientCallListener<>(listener) {
                                @Override
                                public void onMessage(A message) {
                                    if (message instanceof CoordinatorMessage said) {
                                        keep(
                                                "orders",
                                                said.getBodyCase().name(),
                                                said.toByteArray());
                                    }
                                    super.onMessage(message);
                                }
                            },
                            headers);
                }
            };
        }
    }

    // Stands before a data plane and writes down what its peers send.
    private int tap(int port) throws IOException {
        var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(server);
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        while (true) {
                            Socket peer = server.accept();
                            var there = new Socket(InetAddress.getLoopbackAddress(), port);
                            var taken = new ByteArrayOutputStream();
                            synchronized (frames) {
                                frames.add(taken);
                            }
                            pump(peer.getInputStream(), there.getOutputStream(), taken);
                            pump(there.getInputStream(), peer.getOutputStream(), null);
                        }
                    } catch (IOException closed) {
                        return;
                    }
                });
        return server.getLocalPort();
    }

    private static void pump(
            InputStream in, OutputStream out, @Nullable ByteArrayOutputStream taken) {
        Thread.ofVirtual()
                .start(() -> {
                    byte[] buffer = new byte[64 << 10];
                    try (in;
                            out) {
                        for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                            if (taken != null && taken.size() < LONGEST_CONNECTION) {
                                taken.write(
                                        buffer,
                                        0,
                                        Math.min(got, LONGEST_CONNECTION - taken.size()));
                            }
                            out.write(buffer, 0, got);
                        }
                    } catch (IOException closed) {
                        return;
                    }
                });
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void record(Path resources, Path scratch) throws Exception {
        Files.createDirectories(scratch);
        EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(scratch.resolve("zookeeper"), 1_000);
        open.add(zookeeper);
        Coordinator coordinator =
                Coordinator.builder()
                        .zookeeper(zookeeper.connectString())
                        .chroot("/c")
                        .build()
                        .start();
        open.add(coordinator);
        var half = new CountDownLatch(1);
        var unusedListening =
                coordinator.listen(event -> {
                    if (event.event() instanceof CoordinatorEvent.StepsCompleted done
                            && done.step() >= 15) {
                        half.countDown();
                    }
                });
        var agents = new ArrayList<ReplicaAgent>();
        for (int i = 0; i < 3; i++) {
            int port = freePort();
            ReplicaAgent agent =
                    ReplicaAgent.builder()
                            .id("a" + i)
                            .zookeeper(zookeeper.connectString() + "/c")
                            .bind("127.0.0.1", port)
                            .advertised("127.0.0.1", tap(port))
                            .arenaRoot(scratch)
                            .arenaBudgetBytes(64 << 20)
                            .logFolder(scratch.resolve("logs" + i))
                            .controlInterceptors(List.of(new Ear()))
                            .workerCommands(
                                    kind -> JavaProcess.worker(kind, WorkerSettings.usual()))
                            .build();
            agent.start();
            open.add(agent);
            agents.add(agent);
        }
        JobSpec job =
                JobFile.read(Path.of("jobs/small.yaml").toAbsolutePath(), Map.of("steps", "40"))
                        .spec("recorded");
        keep(
                "submissions",
                "one",
                SubmitRequest.newBuilder()
                        .setJob(ModelCodec.encode(job))
                        .setQueue(true)
                        .build()
                        .toByteArray());
        System.out.println(coordinator.submit(job, true).get(60, TimeUnit.SECONDS));
        System.out.println("half: " + half.await(SECONDS, TimeUnit.SECONDS));
        agents.get(1).close();
        try {
            var report = coordinator.result("recorded").get(SECONDS, TimeUnit.SECONDS);
            System.out.println("completed: " + report.completed());
            keep("reports", "one", report.toJson().getBytes(StandardCharsets.UTF_8));
            znodes(zookeeper.connectString());
        } catch (TimeoutException busy) {
            System.out.println("not completed: reports and znodes stay as they were");
        }
        for (String corpus :
                List.of("agent-messages", "orders", "submissions", "reports", "znodes")) {
            write(resources, corpus, kept(corpus));
        }
        write(
                resources,
                "data-frames",
                frames.stream()
                        .map(ByteArrayOutputStream::toByteArray)
                        .filter(bytes -> bytes.length > 200)
                        .limit(CONNECTIONS)
                        .map(RecordTraffic::withoutGreeting)
                        .toList());
    }

    // The first frame: the plane that is fuzzed has another name.
    private static byte[] withoutGreeting(byte[] bytes) {
        int header = java.nio.ByteBuffer.wrap(bytes).getInt();
        return java.util.Arrays.copyOfRange(bytes, 8 + header, bytes.length);
    }

    private void znodes(String connect) throws Exception {
        var client = new ZooKeeper(connect, 10_000, _ -> {});
        open.add(client);
        String root = "/c/jobs/recorded/";
        List<String> records = List.of("spec", "view", "account", "result");
        for (int i = 0; i < records.size(); i++) {
            keepNode(client, root + records.get(i), i);
        }
        for (String agent : client.getChildren("/c/agents", false)) {
            keepNode(client, "/c/agents/" + agent, 4);
        }
    }

    private void keepNode(ZooKeeper client, String path, int kind) throws Exception {
        byte[] data = client.getData(path, false, null);
        byte[] marked = new byte[data.length + 1];
        marked[0] = (byte) kind;
        System.arraycopy(data, 0, marked, 1, data.length);
        keep("znodes", "" + kind, marked);
    }

    private static void write(Path resources, String name, List<byte[]> inputs) throws IOException {
        if (inputs.isEmpty()) {
            return;
        }
        Path folder = resources.resolve("io/coxswain/chaos/fuzz");
        Files.write(folder.resolve(name + ".corpus"), Corpus.encode(inputs));
        System.out.println(name + ": " + inputs.size());
    }

    @Override
    public void close() throws IOException {
        for (AutoCloseable each : open.reversed()) {
            try {
                each.close();
            } catch (Exception failed) {
                throw new IOException(failed);
            }
        }
    }
}
