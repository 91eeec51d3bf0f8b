package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What programs say and operators ask, through the whole core. */
class VoicesTest {
    private static final Mesh ONE = new Mesh(1, 1);
    private static final long STEPS = 100_000;

    private final Bench bench = new Bench();
    private long stream;

    private void run() {
        bench.lead(3);
        stream = bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, STEPS), false);
        bench.pass(100);
        assertThat(bench.published(CoordinatorEvent.ViewActivated.class)).hasSize(1);
    }

    private void say(ProgramWord word) {
        say(stream, word);
    }

    private void say(long from, ProgramWord word) {
        bench.give(new CoordinatorInput.AgentSaid(from, 0, new AgentWord.FromProgram(word)));
    }

    private static ProgramWord.Measured measured(long step, Map<String, Double> values) {
        return new ProgramWord.Measured("j1", step, values);
    }

    private static ProgramWord.Witnessed witnessed(long step, String text) {
        return new ProgramWord.Witnessed(
                "j1",
                step,
                "internal: " + text,
                List.of(
                        new EvidencePiece(
                                "traceback",
                                "traceback.txt",
                                text.getBytes(StandardCharsets.UTF_8),
                                0)));
    }

    private CoordinatorStatus.Job job() {
        return bench.status().jobs().getFirst();
    }

    private Looked look(String job, String agent, int rank, AgentQuestion question) {
        List<Looked> answers = ask(job, agent, rank, question);
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    private List<Looked> ask(String job, String agent, int rank, AgentQuestion question) {
        var answers = new ArrayList<Looked>();
        bench.give(new CoordinatorInput.Look(job, agent, rank, question, answers::add));
        return answers;
    }

    private Explanation explain(String job, int incident) {
        var answers = new ArrayList<Explanation>();
        bench.give(new CoordinatorInput.Explain(job, incident, answers::add));
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    private void workerDies(String cause) {
        bench.agents.say(
                stream,
                "j1",
                new JobEvent.WorkerLostReported(Bench.agent(1).key(), 1, cause, false));
        bench.drain();
    }

    // ------------------------------------------------------------------ metrics

    @Test
    void metricsStandInStatusEventsAndReport() {
        run();
        say(measured(7, Map.of("loss", 0.5, "odd", Double.NaN)));
        say(measured(8, Map.of("loss", 0.25)));
        assertThat(job().metrics())
                .containsExactly(Map.entry("loss", 0.25), Map.entry("odd", Double.NaN));
        assertThat(job().metricsStep()).isEqualTo(8);
        assertThat(bench.published(CoordinatorEvent.MetricsReported.class))
                .as("one event a second")
                .containsExactly(
                        new CoordinatorEvent.MetricsReported(
                                "j1", 7, Map.of("loss", 0.5, "odd", Double.NaN)));
        bench.pass(1_000);
        say(measured(9, Map.of("loss", 0.125)));
        assertThat(bench.published(CoordinatorEvent.MetricsReported.class)).hasSize(2);

        List<JobReport> reports = bench.awaitResult("j1");
        bench.cancel("j1");
        bench.pass(2_000);
        JobReport report = reports.getFirst();
        assertThat(report.metrics()).containsEntry("loss", 0.125).containsEntry("odd", Double.NaN);
        assertThat(JobReport.fromJson(report.toJson())).isEqualTo(report);
        assertThat(job().metrics()).as("of the ended job").containsEntry("loss", 0.125);
    }

    @Test
    void aStateThatCannotBeExportedIsAWarningUntilItIs() {
        run();
        String path = "/out/step-000000000010/part-1-of-2.arena";
        say(new ProgramWord.Exported("other", 10, path, "no space"));
        assertThat(job().warnings()).isEmpty();
        say(new ProgramWord.Exported("j1", 10, path, "no space"));
        say(new ProgramWord.Exported("j1", 20, path, "no space"));
        String words = " was not exported to " + path + ": no space (agent ";
        assertThat(job().warnings())
                .singleElement()
                .satisfies(line -> assertThat(line).startsWith("the state of step 20" + words));
        assertThat(bench.published(CoordinatorEvent.ExportFailed.class))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.step()).isEqualTo(10);
                    assertThat(event.path()).isEqualTo(path);
                    assertThat(event.rank()).isNotNegative();
                });
        say(new ProgramWord.Exported("j1", 30, path, ""));
        assertThat(job().warnings()).isEmpty();
    }

    @Test
    void namesAreBoundedAndWhatIsNotOfTheRunningJobIsLeftOut() {
        run();
        var many = new HashMap<String, Double>();
        for (int i = 0; i < 40; i++) {
            many.put("m" + i, 1.0);
        }
        say(measured(1, many));
        assertThat(job().metrics()).hasSize(MetricsBoard.MOST_NAMES);
        say(new ProgramWord.Measured("other", 1, Map.of("m1", 5.0)));
        long spare = bench.attach(Bench.agent(2));
        say(spare, measured(2, Map.of("m1", 6.0, "m2", 7.0)));
        assertThat(job().metrics().values()).as("a spare has no rank").containsOnly(1.0);
    }

    @Test
    void ofSeveralRanksTheLowestIsShown() {
        var board = new MetricsBoard();
        assertThat(board.take(1, measured(5, Map.of("loss", 2.0)), 0)).isTrue();
        assertThat(board.take(0, measured(4, Map.of("loss", 1.0)), 1)).isFalse();
        assertThat(board.take(1, measured(6, Map.of("loss", 3.0)), 2_000_000_000L)).isFalse();
        assertThat(board.values()).containsExactly(Map.entry("loss", 1.0));
        assertThat(board.step()).isEqualTo(4);
    }

    // ------------------------------------------------------------------ evidence

    @Test
    void evidenceBelongsToTheIncidentThatFollows() {
        run();
        say(witnessed(41, "Traceback: ValueError"));
        assertThat(bench.published(CoordinatorEvent.EvidenceTaken.class)).isEmpty();
        workerDies("apply of step 41 failed");
        bench.pass(1_000);
        assertThat(bench.published(CoordinatorEvent.EvidenceTaken.class))
                .containsExactly(
                        new CoordinatorEvent.EvidenceTaken(
                                "j1",
                                1,
                                "agent-1",
                                0,
                                41,
                                "internal: Traceback: ValueError",
                                List.of("traceback.txt")));

        Explanation explained = explain("", 0);
        assertThat(explained.error()).isEmpty();
        assertThat(explained.jobId()).isEqualTo("j1");
        assertThat(explained.incident()).isEqualTo(1);
        assertThat(explained.agents()).containsExactly("agent-1");
        assertThat(explained.incidentJson()).contains("apply of step 41 failed");
        assertThat(explained.jobJson()).contains("\"job\" : \"j1\"");
        assertThat(explained.evidence()).hasSize(1);
        assertThat(explained.evidence().getFirst().rank()).isZero();
        assertThat(explained.evidence().getFirst().step()).isEqualTo(41);
        assertThat(explained.evidence().getFirst().pieces().getFirst().text())
                .isEqualTo("Traceback: ValueError");

        assertThat(explain("j1", 2).error()).isEqualTo("job j1 has no incident 2; kept are 1 to 1");
        assertThat(explain("j2", 0).error()).contains("nothing is kept of job j2");

        List<JobReport> reports = bench.awaitResult("j1");
        bench.cancel("j1");
        bench.pass(2_000);
        JobReport report = reports.getFirst();
        assertThat(report.evidence()).hasSize(1);
        assertThat(report.evidence().getFirst().incident()).isEqualTo(1);
        assertThat(report.evidence().getFirst().pieces())
                .containsExactly(Map.entry("traceback.txt", "Traceback: ValueError"));
        assertThat(JobReport.fromJson(report.toJson())).isEqualTo(report);
        assertThat(explain("", 0).incident()).as("after its end").isEqualTo(1);
    }

    @Test
    void aJobWithoutIncidentsHasEvidenceOfItsStart() {
        run();
        say(witnessed(0, "the data cannot be read"));
        Explanation explained = explain("", 0);
        assertThat(explained.incident()).isZero();
        assertThat(explained.evidence()).hasSize(1);
        assertThat(explain("", 1).error()).isEqualTo("job j1 has no incident 1; it has had none");
    }

    @Test
    void whoHangsIsLookedAtBeforeTheFence() {
        run();
        bench.agents.heartbeats = false;
        bench.agents.steps = false;
        for (int i = 0; bench.agents.bodies(AgentQuestion.class).isEmpty(); i++) {
            assertThat(i).isLessThan(20);
            bench.pass(250);
            bench.give(
                    new CoordinatorInput.AgentSaid(
                            stream,
                            0,
                            new AgentWord.Heartbeat(
                                    i, i, 0, "execute", 900, List.of(), i * 250_000_000L)));
        }
        List<Object> sent =
                bench.agents.sent.stream()
                        .<Object>map(RecordingAgents.Sent::body)
                        .filter(body ->
                                body instanceof AgentQuestion
                                        || body
                                                instanceof
                                                io.coxswain.coordinator.core.job.JobEffect
                                                        .SendFence)
                        .toList();
        assertThat(sent).hasSizeGreaterThanOrEqualTo(2);
        assertThat(sent.get(sent.size() - 2)).isEqualTo(new AgentQuestion.Stacks());
        say(
                new ProgramWord.Answered(
                        1,
                        "",
                        List.of(new EvidencePiece("python-stacks", "s.txt", new byte[] {'x'}, 0)),
                        null,
                        0));
        Evidence taken = explain("", 0).evidence().getFirst();
        assertThat(taken.incident()).isEqualTo(1);
        assertThat(taken.reason()).startsWith("rank 0 hangs in execute;");
    }

    // ------------------------------------------------------------------ questions

    @Test
    void aQuestionGoesToTheAgentOfARankAndItsAnswerComesBack() {
        run();
        List<Looked> answers = ask("", "", 0, new AgentQuestion.Log(50, null));
        assertThat(answers).isEmpty();
        assertThat(bench.agents.bodies(AgentQuestion.Log.class))
                .containsExactly(new AgentQuestion.Log(50, null));
        var piece = new EvidencePiece("log", "worker.log", new byte[] {'h', 'i'}, 0);
        say(new ProgramWord.Answered(99, "", List.of(piece), new ProgramWord.LogPlace(1, 2), 0));
        assertThat(answers).as("to a question that nobody asked").isEmpty();
        say(new ProgramWord.Answered(1, "", List.of(piece), new ProgramWord.LogPlace(1, 2), 3));
        assertThat(answers).hasSize(1);
        Looked looked = answers.getFirst();
        assertThat(looked.error()).isEmpty();
        assertThat(looked.agentId()).isEqualTo("agent-1");
        assertThat(looked.rank()).isZero();
        assertThat(looked.pieces().getFirst().text()).isEqualTo("hi");
        assertThat(looked.next()).isEqualTo(new ProgramWord.LogPlace(1, 2));
        assertThat(looked.skippedBytes()).isEqualTo(3);
    }

    @Test
    void whoCannotBeAskedIsNamed() {
        bench.lead(3);
        var stacks = new AgentQuestion.Stacks();
        assertThat(look("", "", 0, stacks).error()).startsWith("no job is running");
        assertThat(look("", "agent-9", -1, stacks).error())
                .isEqualTo("there is no agent agent-9; see coxswain status for those there are");
        stream = bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", new Mesh(2, 1), STEPS), false);
        bench.pass(100);
        assertThat(look("", "", 0, stacks).error())
                .isEqualTo("job j1 has given no ranks yet: name an agent");
        assertThat(look("j0", "", 0, stacks).error())
                .startsWith("job j0 is not running (job j1 is)");
    }

    @Test
    void aRankThatIsNotThereIsNamed() {
        run();
        var stacks = new AgentQuestion.Stacks();
        assertThat(look("", "", 7, stacks).error()).isEqualTo("job j1 has the ranks 0 to 0, not 7");
        assertThat(look("j1", "", -1, stacks).error()).contains("not -1");
    }

    @Test
    void ofALostAgentItIsSaidWhereItsFilesLie() {
        bench.lead(3);
        AgentProfile agent = Bench.agent(1);
        bench.agents.streams.put(77L, agent);
        bench.give(
                new CoordinatorInput.AgentAttached(
                        77,
                        0,
                        agent,
                        Map.of(),
                        "",
                        Inventory.EMPTY,
                        0,
                        null,
                        new CoordinatorStatus.AgentProcess("host-7", 4242, "/var/log/workers")));
        List<Looked> waiting = ask("", "agent-1", -1, new AgentQuestion.Log(1, null));
        assertThat(waiting).isEmpty();
        bench.give(new CoordinatorInput.StreamClosed(77, "reset"));
        String where =
                "agent agent-1 is not connected: what its workers printed lies in /var/log/workers"
                        + " on host host-7";
        assertThat(waiting).hasSize(1);
        assertThat(waiting.getFirst().error()).isEqualTo(where);
        Looked again = look("", "agent-1", -1, new AgentQuestion.Stacks());
        assertThat(again.error()).isEqualTo(where);
        assertThat(again.place()).isEqualTo("/var/log/workers");
    }

    @Test
    void whoDoesNotAnswerIsWaitedForSomeSeconds() {
        run();
        List<Looked> answers = ask("", "agent-1", -1, new AgentQuestion.Stacks());
        bench.pass(13_000);
        assertThat(answers).isEmpty();
        bench.pass(1_500);
        assertThat(answers).hasSize(1);
        assertThat(answers.getFirst().error())
                .isEqualTo("agent agent-1 did not answer within 14 s");
    }

    @Test
    void atTheEndOfATermWhoWaitsIsTold() {
        run();
        List<Looked> answers = ask("", "agent-1", -1, new AgentQuestion.Stacks());
        bench.give(new CoordinatorInput.LeadershipLost("another leads"));
        assertThat(answers).hasSize(1);
        assertThat(answers.getFirst().error()).contains("ask the new leader");
        assertThat(look("", "agent-1", -1, new AgentQuestion.Stacks()).error())
                .isEqualTo("coordinator c1 does not lead");
        assertThat(explain("", 0).error()).isEqualTo("coordinator c1 does not lead");
    }
}
