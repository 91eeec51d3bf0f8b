package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What programs say, kept for the newest few jobs, and the questions of operators on their way to
 * agents and back. It decides nothing. Owned by the decision loop.
 */
final class Voices {
    /** Jobs whose words are kept: the running one and those that ended last. */
    private static final int MOST_JOBS = 8;

    /** Agents of which is remembered where they ran. */
    private static final int MOST_AGENTS = 20_000;

    private static final int MOST_QUESTIONS = 256;

    /** Evidence is bounded to 10 s; then there is the way. */
    static final long ANSWER_NANOS = 14_000_000_000L;

    private final CoordinatorSettings settings;
    private final Around around;
    private final LinkedHashMap<String, Said> jobs = new LinkedHashMap<>();
    private final LinkedHashMap<String, CoordinatorStatus.AgentProcess> whereabouts =
            new LinkedHashMap<>();
    private final Map<Long, Asked> asked = new HashMap<>();
    private long questions;

    /** What it needs of the loop around it. */
    interface Around {
        AgentsPort agents();

        long term();

        long nowNanos();

        @Nullable JobRun run();

        /** An attached agent of that name; null if there is none. */
        Roster.@Nullable Entry named(String agentId);
    }

    private record Asked(
            AgentKey agent, int rank, long stream, long untilNanos, Consumer<Looked> answer) {}

    Voices(CoordinatorSettings settings, Around around) {
        this.settings = settings;
        this.around = around;
    }

    /** What a job's program said: made when the job begins. */
    Said of(JobSpec job) {
        Said said = jobs.remove(job.jobId());
        if (said == null) {
            said = new Said(job);
        }
        jobs.put(job.jobId(), said);
        if (jobs.size() > MOST_JOBS) {
            jobs.pollFirstEntry();
        }
        return said;
    }

    /** An agent is there, and says where it runs. */
    void saw(AgentKey agent, CoordinatorStatus.AgentProcess process) {
        whereabouts.remove(agent.id());
        whereabouts.put(agent.id(), process);
        if (whereabouts.size() > MOST_AGENTS) {
            whereabouts.pollFirstEntry();
        }
    }

    /** Takes what an agent says for its program. */
    void said(AgentKey agent, ProgramWord word) {
        JobRun run = around.run();
        switch (word) {
            case ProgramWord.Measured measured -> {
                if (run != null && run.jobId().equals(measured.jobId())) {
                    run.programs().measured(agent, measured, around.nowNanos());
                }
            }
            case ProgramWord.Exported exported -> {
                if (run != null && run.jobId().equals(exported.jobId())) {
                    run.programs().exported(agent, exported, around.nowNanos());
                }
            }
            case ProgramWord.Witnessed witnessed -> witnessed(agent, witnessed);
            case ProgramWord.Answered answered -> answered(agent, answered);
        }
    }

    private void witnessed(AgentKey agent, ProgramWord.Witnessed witnessed) {
        JobRun run = around.run();
        Said said = jobs.get(witnessed.jobId());
        if (run != null && run.jobId().equals(witnessed.jobId())) {
            run.programs().witnessed(agent, witnessed, around.nowNanos());
        } else if (said != null) {
            // Of a failure that ended the job.
            var unusedPlaced =
                    said.evidence.take(
                            new Evidence(
                                    0,
                                    agent.id(),
                                    -1,
                                    witnessed.step(),
                                    witnessed.reason(),
                                    around.nowNanos(),
                                    witnessed.pieces()));
        }
    }

    // ------------------------------------------------------------------ questions

