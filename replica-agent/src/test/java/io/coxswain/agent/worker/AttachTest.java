package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Output;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.Stacks;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Processes that somebody else starts come, are refused, go, and come again. */
class AttachTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir private Path folder = Path.of("");
    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<List<Integer>> awaited = new LinkedBlockingQueue<>();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private WorkerSupervisor supervisor(Duration wait) throws IOException {
        var listener =
                new WorkerSupervisor.Listener() {
                    @Override
                    public void ready(long generation, List<Hello> hellos) {
                        told.add("ready " + generation + " " + pids(hellos));
                    }

                    @Override
                    public void message(long generation, int local, FromWorker message) {
                        told.add("message " + local + " " + message.getRequestId());
                    }

                    @Override
                    public void pong(long generation, Pong pong) {}

                    @Override
                    public void asked(long generation, int local, KeyValueRequest request) {}

                    @Override
                    public void evidence(
                            long generation, String reason, List<EvidencePiece> pieces) {
                        told.add("evidence " + reason);
                    }

                    @Override
                    public void waiting(long generation, List<Integer> missing) {
                        awaited.add(missing);
                    }

                    @Override
                    public void absent(long generation, String reason) {
                        told.add("absent " + reason);
                    }

                    @Override
                    public void exited(long generation, WorkerExit exit) {
                        told.add("exited " + generation + " " + exit.describe());
                    }
                };
        WorkerSupervisor supervisor =
                WorkerSupervisor.attaching(
                        WorkerCommand.attached(2, wait),
                        new AttachPlace(place(), folder, "job-1"),
                        folder,
                        folder,
                        WorkerSupervisor.Limits.DEFAULT,
                        OutputLimits.DEFAULT,
                        listener);
        open.push(supervisor);
        return supervisor;
    }

    private Path place() {
        return folder.resolve("attach").resolve("job-1");
    }

    private static List<Long> pids(List<Hello> hellos) {
        return hellos.stream().map(Hello::getPid).toList();
    }

    private String next() throws InterruptedException {
        return Objects.requireNonNull(told.poll(1, TimeUnit.MINUTES), "nothing more was told");
    }

    /** What a worker reads before it comes. */
    private Map<String, String> environment() throws IOException {
        var environment = new HashMap<String, String>();
        for (String line : Files.readAllLines(place().resolve(AttachPlace.FILE))) {
            String[] two = line.split("=", 2);
            environment.put(two[0], two[1]);
        }
        return environment;
    }

    private Hello.Builder hello(int local, long pid) throws IOException {
        Map<String, String> environment = environment();
        return Hello.newBuilder()
                .setProtocolMajor(1)
                .setRuntimeKind("process")
                .setPid(pid)
                .setToken(environment.getOrDefault("COXSWAIN_BRIDGE_TOKEN", ""))
                .setLocalRank(local)
                .setLocalSize(2)
                .setJobId(environment.getOrDefault("COXSWAIN_BRIDGE_JOB", ""));
    }

    private FrameChannel connect() throws IOException {
        String socket = environment().getOrDefault("COXSWAIN_BRIDGE_SOCKET", "");
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        var frames = new FrameChannel(channel);
        open.push(frames);
        return frames;
    }

    private FrameChannel knock(Hello.Builder hello) throws IOException {
        FrameChannel main = connect();
        main.send(FromWorker.newBuilder().setHello(hello).build());
        return main;
    }

    private static ToWorker heard(FrameChannel main) throws IOException {
        @Nullable ToWorker message = main.receive(ToWorker.parser());
        return Objects.requireNonNull(message, "the agent closed the connection");
    }

    /** A process that is welcome. */
    private final class Member {
        final FrameChannel main;
        final FrameChannel side;

        Member(int local, long pid) throws IOException {
            this(knock(hello(local, pid)), local, pid);
        }

        Member(FrameChannel main, int local, long pid) throws IOException {
            this(main, heard(main), local, pid);
        }

        Member(FrameChannel main, ToWorker answer, int local, long pid) throws IOException {
            this.main = main;
            assertThat(answer.hasWelcome()).as("%s", answer).isTrue();
            side = connect();
            side.send(
                    FromWorkerSide.newBuilder()
                            .setHello(hello(local, pid).setSideChannel(true))
                            .build());
            ToWorkerSide welcome = side.receive(ToWorkerSide.parser());
            assertThat(welcome).matches(said -> said != null && said.hasWelcome());
        }

        /** It sees that it shall end, and by what. */
        boolean askedToComeAgain() throws IOException {
            boolean again = heard(main).getShutdown().getAgain();
            assertThat(main.receive(ToWorker.parser())).isNull();
            return again;
        }

        void end() throws IOException {
            main.close();
            side.close();
        }
    }

    @Test
    void aWorkerIsThereWhenAllItsProcessesAre() throws Exception {
        WorkerSupervisor supervisor = supervisor(LONG);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place())))
                .isEqualTo("rwx------");
        for (String file : List.of("socket", AttachPlace.FILE)) {
            assertThat(
                            PosixFilePermissions.toString(
                                    Files.getPosixFilePermissions(place().resolve(file))))
                    .isEqualTo("rw-------");
        }
        supervisor.start();

        new Member(1, 11);
        Member first = new Member(0, 10);

        assertThat(next()).isEqualTo("ready 1 [10, 11]");
        first.main.send(FromWorker.newBuilder().setRequestId(5).build());
        assertThat(next()).isEqualTo("message 0 5");
        supervisor.close();
        assertThat(next()).isEqualTo("exited 1 ended by its agent: the agent is closing");
        assertThat(place()).doesNotExist();
    }

    @Test
    void whoIsNotWantedIsToldWhy() throws Exception {
        supervisor(LONG).start();
        new Member(0, 10);

        assertThat(refusal(hello(0, 12)))
                .startsWith("local rank 0 of 2 is taken already, by process 10");
        assertThat(refusal(hello(2, 12))).contains("local rank 2", "local ranks are 0 to 1");
        assertThat(refusal(hello(1, 12).setToken("guessed"))).contains("its token is not the one");
        assertThat(refusal(hello(1, 12).setProtocolMajor(2)))
                .isEqualTo("the worker speaks bridge protocol 2, this agent speaks 1");
        assertThat(refusal(hello(1, 12).setJobId("other")))
                .isEqualTo(
                        "it was started for job other; this agent waits for workers of job job-1");
        assertThat(refusal(hello(1, 12).setLocalSize(4)))
                .isEqualTo("it was started as one of 4 processes; runtime.workersPerAgent is 2");

        new Member(1, 11);
        assertThat(next()).isEqualTo("ready 1 [10, 11]");
    }

    private String refusal(Hello.Builder hello) throws IOException {
        try (FrameChannel main = knock(hello)) {
            return heard(main).getRefused().getReason();
        }
    }

    @Test
    void whoGoesBeforeAllAreThereIsWaitedForAnew() throws Exception {
        supervisor(LONG).start();
        Member early = new Member(0, 10);
        early.end();
        Member again = comes(0, 12);
        new Member(1, 11);

        assertThat(next()).isEqualTo("ready 1 [12, 11]");
        again.end();
    }

    /** Until the agent has noticed that the one before has gone. */
    private Member comes(int local, long pid) throws IOException {
        while (true) {
            FrameChannel main = knock(hello(local, pid));
            ToWorker answer = heard(main);
            if (answer.hasRefused()) {
                main.close();
                continue;
            }
            return new Member(main, answer, local, pid);
        }
    }

    @Test
    void aWorkerIsAskedToEndAndIsGoneWhenItsProcessesAre() throws Exception {
        WorkerSupervisor supervisor = supervisor(LONG);
        supervisor.start();
        Member first = new Member(0, 10);
        Member second = new Member(1, 11);
        assertThat(next()).startsWith("ready 1");

        supervisor.killNow("its view is over");
        assertThat(first.askedToComeAgain()).isTrue();
        assertThat(second.askedToComeAgain()).isTrue();
        first.end();
        FrameChannel waits = knock(hello(0, 20));
        assertThat(told).isEmpty();
        second.end();
        assertThat(next()).isEqualTo("exited 1 ended by its agent: its view is over");

        supervisor.start();
        new Member(waits, 0, 20);
        new Member(1, 21);
        assertThat(next()).isEqualTo("ready 2 [20, 21]");
    }

    @Test
    void oneThatGoesTakesTheOthersWithIt() throws Exception {
        WorkerSupervisor supervisor = supervisor(LONG);
        supervisor.start();
        Member first = new Member(0, 10);
        Member second = new Member(1, 11);
        assertThat(next()).startsWith("ready 1");

        second.end();
        assertThat(first.askedToComeAgain()).isTrue();
        first.end();
        assertThat(next())
                .isEqualTo(
                        "exited 1 local rank 1 of 2: the worker ended its connections; whoever"
                                + " started it knows why");
    }

    @Test
    void whatOnePrintsAndWhatItDoesIsAskedOfItself() throws Exception {
        WorkerSupervisor supervisor = supervisor(LONG);
        supervisor.start();
        Member first = new Member(0, 10);
        Member second = new Member(1, 11);
        assertThat(next()).startsWith("ready 1");

        first.main.send(printed("step 1\n", 0));
        first.main.send(printed("step 9\nValueError: no more\n", 4096));
        first.main.send(FromWorker.newBuilder().setRequestId(5).build());
        assertThat(next()).as("output is no message").isEqualTo("message 0 5");
        String log = new String(supervisor.lastLines(100, 1 << 16).bytes(), UTF_8);
        assertThat(log)
                .contains("step 1\n")
                .contains("… 4096 bytes dropped: the process printed faster than it could say")
                .contains("step 9\n");

        // Process 10 holds the interpreter's lock: it wrote by itself.
        Path written = place().resolve("evidence").resolve("stacks.10.41");
        Files.writeString(written, "Timeout (0:00:01)!\nThread 8\nTimeout (0:00:02)!\nThread 9\n");
        Thread alone = Thread.ofVirtual().start(() -> answerForStacks(second));
        assertThat(supervisor.stacks())
                .anySatisfy(piece -> {
                    assertThat(piece.getName()).contains("python-stacks.10.txt");
                    assertThat(piece.getContent().toStringUtf8())
                            .isEqualTo("Timeout (0:00:02)!\nThread 9\n");
                })
                .noneMatch(piece -> piece.getKind().equals("note"));
        alone.join();
        Files.setLastModifiedTime(written, FileTime.from(Instant.now().minusSeconds(60)));

        // Nobody here sees processes 10 and 11 write stacks, so they are asked.
        Thread answers = Thread.ofVirtual().start(() -> answerForStacks(second));
        List<EvidencePiece> pieces = supervisor.stacks();
        answers.join();
        assertThat(pieces)
                .anySatisfy(piece -> {
                    assertThat(piece.getKind()).isEqualTo("python-stacks");
                    assertThat(piece.getName()).contains("python-stacks.11.txt");
                    assertThat(piece.getContent().toStringUtf8()).isEqualTo("Thread 1\n");
                })
                .anySatisfy(piece -> {
                    assertThat(piece.getKind()).isEqualTo("note");
                    assertThat(piece.getContent().toStringUtf8())
                            .contains("process 10, as it calls itself", "interpreter's lock");
                });

        first.end();
        assertThat(second.askedToComeAgain()).isTrue();
        second.end();
        assertThat(next())
                .isEqualTo(
                        "evidence local rank 0 of 2: the worker ended its connections;"
                                + " whoever started it knows why; last words: ValueError: no more");
    }

    private static FromWorker printed(String text, long dropped) {
        return FromWorker.newBuilder()
                .setOutput(
                        Output.newBuilder()
                                .setData(ByteString.copyFromUtf8(text))
                                .setDroppedBytes(dropped))
                .build();
    }

    private static void answerForStacks(Member member) {
        try {
            ToWorkerSide asked = member.side.receive(ToWorkerSide.parser());
            while (asked != null && !asked.hasStacksWanted()) {
                asked = member.side.receive(ToWorkerSide.parser());
            }
            assertThat(asked).isNotNull();
            long sequence = Objects.requireNonNull(asked).getStacksWanted().getSequence();
            member.side.send(
                    FromWorkerSide.newBuilder()
                            .setStacks(
                                    Stacks.newBuilder().setSequence(sequence).setText("Thread 1\n"))
                            .build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whoIsWaitedForIsToldWhileTheyAre() throws Exception {
        supervisor(LONG).start();
        assertThat(awaited.take()).isSubsetOf(0, 1);
        new Member(1, 11);
        new Member(0, 10);
        assertThat(next()).isEqualTo("ready 1 [10, 11]");
    }

    @Test
    void whoNeverComesIsNamed() throws Exception {
        supervisor(Duration.ofMillis(20)).start();

        List<String> both = List.of(next(), next());
        assertThat(both)
                .anyMatch(words ->
                        words.startsWith(
                                "absent local rank 0 of 2: nobody attached within 0 s: start it"
                                        + " with COXSWAIN_ATTACH="))
                .anyMatch(words -> words.contains("LOCAL_RANK=1"));
    }
}
