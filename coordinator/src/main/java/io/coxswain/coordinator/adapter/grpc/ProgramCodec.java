package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.ByteString;

import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.Evidence;
import io.coxswain.coordinator.app.EvidencePiece;
import io.coxswain.coordinator.app.Explanation;
import io.coxswain.coordinator.app.Looked;
import io.coxswain.coordinator.app.ProgramWord;
import io.coxswain.proto.admin.v1.ExplainResponse;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.TakenEvidence;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Answer;
import io.coxswain.proto.control.v1.Ask;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.LogCursor;
import io.coxswain.proto.control.v1.ProgramMetrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What programs say and operators ask, from messages and into them. What is too long or too much is
 * cut: nothing is decided by it, so it ends no stream. Stateless.
 */
final class ProgramCodec {
    private static final int MOST_METRICS = 32;
    private static final int MOST_NAME = 64;
    private static final int MOST_PIECES = 32;
    private static final int MOST_PIECES_BYTES = 1 << 20;
    private static final int MOST_REASON = 2_000;
    private static final int MOST_PATH = 1_000;

    /** Names become files of whoever looks at them. */
    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}");

    private ProgramCodec() {}

    /** Of a message that has one of the four. */
    static ProgramWord word(AgentMessage message) {
        if (message.hasProgramMetrics()) {
            return measured(message.getProgramMetrics());
        }
        if (message.hasExportTold()) {
            var told = message.getExportTold();
            return new ProgramWord.Exported(
                    told.getJobId(),
                    told.getStep(),
                    cut(told.getPath(), MOST_PATH),
                    cut(told.getReason(), MOST_REASON));
        }
        if (message.hasEvidence()) {
            var evidence = message.getEvidence();
            return new ProgramWord.Witnessed(
                    evidence.getJobId(),
                    evidence.getStep(),
                    cut(evidence.getReason(), MOST_REASON),
                    pieces(evidence.getPiecesList()));
        }
        Answer answer = message.getAnswer();
        return new ProgramWord.Answered(
                answer.getQuestion(),
                cut(answer.getError(), MOST_REASON),
                pieces(answer.getPiecesList()),
                answer.hasNext()
                        ? new ProgramWord.LogPlace(
                                answer.getNext().getWorker(), answer.getNext().getOffset())
                        : null,
                answer.getSkippedBytes());
    }

    private static ProgramWord.Measured measured(ProgramMetrics metrics) {
        var values = new HashMap<String, Double>();
        metrics.getValuesMap()
                .forEach((name, value) -> {
                    if (!name.isEmpty()
                            && name.length() <= MOST_NAME
                            && values.size() < MOST_METRICS) {
                        values.put(name, value);
                    }
                });
        return new ProgramWord.Measured(metrics.getJobId(), metrics.getStep(), values);
    }

    private static List<EvidencePiece> pieces(
            List<io.coxswain.proto.control.v1.EvidencePiece> all) {
        var pieces = new ArrayList<EvidencePiece>();
        int room = MOST_PIECES_BYTES;
        for (var one : all.subList(0, Math.min(all.size(), MOST_PIECES))) {
            ByteString content = one.getContent();
            int kept = Math.min(content.size(), room);
            room -= kept;
            pieces.add(
                    new EvidencePiece(
                            cut(one.getKind(), MOST_NAME),
                            FILE.matcher(one.getName()).matches()
                                    ? one.getName()
                                    : "piece-" + (pieces.size() + 1),
                            content.substring(0, kept).toByteArray(),
                            one.getCutBytes() + content.size() - kept));
        }
        return pieces;
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most);
    }

    static CoordinatorMessage ask(long term, long number, AgentQuestion question) {
        Ask.Builder ask = Ask.newBuilder().setQuestion(number);
        switch (question) {
            case AgentQuestion.Log(int lines, var after) -> {
                ask.setKind(AskKind.ASK_KIND_LOG).setLines(lines);
                if (after != null) {
                    ask.setAfter(cursor(after));
                }
            }
            case AgentQuestion.Stacks() -> ask.setKind(AskKind.ASK_KIND_STACKS);
        }
        return CoordinatorMessage.newBuilder().setTerm(term).setAsk(ask).build();
    }

    private static LogCursor cursor(ProgramWord.LogPlace place) {
        return LogCursor.newBuilder().setWorker(place.worker()).setOffset(place.offset()).build();
    }

    /** What is asked for; who does not say is given a log. */
    static AgentQuestion question(LookRequest request) {
        if (request.getKind() == AskKind.ASK_KIND_STACKS) {
            return new AgentQuestion.Stacks();
        }
        return new AgentQuestion.Log(
                Math.clamp(Integer.toUnsignedLong(request.getLines()), 0, 1_000_000),
                request.hasAfter()
                        ? new ProgramWord.LogPlace(
                                request.getAfter().getWorker(), request.getAfter().getOffset())
                        : null);
    }

    static LookResponse looked(Looked looked) {
        LookResponse.Builder response =
                LookResponse.newBuilder()
                        .setError(looked.error())
                        .setAgentId(looked.agentId())
                        .setRank(looked.rank())
                        .setHost(looked.host())
                        .setPlace(looked.place())
                        .setSkippedBytes(looked.skippedBytes());
        looked.pieces().forEach(piece -> response.addPieces(piece(piece)));
        if (looked.next() != null) {
            response.setNext(cursor(looked.next()));
        }
        return response.build();
    }

    private static io.coxswain.proto.control.v1.EvidencePiece piece(EvidencePiece piece) {
        return io.coxswain.proto.control.v1.EvidencePiece.newBuilder()
                .setKind(piece.kind())
                .setName(piece.name())
                .setContent(ByteString.copyFrom(piece.content()))
                .setCutBytes(piece.cutBytes())
                .build();
    }

    static ExplainResponse explained(Explanation explanation) {
        ExplainResponse.Builder response =
                ExplainResponse.newBuilder()
                        .setError(explanation.error())
                        .setJobId(explanation.jobId())
                        .setIncident(explanation.incident())
                        .setIncidentJson(explanation.incidentJson())
                        .setJobJson(explanation.jobJson())
                        .putAllEnvironment(explanation.environment())
                        .addAllAgents(explanation.agents());
        for (Evidence evidence : explanation.evidence()) {
            TakenEvidence.Builder taken =
                    TakenEvidence.newBuilder()
                            .setAgentId(evidence.agentId())
                            .setRank(evidence.rank())
                            .setStep(evidence.step())
                            .setReason(evidence.reason());
            evidence.pieces().forEach(piece -> taken.addPieces(piece(piece)));
            response.addEvidence(taken);
        }
        return response.build();
    }
}