    void look(CoordinatorInput.Look look, boolean leads) {
        Consumer<Looked> answer = look.answer();
        if (!leads) {
            answer.accept(
                    Looked.nothing("coordinator " + settings.coordinatorId() + " does not lead"));
            return;
        }
        String agentId = look.agentId();
        int rank = -1;
        JobRun run = around.run();
        if (agentId.isEmpty()) {
            String unknown = unknownRank(run, look);
            if (unknown != null) {
                answer.accept(Looked.nothing(unknown));
                return;
            }
            View view = run == null ? null : run.view();
            if (view == null) {
                answer.accept(Looked.nothing("no job has ranks now"));
                return;
            }
            rank = look.rank();
            agentId = view.members().get(rank).key().id();
        }
        Roster.Entry entry = around.named(agentId);
        if (entry == null || !entry.streaming) {
            answer.accept(absent(agentId, rank));
            return;
        }
        AgentKey key = entry.profile.key();
        if (rank < 0 && run != null) {
            rank = run.rankOf(key);
        }
        if (asked.size() >= MOST_QUESTIONS) {
            answer.accept(
                    Looked.nothing(
                            MOST_QUESTIONS
                                    + " questions wait for agents already: ask again in some"
                                    + " seconds"));
            return;
        }
        ask(entry, rank, look.question(), answer);
    }

    private void ask(
            Roster.Entry entry, int rank, AgentQuestion question, Consumer<Looked> answer) {
        long number = ++questions;
        asked.put(
                number,
                new Asked(
                        entry.profile.key(),
                        rank,
                        entry.stream,
                        around.nowNanos() + ANSWER_NANOS,
                        answer));
        around.agents().ask(entry.stream, around.term(), number, question);
    }

    /** Has an agent tell what its worker does, and keeps that as evidence of the running job. */
    void lookAt(AgentKey agent, long step, String reason) {
        Roster.Entry entry = around.named(agent.id());
        JobRun asking = around.run();
        if (entry == null || asking == null || asked.size() >= MOST_QUESTIONS) {
            return;
        }
        String jobId = asking.jobId();
        ask(
                entry,
                asking.rankOf(agent),
                new AgentQuestion.Stacks(),
                looked -> {
                    if (!looked.pieces().isEmpty()) {
                        witnessed(
                                agent,
                                new ProgramWord.Witnessed(jobId, step, reason, looked.pieces()));
                    }
                });
    }

    private static @Nullable String unknownRank(@Nullable JobRun run, CoordinatorInput.Look look) {
        if (run == null) {
            return "no job is running: name an agent instead of a rank; its workers' output is"
                    + " kept";
        }
        if (!look.jobId().isEmpty() && !look.jobId().equals(run.jobId())) {
            return "job "
                    + look.jobId()
                    + " is not running (job "
                    + run.jobId()
                    + " is): name an agent instead of a rank";
        }
        View view = run.view();
        if (view == null) {
            return "job " + run.jobId() + " has given no ranks yet: name an agent";
        }
        int ranks = view.members().size();
        return look.rank() < 0 || look.rank() >= ranks
                ? "job "
                        + run.jobId()
                        + " has the ranks 0 to "
                        + (ranks - 1)
                        + ", not "
                        + look.rank()
                : null;
    }

    private Looked absent(String agentId, int rank) {
        CoordinatorStatus.AgentProcess last = whereabouts.get(agentId);
        if (last == null) {
            return Looked.nothing(
                    "there is no agent " + agentId + "; see coxswain status for those there are");
        }
        String where =
                last.workerLogs().isEmpty() ? "in its log folder" : "in " + last.workerLogs();
        return new Looked(
                "agent "
                        + agentId
                        + " is not connected: what its workers printed lies "
                        + where
                        + (last.host().isEmpty() ? "" : " on host " + last.host()),
                agentId,
                rank,
                last.host(),
                last.workerLogs(),
                List.of(),
                null,
                0);
    }

    private void answered(AgentKey agent, ProgramWord.Answered answered) {
        Asked question = asked.get(answered.question());
        if (question == null || !question.agent().equals(agent)) {
            return;
        }
        asked.remove(answered.question());
        CoordinatorStatus.AgentProcess process =
                whereabouts.getOrDefault(agent.id(), CoordinatorStatus.AgentProcess.UNKNOWN);
        question.answer()
                .accept(
                        new Looked(
                                answered.error(),
                                agent.id(),
                                question.rank(),
                                process.host(),
                                process.workerLogs(),
                                answered.pieces(),
                                answered.next(),
                                answered.skippedBytes()));
    }

