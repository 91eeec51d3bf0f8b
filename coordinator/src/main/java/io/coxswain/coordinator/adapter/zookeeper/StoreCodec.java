package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.adapter.grpc.ModelCodec;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.proto.control.v1.LineageSegment;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.AgentRegistration;
import io.coxswain.proto.store.v1.JobRecord;
import io.coxswain.proto.store.v1.MaintenanceRecord;
import io.coxswain.proto.store.v1.PauseRecord;
import io.coxswain.proto.store.v1.ResultRecord;
import io.coxswain.proto.store.v1.UnsettledRun;
import io.coxswain.proto.store.v1.ViewRecord;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;

/** Records to and from the bytes of their znodes. Stateless. */
public final class StoreCodec {
    private StoreCodec() {}

    static byte[] encode(StoreRecord record) {
        return switch (record) {
            case StoreRecord.Spec spec ->
                    JobRecord.newBuilder()
                            .setJob(ModelCodec.encode(spec.job()))
                            .setSubmittedOrder(spec.submittedOrder())
                            .build()
                            .toByteArray();
            case StoreRecord.ViewRecord view -> encode(view).toByteArray();
            case StoreRecord.Account account -> encode(account).toByteArray();
            case StoreRecord.Forgotten _, StoreRecord.TermCheck _ -> new byte[0];
            case StoreRecord.Pause pause ->
                    PauseRecord.newBuilder()
                            .setPaused(pause.paused())
                            .setReason(pause.reason())
                            .setUntilNanos(pause.untilNanos())
                            .build()
                            .toByteArray();
            case StoreRecord.Result result ->
                    ResultRecord.newBuilder()
                            .setCompleted(result.completed())
                            .setReason(result.reason())
                            .setReportJson(result.reportJson())
                            .build()
                            .toByteArray();
            case StoreRecord.SetAsides away -> encode(away).toByteArray();
        };
    }

    private static MaintenanceRecord encode(StoreRecord.SetAsides away) {
        var message = MaintenanceRecord.newBuilder();
        for (SetAside agent : away.agents()) {
            message.addAgents(
                    MaintenanceRecord.AgentMaintenance.newBuilder()
                            .setAgentId(agent.agent())
                            .setWish(
                                    switch (agent.wish()) {
                                        case NONE -> MaintenanceRecord.Wish.WISH_UNSPECIFIED;
                                        case CORDON -> MaintenanceRecord.Wish.WISH_CORDON;
                                        case DRAIN -> MaintenanceRecord.Wish.WISH_DRAIN;
                                    })
                            .setReason(agent.reason())
                            .setFailing(agent.failing())
                            .setHealthReason(agent.healthReason()));
        }
        return message.build();
    }

    /** What a newer version wants of an agent, and this one does not know, is a cordon. */
    public static List<SetAside> setAsides(byte[] bytes) throws InvalidProtocolBufferException {
        return MaintenanceRecord.parseFrom(bytes).getAgentsList().stream()
                .map(agent ->
                        new SetAside(
                                agent.getAgentId(),
                                switch (agent.getWish()) {
                                    case WISH_UNSPECIFIED -> SetAside.Wish.NONE;
                                    case WISH_CORDON, UNRECOGNIZED -> SetAside.Wish.CORDON;
                                    case WISH_DRAIN -> SetAside.Wish.DRAIN;
                                },
                                agent.getReason(),
                                agent.getFailing(),
                                agent.getHealthReason()))
                .toList();
    }

    private static AccountRecord encode(StoreRecord.Account account) {
        var message =
                AccountRecord.newBuilder()
                        .setTerm(account.term())
                        .setCompletedStep(account.completedStep())
                        .setProtectedStep(account.protectedStep())
                        .setJobTimeNanos(account.jobTimeNanos())
                        .setEpoch(account.epoch())
                        .addAllIncidentsJson(account.incidentsJson());
        for (io.coxswain.coordinator.core.ledger.UnsettledRun run : account.unsettled()) {
            message.addUnsettled(
                    UnsettledRun.newBuilder()
                            .setFirst(run.first())
                            .setLast(run.last())
                            .setSlotNanos(run.slotNanos()));
        }
        FrozenHistory history = account.history();
        if (history != null) {
            message.setHistory(HistoryCodec.encode(history));
        }
        account.categoryNanos()
                .forEach((category, nanos) -> {
                    message.putCategoryNanos(category, nanos.longValue());
                    long high = nanos.shiftRight(Long.SIZE).longValueExact();
                    if (high != 0) {
                        message.putCategoryNanosHigh(category, high);
                    }
                });
        return message.build();
    }

