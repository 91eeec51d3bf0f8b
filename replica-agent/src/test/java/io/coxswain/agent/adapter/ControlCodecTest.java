package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.agent.core.model.Standing;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.StepRun;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.GrantSteps;
import io.coxswain.proto.control.v1.KeyValueAdd;
import io.coxswain.proto.control.v1.KeyValueAnswered;
import io.coxswain.proto.control.v1.KeyValueAsked;
import io.coxswain.proto.control.v1.KeyValueGet;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PrepareView;
import io.coxswain.proto.control.v1.RestoreAction;
import io.coxswain.proto.control.v1.StartView;
import io.coxswain.proto.control.v1.StepsHeld;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class ControlCodecTest {
    private static final AgentKey SELF = new AgentKey("a", "aaaa");
    private static final AgentProfile PROFILE =
            new AgentProfile(
                    SELF,
                    new Endpoint("h", 7),
                    "pod0/a",
                    99,
                    2,
                    Map.of("zone", "z"),
                    "trainer-3",
                    4711,
                    "/var/log/workers");
    private static final StateName STATE = new StateName("job-1", 3, 17, 1);
    private static final Digest DIGEST = new Digest("00ff".repeat(16));
    private static final HeldState HELD = new HeldState(STATE, DIGEST, 1000);

    @Test
    void everyBodyOfTheCoordinatorBecomesAnEventOfItsTerm() {
        var descriptor = CoordinatorMessage.getDescriptor();
        for (var field : descriptor.getOneofs().getFirst().getFields()) {
            CoordinatorMessage.Builder message = CoordinatorMessage.newBuilder().setTerm(5);
            message.getFieldBuilder(field);
            if (field.getName().equals("ask")) {
                // An operator's question: the machine is not asked.
                assertThat(ControlCodec.event(message.build())).isNull();
                continue;
            }
            if (field.getName().equals("prepare_view")) {
                message.setPrepareView(prepare());
            } else if (field.getName().equals("offer_job")) {
                message.getOfferJobBuilder()
                        .getJobBuilder()
                        .setJobId("j")
                        .setReplicas(1)
                        .setShards(1)
                        .setSteps(1)
                        .setBatch(1)
                        .setMicroshards(1);
            }
            AgentEvent event = ControlCodec.event(message.build());
            assertThat(event)
                    .as(field.getName())
                    .isInstanceOfSatisfying(
                            AgentEvent.FromLeader.class,
                            word -> assertThat(word.term()).isEqualTo(5));
        }
        assertThat(ControlCodec.event(CoordinatorMessage.newBuilder().setTerm(5).build())).isNull();
    }

    private static PrepareView prepare() {
        PrepareView.Builder prepare = PrepareView.newBuilder().setHasRank(true).setRank(1);
        prepare.getViewBuilder()
                .setJobId("job-1")
                .setEpoch(4)
                .setParentEpoch(3)
                .setBaseStep(17)
                .setReplicas(1)
                .setShards(2);
        for (int rank = 0; rank < 2; rank++) {
            prepare.getViewBuilder()
                    .addMembersBuilder()
                    .setRank(rank)
                    .setAgent(
                            AgentIdentity.newBuilder()
                                    .setAgentId("m" + rank)
                                    .setIncarnation("i" + rank))
                    .getDataEndpointBuilder()
                    .setHost("h")
                    .setPort(rank + 1);
        }
        prepare.getRestoreBuilder()
                .setAction(RestoreAction.RESTORE_ACTION_FETCH)
                .setDigest(ByteString.fromHex(DIGEST.hex()));
        prepare.getRestoreBuilder()
                .getStateBuilder()
                .setJobId("job-1")
                .setEpoch(3)
                .setStep(17)
                .setShard(1);
        prepare.getRestoreBuilder().getDonorBuilder().setAgentId("d").setIncarnation("dd");
        prepare.getPlanBuilder().setEpoch(4).setReportEvery(9);
        for (OperationKind kind : OperationKind.values()) {
            if (kind != OperationKind.OPERATION_KIND_UNSPECIFIED
                    && kind != OperationKind.UNRECOGNIZED) {
                prepare.getPlanBuilder()
                        .addOperationsBuilder()
                        .setId(kind.getNumber())
                        .setKind(kind)
                        .setEvery(2)
                        .setMicroshardTo(3);
            }
        }
        prepare.getPlacementBuilder()
                .setJobId("job-1")
                .setEpoch(4)
                .setVersion(2)
                .setEffectiveStep(17);
        prepare.getPlacementBuilder()
                .addDutiesBuilder()
                .setShard(1)
                .setSourceRank(1)
                .getHolderBuilder()
                .setAgentId("s")
                .setIncarnation("ss");
        return prepare.build();
    }

    @Test
    void anOrderComesWhole() {
        AgentEvent event =
                ControlCodec.event(
                        CoordinatorMessage.newBuilder()
                                .setTerm(1)
                                .setPrepareView(prepare())
                                .build());
        assertThat(event)
                .isInstanceOfSatisfying(
                        AgentEvent.ViewOrdered.class,
                        ordered -> {
                            var order = ordered.order();
                            assertThat(order.rank()).isEqualTo(1);
                            assertThat(order.view().baseStep()).isEqualTo(17);
                            assertThat(order.view().members().get(1).key())
                                    .isEqualTo(new AgentKey("m1", "i1"));
                            assertThat(order.restore()).isNotNull();
                            assertThat(order.restore().action()).isEqualTo(Restore.Action.FETCH);
                            assertThat(order.restore().state()).isEqualTo(STATE);
                            assertThat(order.restore().digest()).isEqualTo(DIGEST);
                            assertThat(order.restore().donor()).isNotNull();
                            assertThat(order.placement().duties())
                                    .singleElement()
                                    .satisfies(duty ->
                                            assertThat(duty.holder().key().id()).isEqualTo("s"));
                            assertThat(order.plan()).isNotNull();
                            assertThat(order.plan().operations())
                                    .extracting(StepPlan.Operation::kind)
                                    .containsExactly(StepPlan.Kind.values());
                            assertThat(ControlCodec.plan(order.plan()))
                                    .isEqualTo(prepare().getPlan());
                        });
    }

    @Test
    void anOrderForASpareHasNoRank() {
        PrepareView spare = prepare().toBuilder().clearHasRank().clearRestore().clearPlan().build();
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder().setPrepareView(spare).build()))
                .isInstanceOfSatisfying(
                        AgentEvent.ViewOrdered.class,
                        ordered -> assertThat(ordered.order().rank()).isEqualTo(-1));
    }

    @Test
    void membersOutOfOrderBreakTheProtocol() {
        PrepareView.Builder wrong = prepare().toBuilder();
        wrong.getViewBuilder().getMembersBuilder(0).setRank(1);
        assertThatThrownBy(() ->
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder().setPrepareView(wrong).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("order of rank");
    }

    @Test
    void floorsComeWithGrants() {
        var floors =
                List.of(
                        io.coxswain.proto.control.v1.GrantedFloor.newBuilder()
                                .setThrough(40)
                                .setFloor(31)
                                .build());
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setGrantSteps(
                                                GrantSteps.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .addAllFloors(floors))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.StepsGranted(
                                5, "job-1", 3, 40, List.of(new GrantedFloor(40, 31))));
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setStartView(
                                                StartView.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .addAllFloors(floors))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.ViewStarted(
                                5, "job-1", 3, 40, List.of(new GrantedFloor(40, 31))));
    }

    @Test
    void whatIsTakenBackComesWithGrants() {
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setGrantSteps(
                                                GrantSteps.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .setHold(true))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.StepsGranted(
                                5, "job-1", 3, 40, List.of(), SnapshotInterval.PLANNED, true));
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setStartView(
                                                StartView.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .setHold(true))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.ViewStarted(
                                5, "job-1", 3, 40, List.of(), SnapshotInterval.PLANNED, true));
    }

    @Test
    void changesOfTheSnapshotIntervalComeWithGrants() {
        var interval =
                io.coxswain.proto.control.v1.SnapshotInterval.newBuilder()
                        .setAfter(30)
                        .setEvery(12);
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setGrantSteps(
                                                GrantSteps.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .setInterval(interval))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.StepsGranted(
                                5, "job-1", 3, 40, List.of(), new SnapshotInterval(30, 12)));
        assertThat(
                        ControlCodec.event(
                                CoordinatorMessage.newBuilder()
                                        .setTerm(5)
                                        .setStartView(
                                                StartView.newBuilder()
                                                        .setJobId("job-1")
                                                        .setEpoch(3)
                                                        .setThrough(40)
                                                        .setInterval(interval))
                                        .build()))
                .isEqualTo(
                        new AgentEvent.ViewStarted(
                                5, "job-1", 3, 40, List.of(), new SnapshotInterval(30, 12)));
    }

    private static KeyValueOperation add() {
        return KeyValueOperation.newBuilder()
                .setAdd(KeyValueAdd.newBuilder().setKey("k").setAmount(-1))
                .build();
    }

    @Test
    void anAnswerOfTheKeyValueStoreGoesOnAsItCame() {
        KeyValueResult result =
                KeyValueResult.newBuilder()
                        .addValues(ByteString.copyFromUtf8("v"))
                        .setNumber(-3)
                        .build();
        AgentEvent event =
                ControlCodec.event(
                        CoordinatorMessage.newBuilder()
                                .setTerm(2)
                                .setKeyValueAnswered(
                                        KeyValueAnswered.newBuilder()
                                                .setJobId("job-1")
                                                .setId(4)
                                                .setResult(result))
                                .build());
        assertThat(event)
                .isInstanceOfSatisfying(
                        AgentEvent.KeyValueAnswered.class,
                        answered -> {
                            assertThat(answered.jobId()).isEqualTo("job-1");
                            assertThat(answered.id()).isEqualTo(4);
                            assertThat(
                                            KeyValueMessages.answer(9, answered.reply())
                                                    .getKeyValueAnswer())
                                    .isEqualTo(
                                            KeyValueAnswer.newBuilder()
                                                    .setId(9)
                                                    .setResult(result)
                                                    .build());
                        });
        assertThat(
                        KeyValueMessages.answer(9, KeyValueReply.refused("epoch_over", "why"))
                                .getKeyValueAnswer()
                                .getResult())
                .isEqualTo(
                        KeyValueResult.newBuilder()
                                .setCode("epoch_over")
                                .setMessage("why")
                                .build());
    }

    @Test
    void onlyAGetWaitsAndOnlyWhatIsKnownGoesToTheLeader() {
        KeyValueRequest request = KeyValueRequest.newBuilder().setOperation(add()).build();
        assertThat(KeyValueMessages.waitNanos(request)).isZero();
        assertThat(KeyValueMessages.isKnown(request)).isTrue();
        assertThat(KeyValueMessages.isKnown(KeyValueRequest.getDefaultInstance())).isFalse();
        assertThat(
                        KeyValueMessages.waitNanos(
                                KeyValueRequest.newBuilder()
                                        .setOperation(
                                                KeyValueOperation.newBuilder()
                                                        .setGet(
                                                                KeyValueGet.newBuilder()
                                                                        .setWaitNanos(5)))
                                        .build()))
                .isEqualTo(5);
    }

    @Test
    void everyReportHasItsBodyAndSaysWhoSpeaks() {
        StepRun run = new StepRun(1, 2, 3, 4, 5, 6, 7, 30, 8, 9, 1.5f, DIGEST, 2, 1);
        Progress progress = new Progress("job-1", 3, 1, List.of(run), 15, List.of(16L, 18L));
        Inventory inventory =
                new Inventory(
                        "job-1",
                        3,
                        true,
                        STATE,
                        DIGEST,
                        List.of(HELD),
                        List.of(HELD),
                        progress,
                        15);
        StateLayout layout =
                new StateLayout(10, List.of(0L, 10L), List.of(40L), List.of(80L), "print", true);
        FinalParts parts =
                new FinalParts(
                        List.of(new FinalParts.Leaf("w", 0, 2, 1, "0a", "0b")),
                        0.5,
                        0.9,
                        64,
                        List.of(32L));
        List<AgentReport> reports =
                List.of(
                        new AgentReport.Attach(
                                inventory,
                                77,
                                new Standing(
                                        3,
                                        1,
                                        true,
                                        40,
                                        List.of(new GrantedFloor(30, 15)),
                                        5,
                                        6,
                                        true,
                                        true,
                                        12,
                                        new SnapshotInterval(25, 40))),
                        new AgentReport.Heartbeat(
                                1, 1, 2, "reduce", 3, List.of(2), 5, 4, "somebody", "forward"),
                        new AgentReport.JobReady("job-1", layout, 1, 2, 3, 4),
                        new AgentReport.JobUnfit("job-1", "why"),
                        new AgentReport.Holdings(inventory),
                        new AgentReport.ViewReady(
                                "job-1", 3, 17, DIGEST, Restore.Action.PROMOTE_COPY, 10, 11),
                        new AgentReport.ViewFailed("job-1", 3, "why", true, STATE, SELF),
                        new AgentReport.StepsDone(progress),
                        new AgentReport.WorkerLost("job-1", 3, "why", true),
                        new AgentReport.CopyHeld(HELD, 2),
                        new AgentReport.FinalState("job-1", 3, 17, 1, true, parts),
                        new AgentReport.CopiesRefused("job-1", 2, 1, "no memory"),
                        new AgentReport.PeerUnreachable("job-1", 3, SELF, "why"),
                        new AgentReport.KeyValueAsked("job-1", 3, 8, 7, add().toByteArray()),
                        new AgentReport.KeyValueForgotten("job-1", 8, 7),
                        new AgentReport.StepsHeld("job-1", 3, 17),
                        new AgentReport.StepsHalted("job-1", 3, 4, 17, true),
                        new AgentReport.Notice("SIGTERM", 5));
        assertThat(reports.stream().map(report -> report.getClass().getSimpleName()).toList())
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(AgentReport.class.getPermittedSubclasses())
                                .map(Class::getSimpleName)
                                .toList());
        List<AgentMessage> messages =
                reports.stream().map(report -> ControlCodec.message(report, PROFILE, 6)).toList();
        assertThat(messages)
                .extracting(AgentMessage::getBodyCase)
                .doesNotHaveDuplicates()
                .doesNotContain(AgentMessage.BodyCase.BODY_NOT_SET);
        assertThat(messages)
                .allSatisfy(message -> assertThat(message.getAgent().getAgentId()).isEqualTo("a"));
        assertThat(messages).allSatisfy(message -> assertThat(message.getTermSeen()).isEqualTo(6));

        var attach = messages.getFirst().getAttach();
        assertThat(attach.getArenaBudgetBytes()).isEqualTo(99);
        assertThat(attach.getPromisedEpoch()).isEqualTo(3);
        assertThat(attach.getJobTimeNanos()).isEqualTo(77);
        assertThat(attach.getLabelsMap()).containsEntry("zone", "z");
        assertThat(attach.getHost()).isEqualTo("trainer-3");
        assertThat(attach.getPid()).isEqualTo(4711);
        assertThat(attach.getWorkerLogs()).isEqualTo("/var/log/workers");
        var standing = attach.getStanding();
        assertThat(standing.getEpoch()).isEqualTo(3);
        assertThat(standing.getRank()).isEqualTo(1);
        assertThat(standing.getStarted()).isTrue();
        assertThat(standing.getThrough()).isEqualTo(40);
        assertThat(standing.getFloors(0).getThrough()).isEqualTo(30);
        assertThat(standing.getFloors(0).getFloor()).isEqualTo(15);
        assertThat(standing.getReportEvery()).isEqualTo(5);
        assertThat(standing.getSinceNanos()).isEqualTo(6);
        assertThat(standing.getIdle()).isTrue();
        assertThat(standing.getLeft()).isTrue();
        assertThat(standing.getSnapshotEvery()).isEqualTo(12);
        assertThat(standing.getInterval().getAfter()).isEqualTo(25);
        assertThat(standing.getInterval().getEvery()).isEqualTo(40);
        var told = attach.getInventory();
        assertThat(told.getHasLive()).isTrue();
        assertThat(told.getLive().getStep()).isEqualTo(17);
        assertThat(told.getSnapshotsList()).hasSize(1);
        assertThat(told.getCopies(0).getDigest().toByteArray()).isEqualTo(DIGEST.bytes());
        assertThat(told.getTail().getRuns(0).getLoss()).isEqualTo(1.5f);
        assertThat(told.getTail().getRuns(0).getSkippedSnapshots()).isEqualTo(1);
        assertThat(messages.get(10).getFinalState().getLeaves(0).getLeafHeader().byteAt(0))
                .isEqualTo((byte) 0x0b);
        var refused = messages.get(11).getCopiesRefused();
        assertThat(refused.getShard()).isEqualTo(1);
        assertThat(refused.getPlacementVersion()).isEqualTo(2);
        assertThat(refused.getReason()).isEqualTo("no memory");
        assertThat(messages.get(13).getKeyValueAsked())
                .isEqualTo(
                        KeyValueAsked.newBuilder()
                                .setJobId("job-1")
                                .setEpoch(3)
                                .setId(8)
                                .setSettledBelow(7)
                                .setOperation(add())
                                .build());
        assertThat(messages.get(14).getKeyValueForgotten().getId()).isEqualTo(8);
        assertThat(messages.get(14).getKeyValueForgotten().getSettledBelow()).isEqualTo(7);
        assertThat(messages.get(15).getStepsHeld())
                .isEqualTo(
                        StepsHeld.newBuilder().setJobId("job-1").setEpoch(3).setStep(17).build());
    }
}
