package io.coxswain.chaos.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.coxswain.chaos.fuzz.Corpus;
import io.coxswain.coordinator.adapter.grpc.ControlCodec;
import io.coxswain.coordinator.adapter.grpc.ModelCodec;
import io.coxswain.coordinator.adapter.zookeeper.StoreCodec;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.keyvalue.KeyValueOperation;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.KeyValueAsked;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PrepareView;
import io.coxswain.proto.control.v1.Restore;
import io.coxswain.proto.control.v1.RestoreAction;
import io.coxswain.proto.control.v1.StateName;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.AgentRegistration;
import io.coxswain.proto.store.v1.JobRecord;
import io.coxswain.proto.store.v1.ResultRecord;
import io.coxswain.proto.store.v1.ViewRecord;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * This version beside the next minor one, faked: whatever that may add to a message, at any depth,
 * changes nothing of what is made of the message here.
 */
class NewerVersionTest {
    private static List<AgentMessage> said() throws InvalidProtocolBufferException {
        var all = new ArrayList<AgentMessage>();
        for (byte[] one : Corpus.of("agent-messages")) {
            all.add(AgentMessage.parseFrom(one));
        }
        var seen = new HashSet<AgentMessage.BodyCase>();
        all.forEach(one -> seen.add(one.getBodyCase()));
        // What the recorded run did not say.
        for (FieldDescriptor body : bodies(AgentMessage.getDescriptor())) {
            var message = AgentMessage.newBuilder(all.getFirst()).clearBody();
            message.getFieldBuilder(body);
            if (body.getName().equals("peer_unreachable")) {
                message.getPeerUnreachableBuilder().setPeer(message.getAgent());
            }
            if (!seen.contains(message.getBodyCase())) {
                all.add(message.build());
            }
        }
        return all;
    }

    private static List<CoordinatorMessage> ordered() throws InvalidProtocolBufferException {
        var all = new ArrayList<CoordinatorMessage>();
        for (byte[] one : Corpus.of("orders")) {
            all.add(CoordinatorMessage.parseFrom(one));
        }
        var seen = new HashSet<CoordinatorMessage.BodyCase>();
        all.forEach(one -> seen.add(one.getBodyCase()));
        for (FieldDescriptor body : bodies(CoordinatorMessage.getDescriptor())) {
            var message = CoordinatorMessage.newBuilder().setTerm(3);
            message.getFieldBuilder(body);
            if (body.getName().equals("prepare_view")) {
                message.setPrepareView(order());
            }
            if (!seen.contains(message.getBodyCase())) {
                all.add(message.build());
            }
        }
        return all;
    }

    private static PrepareView order() {
        var order = PrepareView.newBuilder().setHasRank(true).setRank(1).setFloor(14);
        order.getViewBuilder()
                .setJobId("job-1")
                .setEpoch(3)
                .setParentEpoch(2)
                .setBaseStep(17)
                .setReplicas(2)
                .setShards(1);
        for (int rank = 0; rank < 2; rank++) {
            order.getViewBuilder()
                    .addMembersBuilder()
                    .setRank(rank)
                    .setAgent(identity("a" + rank))
                    .setDataEndpoint(Endpoint.newBuilder().setHost("h").setPort(7));
        }
        order.setRestore(restore(RestoreAction.RESTORE_ACTION_FETCH))
                .addDonations(restore(RestoreAction.RESTORE_ACTION_FETCH));
        order.getPlanBuilder()
                .setEpoch(3)
                .setReportEvery(16)
                .addOperationsBuilder()
                .setId(1)
                .setKind(OperationKind.OPERATION_KIND_EXECUTE)
                .setMicroshardTo(4);
        order.getPlacementBuilder()
                .setJobId("job-1")
                .setEpoch(3)
                .setVersion(4)
                .addDutiesBuilder()
                .setHolder(identity("a0"))
                .setDataEndpoint(Endpoint.newBuilder().setHost("h").setPort(7));
        return order.build();
    }

    private static AgentIdentity identity(String id) {
        return AgentIdentity.newBuilder().setAgentId(id).setIncarnation("a".repeat(32)).build();
    }