    private static ViewRecord encode(StoreRecord.ViewRecord record) {
        var message =
                ViewRecord.newBuilder()
                        .setState(
                                switch (record.state()) {
                                    case PREPARING -> ViewRecord.State.STATE_PREPARING;
                                    case ACTIVE -> ViewRecord.State.STATE_ACTIVE;
                                    case FINISHING -> ViewRecord.State.STATE_FINISHING;
                                })
                        .setView(ModelCodec.encode(record.jobId(), record.view()));
        if (record.placement() != null) {
            message.setPlacement(
                    ModelCodec.encode(
                            record.jobId(), record.placement(), record.view().baseStep()));
        }
        // A branch is (epoch, base step); where it ends is the next one's base.
        for (Lineage.Branch branch : record.lineage().branches()) {
            message.addLineage(
                    LineageSegment.newBuilder()
                            .setEpoch(branch.epoch())
                            .setFirstStep(branch.baseStep() + 1));
        }
        return message.build();
    }

    public static StoreRecord.Spec spec(byte[] bytes) throws InvalidProtocolBufferException {
        JobRecord record = JobRecord.parseFrom(bytes);
        return new StoreRecord.Spec(ModelCodec.decode(record.getJob()), record.getSubmittedOrder());
    }

    public static StoreRecord.ViewRecord view(String jobId, byte[] bytes)
            throws InvalidProtocolBufferException {
        ViewRecord record = ViewRecord.parseFrom(bytes);
        Lineage lineage = Lineage.EMPTY;
        for (LineageSegment segment : record.getLineageList()) {
            lineage = lineage.branch(segment.getEpoch(), segment.getFirstStep() - 1);
        }
        return new StoreRecord.ViewRecord(
                jobId,
                switch (record.getState()) {
                    case STATE_ACTIVE -> ViewState.ACTIVE;
                    case STATE_FINISHING -> ViewState.FINISHING;
                    // A state of a newer version is not adopted: the next view is planned from
                    // what the agents have, and no step of theirs is lost by that.
                    case STATE_PREPARING, STATE_UNSPECIFIED, UNRECOGNIZED -> ViewState.PREPARING;
                },
                ModelCodec.decodeView(record.getView()),
                record.hasPlacement() ? ModelCodec.decodePlacement(record.getPlacement()) : null,
                lineage);
    }

    public static StoreRecord.Account account(String jobId, byte[] bytes)
            throws InvalidProtocolBufferException {
        AccountRecord record = AccountRecord.parseFrom(bytes);
        var categories = new LinkedHashMap<String, BigInteger>();
        record.getCategoryNanosMap()
                .forEach((category, low) -> {
                    long high = record.getCategoryNanosHighOrDefault(category, 0);
                    categories.put(
                            category,
                            BigInteger.valueOf(high)
                                    .shiftLeft(Long.SIZE)
                                    .add(new BigInteger(Long.toUnsignedString(low))));
                });
        return new StoreRecord.Account(
                jobId,
                record.getTerm(),
                record.getCompletedStep(),
                record.getProtectedStep(),
                record.getJobTimeNanos(),
                categories,
                record.getIncidentsJsonList(),
                record.getEpoch(),
                record.getUnsettledList().stream()
                        .map(run ->
                                new io.coxswain.coordinator.core.ledger.UnsettledRun(
                                        run.getFirst(), run.getLast(), run.getSlotNanos()))
                        .toList(),
                record.hasHistory() ? HistoryCodec.decode(record.getHistory()) : null);
    }

    public static StoreRecord.Result result(String jobId, byte[] bytes)
            throws InvalidProtocolBufferException {
        ResultRecord record = ResultRecord.parseFrom(bytes);
        return new StoreRecord.Result(
                jobId, record.getCompleted(), record.getReason(), record.getReportJson());
    }

    public static StoreRecord.Pause pause(String jobId, byte[] bytes)
            throws InvalidProtocolBufferException {
        PauseRecord record = PauseRecord.parseFrom(bytes);
        return new StoreRecord.Pause(
                jobId, record.getPaused(), record.getReason(), record.getUntilNanos());
    }

    public static AgentKey agent(byte[] bytes) throws InvalidProtocolBufferException {
        var identity = AgentRegistration.parseFrom(bytes).getAgent();
        return new AgentKey(identity.getAgentId(), identity.getIncarnation());
    }
}