    /** A stream is over: no answer comes on it. */
    void streamGone(long stream) {
        giveUp(question -> question.stream() == stream);
    }

    /** Those who waited too long are told so. */
    void advance(long nowNanos) {
        giveUp(question -> question.untilNanos() <= nowNanos);
    }

    private void giveUp(java.util.function.Predicate<Asked> which) {
        var gone = new ArrayList<Asked>();
        asked.values().removeIf(question -> which.test(question) && gone.add(question));
        for (Asked question : gone) {
            Looked absent = absent(question.agent().id(), question.rank());
            boolean there = question.untilNanos() <= around.nowNanos();
            question.answer()
                    .accept(
                            there
                                    ? new Looked(
                                            "agent "
                                                    + question.agent().id()
                                                    + " did not answer within "
                                                    + ANSWER_NANOS / 1_000_000_000L
                                                    + " s",
                                            question.agent().id(),
                                            question.rank(),
                                            absent.host(),
                                            absent.place(),
                                            List.of(),
                                            null,
                                            0)
                                    : absent);
        }
    }

    long nextDeadlineNanos() {
        return asked.values().stream().mapToLong(Asked::untilNanos).min().orElse(Long.MAX_VALUE);
    }

    // ------------------------------------------------------------------ incidents

    void explain(CoordinatorInput.Explain explain, boolean leads) {
        JobRun run = around.run();
        String jobId = explain.jobId();
        if (jobId.isEmpty()) {
            jobId = run != null ? run.jobId() : jobs.isEmpty() ? "" : jobs.lastEntry().getKey();
        }
        Said said = jobs.get(jobId);
        if (!leads) {
            explain.answer()
                    .accept(
                            Explanation.nothing(
                                    "coordinator " + settings.coordinatorId() + " does not lead"));
        } else if (said == null) {
            explain.answer()
                    .accept(
                            Explanation.nothing(
                                    (jobId.isEmpty()
                                                    ? "no job has run"
                                                    : "nothing is kept of job " + jobId)
                                            + " under this coordinator; it keeps the evidence of"
                                            + " the newest "
                                            + MOST_JOBS
                                            + " jobs"));
        } else {
            explain.answer().accept(explained(jobId, said, explain.incident()));
        }
    }

    private Explanation explained(String jobId, Said said, int number) {
        EvidenceBook book = said.evidence;
        Incident incident = book.find(number);
        if (incident == null && number != 0) {
            return Explanation.nothing(
                    "job "
                            + jobId
                            + " has no incident "
                            + number
                            + (book.numbers().isEmpty()
                                    ? "; it has had none"
                                    : "; kept are "
                                            + book.numbers().getFirst()
                                            + " to "
                                            + book.numbers().getLast()));
        }
        var evidence = new ArrayList<>(book.of(0));
        var agents = new ArrayList<String>();
        if (incident != null) {
            evidence.addAll(book.of(incident.id()));
            agents.addAll(incident.agents());
        }
        evidence.forEach(one -> {
            if (!agents.contains(one.agentId())) {
                agents.add(one.agentId());
            }
        });
        return new Explanation(
                "",
                jobId,
                incident == null ? 0 : incident.id(),
                incident == null ? "" : Reports.json(List.of(incident)).getFirst(),
                JobSecrets.shown(said.job),
                evidence,
                settings.environment(),
                agents);
    }

    /** The term is over: whoever waits is told, what was said is forgotten with the jobs. */
    void clear() {
        asked.values()
                .forEach(question ->
                        question.answer()
                                .accept(Looked.nothing("leadership was lost: ask the new leader")));
        asked.clear();
        jobs.clear();
        whereabouts.clear();
    }
}