    private static Restore restore(RestoreAction action) {
        return Restore.newBuilder()
                .setAction(action)
                .setState(StateName.newBuilder().setJobId("job-1").setEpoch(2).setStep(17))
                .setDonor(identity("a0"))
                .setDonorEndpoint(Endpoint.newBuilder().setHost("h").setPort(7))
                .build();
    }

    private static List<FieldDescriptor> bodies(Descriptor type) {
        return type.getRealOneofs().getFirst().getFields();
    }

    // What a coordinator makes of it, the first message of a stream included.
    private static List<@Nullable Object> understood(AgentMessage message) {
        var speaker = ControlCodec.agentKey(message.getAgent());
        if (!message.hasAttach()) {
            return Arrays.asList(speaker, ControlCodec.word(speaker, message));
        }
        var attach = message.getAttach();
        return Arrays.asList(
                speaker,
                ControlCodec.profile(message.getAgent(), attach),
                ControlCodec.inventory(attach.getInventory()),
                attach.hasStanding() ? ControlCodec.standing(attach.getStanding()) : null);
    }

    private static @Nullable Object understood(CoordinatorMessage message) {
        return io.coxswain.agent.adapter.ControlCodec.event(message);
    }

    private static void assertSame(@Nullable Object now, @Nullable Object before, Message of) {
        assertThat(now).as("%s", of).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void everyMessageOfEveryProtocolKeepsWhatItKnowsAndPassesOnWhatItDoesNot()
            throws ReflectiveOperationException, InvalidProtocolBufferException {
        int messages = 0;
        for (FileDescriptor file : NewerVersion.files()) {
            for (Descriptor type : NewerVersion.messages(file)) {
                Message known = NewerVersion.sample(NewerVersion.empty(type));
                Message newer = NewerVersion.withUnknownFields(known);
                Message read = known.getParserForType().parseFrom(newer.toByteArray());
                assertThat(NewerVersion.withoutUnknownFields(read))
                        .as(type.getFullName())
                        .isEqualTo(known);
                assertThat(read).as(type.getFullName()).isEqualTo(newer);
                messages++;
            }
        }
        assertThat(messages).isGreaterThan(130);
    }

    @Test
    void whatAgentsSayMeansTheSameWithFieldsThatNobodyKnows() throws Exception {
        for (AgentMessage message : said()) {
            var newer = (AgentMessage) NewerVersion.withUnknownFields(message);
            assertSame(understood(newer), understood(message), message);
        }
    }

    @Test
    void whatLeadersOrderMeansTheSameWithFieldsThatNobodyKnows() throws Exception {
        for (CoordinatorMessage message : ordered()) {
            if (!isComplete(message)) {
                continue;
            }
            var newer = (CoordinatorMessage) NewerVersion.withUnknownFields(message);
            assertSame(understood(newer), understood(message), message);
        }
    }

    // Some kinds make no sense empty.
    private static boolean isComplete(CoordinatorMessage message) {
        try {
            var _ = understood(message);
            return true;
        } catch (IllegalArgumentException empty) {
            return false;
        }
    }

    @Test
    void recordsMeanTheSameWithFieldsThatNobodyKnows() throws Exception {
        int records = 0;
        for (byte[] one : Corpus.of("znodes")) {
            byte[] bytes = Arrays.copyOfRange(one, 1, one.length);
            // Of registrations there are broken ones among them.
            if (one[0] > 3) {
                continue;
            }
            Message record =
                    switch (one[0] & 3) {
                        case 0 -> JobRecord.parseFrom(bytes);
                        case 1 -> ViewRecord.parseFrom(bytes);
                        case 2 -> AccountRecord.parseFrom(bytes);
                        default -> ResultRecord.parseFrom(bytes);
                    };
            assertSame(
                    record(one[0] & 3, NewerVersion.withUnknownFields(record)),
                    record(one[0] & 3, record),
                    record);
            records++;
        }
        assertThat(records).isPositive();
        Message registered = NewerVersion.sample(AgentRegistration.getDefaultInstance());
        assertThat(StoreCodec.agent(newer(registered)))
                .isEqualTo(StoreCodec.agent(registered.toByteArray()));
    }

    private static byte[] newer(Message message) {
        return NewerVersion.withUnknownFields(message).toByteArray();
    }

    private static Object record(int kind, Message record) throws InvalidProtocolBufferException {
        byte[] bytes = record.toByteArray();
        return switch (kind) {
            case 0 -> StoreCodec.spec(bytes);
            case 1 -> StoreCodec.view("job", bytes);
            case 2 -> StoreCodec.account("job", bytes);
            default -> StoreCodec.result("job", bytes);
        };
    }

    @Test
    void aJobMeansTheSameWithFieldsThatNobodyKnows() throws Exception {
        for (byte[] one : Corpus.of("submissions")) {
            SubmitRequest request = SubmitRequest.parseFrom(one);
            var newer = (SubmitRequest) NewerVersion.withUnknownFields(request);
            assertThat(ModelCodec.decode(newer.getJob()))
                    .isEqualTo(ModelCodec.decode(request.getJob()));
        }
    }

    /** Whoever adds a field of an enumeration says here what an older version makes of a value. */
    @Test
    void everyFieldWithAnUnknownValueIsDecidedOn() {
        var fields = new TreeSet<String>();
        for (FileDescriptor file : NewerVersion.files()) {
            for (Descriptor type : NewerVersion.messages(file)) {
                for (FieldDescriptor field : type.getFields()) {
                    if (field.getJavaType() == FieldDescriptor.JavaType.ENUM) {
                        fields.add(field.getFullName().replace("coxswain.", ""));
                    }
                }
            }
        }
        // By an agent: the view is refused, and its leader told why.
        Set<String> decided =
                new HashSet<>(
                        List.of(
                                "control.v1.PlanOperation.kind",
                                "control.v1.Restore.action",
                                // By a coordinator: for people only, "unknown".
                                "control.v1.ViewReady.action",
                                // By an agent: an answer that says so.
                                "control.v1.Ask.kind",
                                // By a coordinator: an answer that says so.
                                "admin.v1.LookRequest.kind",
                                // By a coordinator: refused with what is known.
                                "admin.v1.HealthReport.state",
                                // By a new leader: cordoned, which harms nobody.
                                "store.v1.MaintenanceRecord.AgentMaintenance.wish",
                                // By a client: shown as it is; not ended.
                                "admin.v1.JobStatus.phase",
                                // By a new leader: not adopted, planned from the inventories.
                                "store.v1.ViewRecord.state",
                                // By an agent: refused with the reason.
                                "replica.v1.Hello.purpose",
                                // By a coordinator: no verdict about the agent.
                                "replica.v1.HelloReply.refusal"));
        fields.removeIf(field -> field.startsWith("bridge.v1."));
        assertThat(fields).isEqualTo(decided);
    }

    @Test
    void ordersWithUnknownValuesAreRefusedAndNothingElseIs() throws Exception {
        int refused = 0;
        for (CoordinatorMessage message : ordered()) {
            if (!isComplete(message)) {
                continue;
            }
            PrepareView order = message.getPrepareView();
            var otherPlan =
                    (CoordinatorMessage)
                            NewerVersion.withUnknownValues(message, OperationKind.getDescriptor());
            var otherRestore =
                    (CoordinatorMessage)
                            NewerVersion.withUnknownValues(message, RestoreAction.getDescriptor());
            if (order.getHasRank() && order.getPlan().getOperationsCount() > 0) {
                assertThatThrownBy(() -> understood(otherPlan))
                        .hasMessageContaining("operation 9999")
                        .hasMessageContaining("is to be upgraded");
                assertThatThrownBy(() -> understood(otherRestore)).hasMessageContaining("way 9999");
                refused++;
            } else {
                assertSame(understood(otherPlan), understood(message), message);
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void reportsWithUnknownValuesAreTaken() throws Exception {
        for (AgentMessage message : said()) {
            var newer =
                    (AgentMessage)
                            NewerVersion.withUnknownValues(message, RestoreAction.getDescriptor());
            if (message.hasViewReady()) {
                var word = (AgentWord.ForJob) Objects.requireNonNull(understood(newer).getLast());
                assertThat(((JobEvent.ViewReadyReported) word.event()).action())
                        .isEqualTo("unknown");
            } else {
                assertSame(understood(newer), understood(message), message);
            }
        }
    }

    @Test
    void aViewInAnUnknownStateIsNotAdopted() throws Exception {
        var record = ViewRecord.newBuilder().setStateValue(NewerVersion.VALUE);
        record.getViewBuilder().setEpoch(3).setReplicas(1).setShards(1);
        record.getViewBuilder().addMembersBuilder().getAgentBuilder().setAgentId("a");
        record.getViewBuilder()
                .getMembersBuilder(0)
                .getAgentBuilder()
                .setIncarnation("a".repeat(32));
        record.getViewBuilder()
                .getMembersBuilder(0)
                .getDataEndpointBuilder()
                .setHost("h")
                .setPort(1);
        assertThat(StoreCodec.view("job", record.build().toByteArray()).state())
                .isEqualTo(ViewState.PREPARING);
    }

    @Test
    void aClientShowsWhatItDoesNotKnowAndDoesNotTakeItForAnEnd() {
        var job = JobStatus.newBuilder().setJobId("j").setPhaseValue(NewerVersion.VALUE);
        var status =
                (StatusResponse)
                        NewerVersion.withUnknownFields(
                                StatusResponse.newBuilder().addJobs(job).build());
        assertThat(AdminTexts.ended(status.getJobs(0).getPhase())).isFalse();
        assertThat(AdminTexts.status(status)).isNotEmpty();
    }

    /** Whoever adds a choice says here what an older version makes of a case it does not know. */
    @Test
    void everyChoiceWithAnUnknownCaseIsDecidedOn() {
        var choices = new TreeSet<String>();
        for (FileDescriptor file : NewerVersion.files()) {
            for (Descriptor type : NewerVersion.messages(file)) {
                for (OneofDescriptor choice : type.getRealOneofs()) {
                    choices.add(choice.getFullName().replace("coxswain.", ""));
                }
            }
        }
        choices.removeIf(choice -> choice.startsWith("bridge.v1."));
        assertThat(choices)
                .containsExactlyInAnyOrder(
                        // Dropped and counted, by both ends.
                        "control.v1.AgentMessage.body",
                        "control.v1.CoordinatorMessage.body",
                        // Refused by the store with a code.
                        "control.v1.KeyValueOperation.kind",
                        // Nobody is named: an answer that says so.
                        "admin.v1.LookRequest.whom",
                        // Dropped and counted where the peer is newer, else damage.
                        "replica.v1.FrameHeader.body");
    }

    @Test
    void whatNobodyKnowsToSayIsDropped() throws Exception {
        AgentMessage any = said().getFirst();
        var newer =
                (AgentMessage)
                        NewerVersion.withUnknownCase(
                                any, AgentMessage.getDescriptor().getRealOneofs().getFirst());
        assertThat(understood(newer).getLast())
                .isEqualTo(new AgentWord.Unknown(NewerVersion.FIELD));
        assertThatThrownBy(() -> understood(any.toBuilder().clearBody().build()))
                .hasMessageContaining("without a body");
        var order =
                (CoordinatorMessage)
                        NewerVersion.withUnknownCase(
                                ordered().getFirst(),
                                CoordinatorMessage.getDescriptor().getRealOneofs().getFirst());
        assertThat(understood(order)).isNull();
        AgentMessage asked =
                any.toBuilder()
                        .setKeyValueAsked(
                                (KeyValueAsked)
                                        NewerVersion.withUnknownFields(
                                                KeyValueAsked.newBuilder()
                                                        .setOperation(
                                                                io.coxswain.proto.control.v1
                                                                        .KeyValueOperation
                                                                        .getDefaultInstance())
                                                        .build()))
                        .build();
        var word = (AgentWord.AskedKeyValue) Objects.requireNonNull(understood(asked).getLast());
        assertThat(word.ask().operation()).isEqualTo(new KeyValueOperation.Unknown());
    }
}
