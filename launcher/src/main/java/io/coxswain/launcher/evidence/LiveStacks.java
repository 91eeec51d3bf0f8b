package io.coxswain.launcher.evidence;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.launcher.console.Texts;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks the agents of a job's ranks what their workers are doing, some at a time. */
public final class LiveStacks {
    private static final int AT_ONCE = 16;

    /** What came of it. */
    public enum Outcome {
        ALL,
        SOME,
        NONE,
        NO_SUCH_JOB
    }

    private LiveStacks() {}

    /** Prints the stacks of all ranks, or of one. */
    public static Outcome print(
            AdminClient client,
            String job,
            @Nullable Integer only,
            boolean nativeToo,
            PrintStream out,
            PrintStream err)
            throws EnvironmentException, InterruptedException {
        StatusResponse status = client.status(job);
        if (status.getJobsCount() == 0) {
            err.println("coxswain: there is no job " + job + "; see coxswain jobs");
            return Outcome.NO_SUCH_JOB;
        }
        if (AdminTexts.ended(status.getJobs(0).getPhase())) {
            err.println(
                    "coxswain: job "
                            + job
                            + " is over, nothing runs of it; what was kept of its failures:"
                            + " coxswain debug-bundle --job "
                            + job);
            return Outcome.NONE;
        }
        List<AgentStatus> ranked =
                status.getAgentsList().stream()
                        .filter(agent -> agent.getRank() >= 0)
                        .filter(agent -> only == null || agent.getRank() == only)
                        .sorted(Comparator.comparingInt(AgentStatus::getRank))
                        .toList();
        if (ranked.isEmpty()) {
            err.println(
                    "coxswain: no connected agent has "
                            + (only == null ? "a rank" : "rank " + only)
                            + " of job "
                            + job
                            + " now; see coxswain status");
            return Outcome.NONE;
        }
        int answered = 0;
        try (var executor =
                Executors.newFixedThreadPool(
                        AT_ONCE, Thread.ofVirtual().name("stacks-", 0).factory())) {
            var answers = new ArrayList<Future<LookResponse>>();
            for (AgentStatus agent : ranked) {
                answers.add(
                        executor.submit(() ->
                                client.look(
                                        LookRequest.newBuilder()
                                                .setAgentId(agent.getAgentId())
                                                .setKind(AskKind.ASK_KIND_STACKS)
                                                .build())));
            }
            for (int i = 0; i < answers.size(); i++) {
                AgentStatus agent = ranked.get(i);
                LookResponse response = answer(answers.get(i));
                out.println(
                        "==== rank "
                                + agent.getRank()
                                + ", "
                                + agent.getAgentId()
                                + (agent.getHost().isEmpty() ? "" : " on " + agent.getHost())
                                + ": "
                                + (agent.getDetail().isEmpty() ? "idle" : agent.getDetail()));
                if (response.getError().isEmpty()) {
                    answered++;
                    show(response, nativeToo, out);
                } else {
                    out.println(response.getError());
                }
                out.println();
            }
            out.flush();
        }
        return answered == ranked.size() ? Outcome.ALL : answered > 0 ? Outcome.SOME : Outcome.NONE;
    }

    private static LookResponse answer(Future<LookResponse> asked)
            throws EnvironmentException, InterruptedException {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof EnvironmentException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private static void show(LookResponse response, boolean nativeToo, PrintStream out) {
        boolean stacks =
                response.getPiecesList().stream()
                        .anyMatch(piece -> piece.getKind().matches("python-stacks|java-stacks"));
        for (EvidencePiece piece : response.getPiecesList()) {
            boolean wanted =
                    nativeToo
                            || !stacks
                            || (!piece.getKind().equals("native-stacks")
                                    && !piece.getKind().equals("note"));
            if (!wanted) {
                continue;
            }
            out.println("-- " + piece.getName());
            byte[] content = piece.getContent().toByteArray();
            out.write(content, 0, content.length);
            if (content.length > 0 && content[content.length - 1] != '\n') {
                out.println();
            }
            if (piece.getCutBytes() > 0) {
                out.println("… " + Texts.bytes(piece.getCutBytes()) + " left out");
            }
        }
    }
}
