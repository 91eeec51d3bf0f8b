package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Processes that come and go as one, with stand-ins for the processes. */
class WorkerGroupTest {
    @TempDir private Path folder = Path.of("");
    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<Stand> stands = new ArrayList<>();

    /** In the place of a process. */
    private static final class Stand implements Member {
        final int local;
        final PrintedLines printed;
        final Listener listener;
        private @Nullable String reason;
        private boolean gone;

        Stand(int local, PrintedLines printed, Listener listener) {
            this.local = local;
            this.printed = printed;
            this.listener = listener;
        }

        void exit(int status, String words) {
            printed.end();
            gone = true;
            listener.exited(local, new WorkerExit(status, words, reason));
        }

        @Override
        public void launch() {}

        @Override
        public void send(ToWorker message) {}

        @Override
        public void abort(Abort abort) {}

        @Override
        public void answer(ToWorkerSide answer) {}

        @Override
        public boolean claim(String why) {
            if (reason != null || gone) {
                return false;
            }
            reason = why;
            return true;
        }

        @Override
        public List<EvidencePiece> hung(String why) {
            return stacks();
        }

        @Override
        public List<EvidencePiece> stacks() {
            return List.of(
                    EvidencePiece.newBuilder()
                            .setKind("python-stacks")
                            .setName("python-stacks.txt")
                            .setContent(ByteString.copyFromUtf8("x"))
                            .build());
        }

        @Override
        public void end() {}

        @Override
        public void endNow(String why) {
            claim(why);
        }

        @Override
        public long pid() {
            return 10L + local;
        }

        @Override
        public boolean gone() {
            return gone;
        }

        @Override
        public void awaitGone() {}
    }

    private WorkerGroup group(int processes) {
        var listener =
                new WorkerSupervisor.Listener() {
                    @Override
                    public void ready(long generation, List<Hello> hellos) {
                        told.add("ready " + hellos.size());
                    }

                    @Override
                    public void message(long generation, int local, FromWorker message) {}

                    @Override
                    public void pong(long generation, Pong pong) {
                        told.add("pong" + (pong.getPart().isEmpty() ? "" : " " + pong.getPart()));
                    }

                    @Override
                    public void asked(long generation, int local, KeyValueRequest request) {}

                    @Override
                    public void evidence(
                            long generation, String reason, List<EvidencePiece> pieces) {
                        told.add(
                                "evidence "
                                        + reason
                                        + " "
                                        + pieces.stream().map(EvidencePiece::getName).toList());
                    }

                    @Override
                    public void exited(long generation, WorkerExit exit) {
                        told.add("exited " + exit.describe());
                    }
                };
        return new WorkerGroup(
                3,
                5,
                processes,
                (local, name, printed, voices) -> {
                    var stand = new Stand(local, printed, voices);
                    stands.add(stand);
                    return stand;
                },
                new LogShelf(folder, OutputLimits.DEFAULT, () -> 0),
                listener);
    }

    private WorkerGroup ready() throws InterruptedException {
        WorkerGroup group = group(2);
        assertThat(group.want()).isTrue();
        stands.forEach(stand -> stand.listener.ready(stand.local, Hello.getDefaultInstance()));
        assertThat(next()).isEqualTo("ready 2");
        return group;
    }

    private String next() throws InterruptedException {
        return Objects.requireNonNull(told.poll(1, TimeUnit.MINUTES), "nothing more was told");
    }

    @Test
    void itIsThereAndAnswersWhenAllAreAndDo() throws InterruptedException {
        WorkerGroup group = group(2);
        group.want();
        stands.get(1).listener.ready(1, Hello.getDefaultInstance());
        assertThat(told).isEmpty();
        stands.get(0).listener.ready(0, Hello.getDefaultInstance());
        assertThat(next()).isEqualTo("ready 2");

        stands.get(0).listener.pong(0, Pong.getDefaultInstance());
        stands.get(0).listener.pong(0, Pong.getDefaultInstance());
        assertThat(told).isEmpty();
        stands.get(1).listener.pong(1, Pong.getDefaultInstance());
        assertThat(next()).isEqualTo("pong");
        // Who is behind the others is told, and where.
        Pong first = Pong.newBuilder().setStep(7).setEntered(9).setPart("loss").build();
        stands.get(0).listener.pong(0, first);
        stands.get(1).listener.pong(1, first.toBuilder().setEntered(4).setPart("backward").build());
        assertThat(next()).isEqualTo("pong local rank 1 of 2: backward");
        stands.get(1).listener.pong(1, first);
        stands.get(0).listener.pong(0, first);
        assertThat(next()).isEqualTo("pong loss");
        assertThat(group.pids()).containsExactly(10L, 11L);
    }

    @Test
    void whoDiesIsNamedAndTakesTheOthersWithIt() throws InterruptedException {
        WorkerGroup group = ready();

        stands.get(1).listener.evidence(1, "it died", stands.get(1).stacks());
        stands.get(1).exit(137, "no memory\n");

        assertThat(next())
                .isEqualTo("evidence local rank 1 of 2: it died [local-1.python-stacks.txt]");
        assertThat(told).isEmpty();
        assertThat(group.gone()).isFalse();
        assertThat(group.isEnding()).isTrue();
        assertThat(stands.get(0).reason)
                .startsWith("the group ends with one of its processes: local rank 1 of 2: worker");
        stands.get(0).listener.evidence(0, "it died too", stands.get(0).stacks());
        stands.get(0).exit(137, "the others are gone\n");
        assertThat(next())
                .isEqualTo(
                        "exited local rank 1 of 2: worker died of signal 9 (SIGKILL); last words:"
                                + " no memory");
        assertThat(group.gone()).isTrue();
    }

    @Test
    void aWorkerThatIsTakenDownHasTheWordsOfWhoIsMeant() throws InterruptedException {
        WorkerGroup group = ready();

        group.kill("step 7 failed: local rank 1 of 2: ValueError", false);
        stands.get(0).exit(0, "the group broke\n");
        stands.get(1).exit(0, "ValueError\n");

        assertThat(next())
                .isEqualTo(
                        "exited killed by its agent: step 7 failed: local rank 1 of 2: ValueError;"
                                + " last words: ValueError");
    }

    @Test
    void ofAllThatHangEvidenceIsTakenTogether() throws InterruptedException {
        WorkerGroup group = ready();

        group.kill("no sign of life", true);

        assertThat(next())
                .isEqualTo(
                        "evidence no sign of life [local-0.python-stacks.txt,"
                                + " local-1.python-stacks.txt]");
    }

    @Test
    void aStandbyThatBeganToEndIsNoWorker() {
        WorkerGroup group = group(2);
        stands.get(0).exit(1, "");

        assertThat(group.want()).isFalse();
        stands.get(1).exit(1, "");
        assertThat(told).isEmpty();
    }

    @Test
    void oneProcessIsNotNumbered() throws InterruptedException {
        WorkerGroup group = group(1);
        group.want();
        stands.get(0).listener.ready(0, Hello.getDefaultInstance());
        assertThat(next()).isEqualTo("ready 1");
        stands.get(0).listener.evidence(0, "it died", stands.get(0).stacks());
        stands.get(0).exit(3, "bye\n");

        assertThat(next()).isEqualTo("evidence it died [python-stacks.txt]");
        assertThat(next()).isEqualTo("exited worker exited with status 3; last words: bye");
    }
}
