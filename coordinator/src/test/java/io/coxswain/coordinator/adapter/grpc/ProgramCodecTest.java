package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.EvidencePiece;
import io.coxswain.coordinator.app.ProgramWord;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Answer;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Evidence;
import io.coxswain.proto.control.v1.LogCursor;
import io.coxswain.proto.control.v1.ProgramMetrics;

import org.junit.jupiter.api.Test;

class ProgramCodecTest {
    private static final AgentKey AGENT = new AgentKey("a1", "0".repeat(32));

    private static ProgramWord word(AgentMessage.Builder message) {
        AgentWord word = ControlCodec.word(AGENT, message.build());
        return ((AgentWord.FromProgram) word).word();
    }

    private static io.coxswain.proto.control.v1.EvidencePiece piece(String name, int bytes) {
        return io.coxswain.proto.control.v1.EvidencePiece.newBuilder()
                .setKind("log")
                .setName(name)
                .setContent(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    @Test
    void metricsAreBounded() {
        ProgramMetrics.Builder metrics = ProgramMetrics.newBuilder().setJobId("j").setStep(5);
        for (int i = 0; i < 50; i++) {
            metrics.putValues("m" + i, i);
        }
        metrics.putValues("", 1).putValues("x".repeat(65), 1);
        var measured =
                (ProgramWord.Measured) word(AgentMessage.newBuilder().setProgramMetrics(metrics));
        assertThat(measured.jobId()).isEqualTo("j");
        assertThat(measured.step()).isEqualTo(5);
        assertThat(measured.values()).hasSize(32).doesNotContainKeys("", "x".repeat(65));
    }

    @Test
    void namesNeverLeaveTheirFolder() {
        Evidence.Builder evidence = Evidence.newBuilder().setJobId("j").setReason("r".repeat(5000));
        for (String name : new String[] {"../../etc/passwd", "/abs", "a\\b", ".", "", "ok.txt"}) {
            evidence.addPieces(piece(name, 1));
        }
        var witnessed =
                (ProgramWord.Witnessed) word(AgentMessage.newBuilder().setEvidence(evidence));
        assertThat(witnessed.reason()).hasSize(2000);
        assertThat(witnessed.pieces())
                .extracting(EvidencePiece::name)
                .containsExactly("piece-1", "piece-2", "piece-3", "piece-4", "piece-5", "ok.txt");
    }

    @Test
    void piecesAreBoundedTogether() {
        Answer.Builder answer =
                Answer.newBuilder().setQuestion(7).setNext(LogCursor.newBuilder().setOffset(3));
        for (int i = 0; i < 100; i++) {
            answer.addPieces(piece("p" + i, 100_000));
        }
        var answered = (ProgramWord.Answered) word(AgentMessage.newBuilder().setAnswer(answer));
        assertThat(answered.question()).isEqualTo(7);
        assertThat(answered.next()).isEqualTo(new ProgramWord.LogPlace(0, 3));
        assertThat(answered.pieces()).hasSize(32);
        assertThat(answered.pieces().stream().mapToLong(EvidencePiece::length).sum())
                .isEqualTo(1 << 20);
        assertThat(answered.pieces().getLast().cutBytes()).isEqualTo(100_000);
    }

    @Test
    void questionsAreWrittenDown() {
        CoordinatorMessage log =
                ProgramCodec.ask(4, 9, new AgentQuestion.Log(12, new ProgramWord.LogPlace(2, 77)));
        assertThat(log.getTerm()).isEqualTo(4);
        assertThat(log.getAsk().getQuestion()).isEqualTo(9);
        assertThat(log.getAsk().getLines()).isEqualTo(12);
        assertThat(log.getAsk().getAfter().getWorker()).isEqualTo(2);
        assertThat(log.getAsk().getAfter().getOffset()).isEqualTo(77);
        assertThat(ProgramCodec.ask(4, 9, new AgentQuestion.Log(1, null)).getAsk().hasAfter())
                .isFalse();
        assertThat(ProgramCodec.ask(4, 9, new AgentQuestion.Stacks()).getAsk().getKindValue())
                .isEqualTo(2);
    }
}
