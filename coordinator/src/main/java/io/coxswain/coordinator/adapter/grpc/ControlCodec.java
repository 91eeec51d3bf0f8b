package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.liveness.LivenessEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.FinalState;
import io.coxswain.proto.control.v1.JobReady;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.RestoreAction;
import io.coxswain.proto.control.v1.ViewFailed;
import io.coxswain.proto.control.v1.ViewReady;

import org.jspecify.annotations.Nullable;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Reads the agents' messages into the core's words. Stateless.
 *
 * <p>A message that breaks the protocol is an {@link IllegalArgumentException} that says how; the
 * stream that it came on is to be closed with it.
 */
public final class ControlCodec {
    private static final Pattern AGENT_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern INCARNATION = Pattern.compile("[0-9a-f]{32}");

    private ControlCodec() {}

    /** Who speaks. */
    public static AgentKey agentKey(AgentIdentity identity) {
        if (!AGENT_ID.matcher(identity.getAgentId()).matches()) {
            throw new IllegalArgumentException(
                    "agent id '"
                            + identity.getAgentId()
                            + "' is not of 1 to 64 of the characters A-Z a-z 0-9 . _ -");
        }
        if (!INCARNATION.matcher(identity.getIncarnation()).matches()) {
            throw new IllegalArgumentException(
                    "incarnation '"
                            + identity.getIncarnation()
                            + "' of agent "
                            + identity.getAgentId()
                            + " is not of 32 lower-case hex digits");
        }
        return new AgentKey(identity.getAgentId(), identity.getIncarnation());
    }

