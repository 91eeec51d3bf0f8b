package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.agent.worker.LogPart;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Answer;
import io.coxswain.proto.control.v1.Ask;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.Evidence;
import io.coxswain.proto.control.v1.EvidencePiece;
import io.coxswain.proto.control.v1.ExportTold;
import io.coxswain.proto.control.v1.LogCursor;
import io.coxswain.proto.control.v1.ProgramMetrics;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class AgentVoiceTest {
    private final BlockingQueue<AgentMessage> said = new LinkedBlockingQueue<>();
    private final AgentVoice voice = new AgentVoice("a1");
    private volatile boolean heard = true;

    /** Has a log of two lines and no worker. */
    private static class Shelf implements AgentVoice.Archive {
        @Override
        public @Nullable LogPart lastLines(int lines, int mostBytes) throws IOException {
            return new LogPart(("last " + lines).getBytes(StandardCharsets.UTF_8), 3, 7, 0);
        }

        @Override
        public @Nullable LogPart linesAfter(long worker, long offset, int mostBytes)
                throws IOException {
            if (worker == 666) {
                throw new IOException("no such disk");
            }
            return worker == 0
                    ? null
                    : new LogPart("more".getBytes(StandardCharsets.UTF_8), worker, offset + 4, 12);
        }

        @Override
        public Runnable expectStacks() {
            return () -> {};
        }

        @Override
        public List<EvidencePiece> stacks() throws InterruptedException {
            return List.of();
        }
    }

    @AfterEach
    void close() {
        voice.close();
    }

    private void connect() {
        voice.connect(message -> heard && said.add(message.build()), new Shelf());
    }

    private static Metrics metrics(long step, String name, double value) {
        return Metrics.newBuilder()
                .setStep(step)
                .addValues(Metric.newBuilder().setName(name).setValue(value))
                .build();
    }

    private ProgramMetrics nextMetrics() throws InterruptedException {
        return said.take().getProgramMetrics();
    }

    @Test
    void ofManyMetricsInASecondTheNewestAreSaid() throws InterruptedException {
        connect();
        voice.metrics("job", metrics(1, "loss", 9));
        assertThat(nextMetrics().getValuesMap()).containsExactly(java.util.Map.entry("loss", 9.0));
        for (int step = 2; step < 1_000; step++) {
            voice.metrics("job", metrics(step, "loss", 1.0 / step));
        }
        voice.metrics("job", metrics(1_000, "rate", Double.NaN));
        assertThat(said).as("within the second").isEmpty();
        ProgramMetrics last = nextMetrics();
        assertThat(last.getJobId()).isEqualTo("job");
        assertThat(last.getStep()).isEqualTo(1_000);
        assertThat(last.getValuesMap()).containsEntry("loss", 1.0 / 999);
        assertThat(last.getValuesMap()).containsEntry("rate", Double.NaN);
        assertThat(said).isEmpty();
    }

    @Test
    void atTheEndWhatIsLeftIsSaidAtOnce() throws InterruptedException {
        connect();
        voice.metrics("job", metrics(1, "loss", 2));
        voice.metrics("job", metrics(2, "loss", 1));
        voice.flush();
        assertThat(nextMetrics().getValuesMap()).containsEntry("loss", 2.0);
        assertThat(nextMetrics().getValuesMap()).containsEntry("loss", 1.0);
    }

    @Test
    void namesAreBoundedAndAnotherJobBeginsAfresh() throws InterruptedException {
        connect();
        Metrics.Builder many = Metrics.newBuilder();
        for (int i = 0; i < 50; i++) {
            many.addValues(Metric.newBuilder().setName("m" + i).setValue(i));
        }
        many.addValues(Metric.newBuilder().setName("x".repeat(65)).setValue(1));
        many.addValues(Metric.newBuilder().setName("").setValue(1));
        voice.metrics("job", many.build());
        assertThat(nextMetrics().getValuesMap()).hasSize(32).containsKey("m31");
        voice.metrics("other", metrics(1, "loss", 1));
        voice.flush();
        ProgramMetrics other = nextMetrics();
        assertThat(other.getJobId()).isEqualTo("other");
        assertThat(other.getValuesMap()).containsOnlyKeys("loss");
    }

    @Test
    void anExportIsToldOnceALeaderHearsOfEachProcessTheNewest() throws InterruptedException {
        connect();
        heard = false;
        voice.exported("j", 0, exported(10, "no space"));
        voice.exported("j", 0, exported(20, "no\nrights"));
        voice.exported("j", 1, exported(20, ""));
        assertThat(said).isEmpty();
        heard = true;
        voice.flush();
        ExportTold first = said.take().getExportTold();
        assertThat(first.getJobId()).isEqualTo("j");
        assertThat(first.getStep()).isEqualTo(20);
        assertThat(first.getPath()).isEqualTo("/out");
        assertThat(first.getReason()).isEqualTo("no rights");
        assertThat(said.take().getExportTold().getReason()).isEmpty();
        voice.flush();
        assertThat(said).isEmpty();
    }

    private static io.coxswain.proto.bridge.v1.ExportTold exported(long step, String reason) {
        return io.coxswain.proto.bridge.v1.ExportTold.newBuilder()
                .setStep(step)
                .setPath("/out")
                .setReason(reason)
                .build();
    }

    @Test
    void evidenceWaitsForALeaderTheNewestOfIt() throws InterruptedException {
        heard = false;
        connect();
        for (int i = 1; i <= 20; i++) {
            voice.fault(
                    "job",
                    i,
                    Fault.newBuilder()
                            .setCode("internal")
                            .setMessage("step " + i + "\nfailed")
                            .setTraceback("Traceback " + i)
                            .build());
        }
        assertThat(said).isEmpty();
        heard = true;
        voice.flush();
        for (int i = 13; i <= 20; i++) {
            Evidence evidence = said.take().getEvidence();
            assertThat(evidence.getStep()).isEqualTo(i);
            assertThat(evidence.getReason()).isEqualTo("internal: step " + i + " failed");
            assertThat(evidence.getPieces(0).getContent().toStringUtf8())
                    .isEqualTo("Traceback " + i);
        }
        assertThat(said).isEmpty();
    }

    @Test
    void aTracebackIsCutAtItsBeginAndOneThatIsNotThereIsNoEvidence() throws InterruptedException {
        connect();
        voice.fault("job", 1, Fault.newBuilder().setCode("internal").build());
        voice.fault(
                "job", 1, Fault.newBuilder().setTraceback("x".repeat(20_000) + "the end").build());
        EvidencePiece piece = said.take().getEvidence().getPieces(0);
        assertThat(piece.getContent().size()).isEqualTo(16 << 10);
        assertThat(piece.getContent().endsWith(ByteString.copyFromUtf8("the end"))).isTrue();
        assertThat(piece.getCutBytes()).isEqualTo(20_007 - (16 << 10));
    }

    private Answer answer(Ask.Builder ask) throws InterruptedException {
        voice.ask(ask.build());
        return said.take().getAnswer();
    }

    @Test
    void questionsAreAnswered() throws InterruptedException {
        connect();
        Ask.Builder log = Ask.newBuilder().setQuestion(5).setKind(AskKind.ASK_KIND_LOG);
        Answer first = answer(log);
        assertThat(first.getQuestion()).isEqualTo(5);
        assertThat(first.getPieces(0).getContent().toStringUtf8()).isEqualTo("last 100");
        assertThat(first.getNext()).isEqualTo(cursor(3, 7));
        assertThat(answer(log.setLines(8)).getPieces(0).getContent().toStringUtf8())
                .isEqualTo("last 8");
        Answer more = answer(log.setAfter(cursor(3, 7)));
        assertThat(more.getNext()).isEqualTo(cursor(3, 11));
        assertThat(more.getSkippedBytes()).isEqualTo(12);
        assertThat(answer(log.setAfter(cursor(0, 1))).getError())
                .isEqualTo("agent a1 has not started a worker yet");
        assertThat(answer(log.setAfter(cursor(666, 1))).getError())
                .isEqualTo("agent a1 cannot read the output: no such disk");
        assertThat(answer(Ask.newBuilder().setKind(AskKind.ASK_KIND_STACKS)).getError())
                .isEqualTo("no worker of agent a1 is running now");
        assertThat(answer(Ask.newBuilder().setKindValue(99)).getError())
                .contains("does not know what it is asked for");
    }

    private static LogCursor cursor(long worker, long offset) {
        return LogCursor.newBuilder().setWorker(worker).setOffset(offset).build();
    }
}
