package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.proto.control.v1.KeyValueResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Workers that break the bridge protocol: each is killed with a reason that says what it did. */
class StrangeWorkerIT {
    private static final WorkerRequest EXECUTE = new WorkerRequest.Execute(5, 17);
    private static final Duration SOON = Duration.ofSeconds(2);

    @TempDir Path folder;

    private final BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();

    @Test
    void aWorkerThatSaysNothingIsGivenUp() throws Exception {
        assertThat(fate(StrangeWorker.Manner.SAYS_NOTHING, SOON))
                .startsWith(
                        "killed by its agent: it never said hello within 2000 ms: does the program"
                                + " call")
                .contains("worker-1.log");
    }

    @Test
    void aWorkerOfAnotherVersionIsToldBothVersions() throws Exception {
        assertThat(fate(StrangeWorker.Manner.SPEAKS_VERSION_2, minutes()))
                .contains(
                        "killed by its agent: the bridge broke: the worker speaks bridge protocol"
                                + " 2, this agent speaks 1");
    }

    @Test
    void anAnswerForAnOldEpochIsNotTakenForTheOneAsked() throws Exception {
        assertThat(fate(StrangeWorker.Manner.ANSWERS_FOR_THE_EPOCH_BEFORE, minutes()))
                .contains(
                        "it broke the bridge protocol: execute of epoch 5, step 17 was answered by"
                                + " executed of epoch 4, step 17");
    }

    @Test
    void aSecondAnswerIsOneTooMany() throws Exception {
        assertThat(fate(StrangeWorker.Manner.ANSWERS_TWICE, minutes()))
                .contains(
                        "it broke the bridge protocol: executed in answer to request 1, which was"
                                + " not made, or answered before");
    }

    @Test
    void anAnswerOfAnotherKindIsNone() throws Exception {
        assertThat(fate(StrangeWorker.Manner.ANSWERS_BY_ANOTHER_KIND, minutes()))
                .contains("execute of epoch 5, step 17 was answered by applied");
    }

    @Test
    void bytesThatAreNoMessageEndIt() throws Exception {
        assertThat(fate(StrangeWorker.Manner.SENDS_GARBAGE, minutes()))
                .contains("killed by its agent: the bridge broke: ");
    }

    @Test
    void aRequestToTheKeyValueStoreIsAnsweredOnTheSideChannel() throws Exception {
        assertThat(fate(StrangeWorker.Manner.ASKS_THE_STORE, minutes()))
                .endsWith("answer to 41: 7");
        assertThat(events).isEmpty();
    }

    @Test
    void aRequestWithoutAKnownOperationIsRefusedHere() throws Exception {
        assertThat(fate(StrangeWorker.Manner.ASKS_FOR_NONSENSE, minutes()))
                .endsWith("answer to 41: 0 bad_request");
    }

    @Test
    void aWorkerThatReadsNoAnswersIsOfNoUse() throws Exception {
        assertThat(fate(StrangeWorker.Manner.DOES_NOT_READ_ANSWERS, minutes()))
                .contains("it does not read its side channel");
    }

    private static Duration minutes() {
        return Duration.ofMinutes(2);
    }

    /** How the worker ended, after it was asked to execute a step. */
    private String fate(StrangeWorker.Manner manner, Duration hello) throws InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        var command =
                new WorkerCommand(
                        List.of(
                                java.toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                StrangeWorker.class.getName(),
                                manner.name()),
                        Map.of());
        WorkerSupervisor.Limits usual = WorkerSupervisor.Limits.DEFAULT;
        var limits =
                new WorkerSupervisor.Limits(
                        hello, usual.heartbeat(), usual.afterAbort(), usual.afterTerm());
        try (var voice = new AgentVoice("a");
                var workers =
                        new BridgeWorkers(
                                _ -> command,
                                folder,
                                folder,
                                limits,
                                OutputLimits.DEFAULT,
                                folder::resolve,
                                _ -> null,
                                events::add,
                                voice,
                                _ -> {})) {
            workers.start(1, job());
            while (true) {
                AgentEvent event =
                        Objects.requireNonNull(
                                events.poll(2, TimeUnit.MINUTES), "nothing more happens");
                if (event instanceof AgentEvent.WorkerConnected) {
                    workers.ask(1, EXECUTE);
                    if (manner == StrangeWorker.Manner.DOES_NOT_READ_ANSWERS) {
                        for (int i = 0; i < 80; i++) {
                            workers.answer(1, i, KeyValueReply.of(large()));
                        }
                    }
                } else if (event instanceof AgentEvent.KeyValueAsked asked) {
                    assertThat(asked.generation()).isEqualTo(1);
                    assertThat(asked.epoch()).isEqualTo(5);
                    workers.answer(
                            1,
                            asked.requestId(),
                            KeyValueReply.of(
                                    KeyValueResult.newBuilder()
                                            .setNumber(7)
                                            .build()
                                            .toByteArray()));
                } else if (event instanceof AgentEvent.WorkerExited exited) {
                    return exited.cause();
                }
            }
        }
    }

    private static byte[] large() {
        return KeyValueResult.newBuilder()
                .addValues(ByteString.copyFrom(new byte[1 << 20]))
                .build()
                .toByteArray();
    }

    private static JobSpec job() {
        return new JobSpec(
                "job-1", "job", 1, 1, 100, 1, "", 8, 4, 0, 1, 0, 0, "runtime", "agent", "strange",
                "");
    }
}