    /** What an attaching agent says of itself. */
    public static AgentProfile profile(AgentIdentity identity, Attach attach) {
        AgentKey key = agentKey(identity);
        int port = attach.getDataEndpoint().getPort();
        if (attach.getDataEndpoint().getHost().isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "agent "
                            + key
                            + " gave no usable data endpoint: '"
                            + attach.getDataEndpoint().getHost()
                            + ":"
                            + port
                            + "'");
        }
        if (attach.getFailureDomain().isEmpty()) {
            throw new IllegalArgumentException(
                    "agent " + key + " gave no failure domain; expected a path such as rack7/h31");
        }
        return new AgentProfile(
                key,
                new DataEndpoint(attach.getDataEndpoint().getHost(), port),
                FailureDomain.parse(attach.getFailureDomain()),
                attach.getArenaBudgetBytes());
    }

    /** Everything after the first message. */
    public static AgentWord word(AgentKey agent, AgentMessage message) {
        return switch (message.getBodyCase()) {
            case HEARTBEAT -> {
                var beat = message.getHeartbeat();
                yield new AgentWord.Heartbeat(
                        beat.getSequence(),
                        beat.hasAnsweredSequence()
                                ? beat.getAnsweredSequence()
                                : LivenessEvent.Beat.UNTOLD,
                        beat.getJobTimeNanos(),
                        beat.getOperation(),
                        beat.getStep(),
                        beat.getWaitingForRanksList(),
                        beat.getOperationNanos(),
                        beat.getEntered(),
                        beat.getWaitsFor(),
                        beat.getPart());
            }
            case PROGRAM_METRICS, EVIDENCE, ANSWER, EXPORT_TOLD ->
                    new AgentWord.FromProgram(ProgramCodec.word(message));
            case LEAVING -> new AgentWord.Leaving(message.getLeaving().getReason());
            case JOB_READY -> {
                JobReady ready = message.getJobReady();
                yield forJob(
                        ready.getJobId(),
                        new JobEvent.AgentReady(
                                agent,
                                layout(ready.getLayout()),
                                ready.getLoadNanos(),
                                ready.getCompileNanos(),
                                ready.getStartNanos(),
                                ready.getPromisedEpoch()));
            }
            case JOB_UNFIT ->
                    forJob(
                            message.getJobUnfit().getJobId(),
                            new JobEvent.AgentUnfit(agent, message.getJobUnfit().getReason()));
            case INVENTORY ->
                    forJob(
                            message.getInventory().getJobId(),
                            new JobEvent.InventoryReported(
                                    agent, inventory(message.getInventory())));
            case VIEW_READY -> {
                ViewReady ready = message.getViewReady();
                yield forJob(
                        ready.getJobId(),
                        new JobEvent.ViewReadyReported(
                                agent,
                                ready.getEpoch(),
                                ready.getStep(),
                                digest(ready.getDigest()),
                                action(ready.getAction()),
                                ready.getRestoredBytes(),
                                ready.getRestoreNanos()));
            }
            case VIEW_FAILED -> {
                ViewFailed failed = message.getViewFailed();
                yield forJob(
                        failed.getJobId(),
                        new JobEvent.ViewFailedReported(
                                agent,
                                failed.getEpoch(),
                                failed.getReason(),
                                failed.getBadState(),
                                failed.hasState() ? state(failed.getState()) : null,
                                failed.hasSource() ? agentKey(failed.getSource()) : null));
            }
            case PROGRESS ->
                    forJob(
                            message.getProgress().getJobId(),
                            new JobEvent.ProgressReported(agent, progress(message.getProgress())));
            case WORKER_LOST -> {
                var lost = message.getWorkerLost();
                yield forJob(
                        lost.getJobId(),
                        new JobEvent.WorkerLostReported(
                                agent, lost.getEpoch(), lost.getCause(), lost.getHung()));
            }
            case COPY_HELD -> {
                var held = message.getCopyHeld();
                yield forJob(
                        held.getCopy().getState().getJobId(),
                        new JobEvent.CopyHeldReported(
                                agent, held(held.getCopy()), held.getPlacementVersion()));
            }
            case COPIES_REFUSED -> {
                var refused = message.getCopiesRefused();
                yield forJob(
                        refused.getJobId(),
                        new JobEvent.CopiesRefused(
                                agent,
                                refused.getPlacementVersion(),
                                refused.getShard(),
                                refused.getReason()));
            }
            case STEPS_HELD -> {
                var held = message.getStepsHeld();
                yield forJob(
                        held.getJobId(),
                        new JobEvent.StepsHeld(agent, held.getEpoch(), held.getStep()));
            }
            case FINAL_STATE ->
                    forJob(
                            message.getFinalState().getJobId(),
                            new JobEvent.FinalStateReported(
                                    agent, finalShard(message.getFinalState())));
            case PEER_UNREACHABLE -> {
                var accusation = message.getPeerUnreachable();
                yield forJob(
                        accusation.getJobId(),
                        new JobEvent.LinkAccused(
                                agent,
                                agentKey(accusation.getPeer()),
                                accusation.getEpoch(),
                                accusation.getDetail()));
            }
            case STEPS_HALTED, NOTICE -> MaintenanceCodec.word(agent, message);
            case KEY_VALUE_ASKED ->
                    new AgentWord.AskedKeyValue(
                            message.getKeyValueAsked().getJobId(),
                            KeyValueCodec.ask(message.getKeyValueAsked()));
            case KEY_VALUE_FORGOTTEN -> {
                var forgotten = message.getKeyValueForgotten();
                yield new AgentWord.ForgotKeyValue(
                        forgotten.getJobId(), forgotten.getId(), forgotten.getSettledBelow());
            }
            case ATTACH ->
                    throw new IllegalArgumentException(
                            "agent " + agent + " sent a second attach on one stream");
            case BODY_NOT_SET -> unknown(agent, message);
        };
    }

    private static AgentWord unknown(AgentKey agent, AgentMessage message) {
        Map<Integer, UnknownFieldSet.Field> fields = message.getUnknownFields().asMap();
        if (fields.isEmpty()) {
            throw new IllegalArgumentException("agent " + agent + " sent a message without a body");
        }
        return new AgentWord.Unknown(fields.keySet().iterator().next());
    }

    /** What an agent holds. */
    public static Inventory inventory(io.coxswain.proto.control.v1.Inventory inventory) {
        HeldState live =
                inventory.getHasLive()
                        ? new HeldState(
                                state(inventory.getLive()), digest(inventory.getLiveDigest()), 0)
                        : null;
        return new Inventory(
                inventory.getPromisedEpoch(),
                inventory.getWorkerAlive(),
                live,
                inventory.getSnapshotsList().stream().map(ControlCodec::held).toList(),
                inventory.getCopiesList().stream().map(ControlCodec::held).toList(),
                tail(inventory),
                inventory.getFloor());
    }

    /** What an agent may do in its view. */
    public static Standing standing(io.coxswain.proto.control.v1.Standing standing) {
        return new Standing(
                standing.getEpoch(),
                standing.getRank(),
                standing.getStarted(),
                standing.getThrough(),
                standing.getFloorsList().stream()
                        .map(floor -> new GrantedFloor(floor.getThrough(), floor.getFloor()))
                        .toList(),
                standing.getReportEvery(),
                standing.getSinceNanos(),
                standing.getIdle(),
                standing.getLeft(),
                standing.getSnapshotEvery(),
                new SnapshotInterval(
                        standing.getInterval().getAfter(), standing.getInterval().getEvery()));
    }

    private static @Nullable Progress tail(io.coxswain.proto.control.v1.Inventory inventory) {
        return inventory.hasTail() && inventory.getTail().getRunsCount() > 0
                ? progress(inventory.getTail())
                : null;
    }

    private static AgentWord forJob(String jobId, JobEvent event) {
        return new AgentWord.ForJob(jobId, event);
    }

    private static StateName state(io.coxswain.proto.control.v1.StateName name) {
        return new StateName(name.getEpoch(), name.getStep(), name.getShard());
    }

    private static HeldState held(io.coxswain.proto.control.v1.HeldState held) {
        return new HeldState(state(held.getState()), digest(held.getDigest()), held.getBytes());
    }

    private static Digest digest(ByteString bytes) {
        return Digest.of(bytes.toByteArray());
    }

    private static StateLayout layout(io.coxswain.proto.control.v1.StateLayout layout) {
        return new StateLayout(
                layout.getParameterElements(),
                layout.getShardBeginList(),
                layout.getShardStateBytesList(),
                layout.getShardRegionBytesList(),
                layout.getFingerprint(),
                layout.getDeterministic());
    }

    private static Progress progress(io.coxswain.proto.control.v1.Progress progress) {
        List<StepRun> runs =
                progress.getRunsList().stream()
                        .map(run ->
                                new StepRun(
                                        run.getFirst(),
                                        run.getLast(),
                                        run.getElapsedNanos(),
                                        run.getExecuteNanos(),
                                        run.getDataWaitNanos(),
                                        run.getSnapshotStallNanos(),
                                        run.getStragglerWaitNanos(),
                                        run.getCreditWaitNanos(),
                                        run.getSamples(),
                                        run.getSampleHash(),
                                        run.getLoss(),
                                        digest(run.getDigest()),
                                        run.getDigestStep(),
                                        run.getSkippedSnapshots()))
                        .toList();
        return new Progress(
                progress.getEpoch(),
                progress.getRank(),
                runs,
                progress.getFloor(),
                progress.getAcknowledgedList(),
                progress.getCopyNanos());
    }

    private static FinalShard finalShard(FinalState state) {
        return new FinalShard(
                state.getEpoch(),
                state.getStep(),
                state.getRank(),
                state.getLeavesList().stream().map(ControlCodec::leaf).toList(),
                state.getHasEvaluation(),
                state.getHeldOutLoss(),
                state.getAccuracy(),
                state.getSamplesSeen(),
                state.getSamplesDistinctPerPassList());
    }

    private static FinalShard.LeafPart leaf(LeafDigest leaf) {
        HexFormat hex = HexFormat.of();
        return new FinalShard.LeafPart(
                leaf.getLeaf(),
                leaf.getLeafIndex(),
                leaf.getLeafBlocks(),
                leaf.getFirstBlock(),
                hex.formatHex(leaf.getBlockDigests().toByteArray()),
                hex.formatHex(leaf.getLeafHeader().toByteArray()));
    }

    private static String action(RestoreAction action) {
        return switch (action) {
            case RESTORE_ACTION_INIT -> "init";
            case RESTORE_ACTION_KEEP_LIVE -> "keep_live";
            case RESTORE_ACTION_LOAD_LOCAL -> "load_local";
            case RESTORE_ACTION_FETCH -> "fetch";
            case RESTORE_ACTION_PROMOTE_COPY -> "promote_copy";
            case RESTORE_ACTION_UNSPECIFIED, UNRECOGNIZED -> "unknown";
        };
    }
}
