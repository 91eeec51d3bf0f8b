package io.coxswain.chaos.simulation.process;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.LineageSegment;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.coordinator.adapter.grpc.KeyValueCodec;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.proto.control.v1.KeyValueAsked;
import io.coxswain.proto.control.v1.KeyValueOperation;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;

/**
 * The coordinator's words as the agent's and the other way round: what the control protocol does,
 * without the bytes.
 */
final class Wire {
    private Wire() {}

    // ---------------------------------------------------------------- coordinator → agent

    static io.coxswain.agent.core.model.JobSpec job(JobSpec job) {
        return new io.coxswain.agent.core.model.JobSpec(
                job.jobId(),
                job.name(),
                job.mesh().replicas(),
                job.mesh().shards(),
                job.steps(),
                job.seed(),
                job.data(),
                job.batch(),
                job.microshards(),
                job.protectCopies(),
                job.protectEvery(),
                job.protectLevel(),
                job.returnWaitNanos(),
                job.collectivesWithin(),
                job.collectivesAcross(),
                job.runtimeKind(),
                job.runtimeJson());
    }

    static io.coxswain.agent.core.model.AgentKey key(AgentKey key) {
        return new io.coxswain.agent.core.model.AgentKey(key.id(), key.incarnation());
    }

    static AgentKey key(io.coxswain.agent.core.model.AgentKey key) {
        return new AgentKey(key.id(), key.incarnation());
    }

    static Peer peer(AgentProfile profile) {
        return new Peer(
                key(profile.key()),
                new Endpoint(profile.dataEndpoint().host(), profile.dataEndpoint().port()));
    }

    static AgentEvent prepare(long term, String jobId, JobEffect.SendPrepareView prepare) {
        View view = prepare.view();
        RestoreSource source = prepare.source();
        StepPlan plan = prepare.plan();
        return new AgentEvent.ViewOrdered(
                term,
                new PrepareOrder(
                        new io.coxswain.agent.core.model.View(
                                jobId,
                                view.epoch(),
                                view.parentEpoch(),
                                view.baseStep(),
                                view.mesh().replicas(),
                                view.mesh().shards(),
                                view.members().stream().map(Wire::peer).toList()),
                        prepare.rank(),
                        prepare.rank() < 0 || source == null ? null : restore(jobId, source),
                        prepare.rank() < 0 || plan == null ? null : plan(plan),
                        placement(jobId, prepare.placement(), view.baseStep()),
                        prepare.donations().stream()
                                .map(donation ->
                                        new Restore(
                                                Restore.Action.FETCH,
                                                state(jobId, donation.state()),
                                                digest(donation.digest()),
                                                null))
                                .toList(),
                        prepare.floor()));
    }

    private static Restore restore(String jobId, RestoreSource source) {
        return switch (source) {
            case RestoreSource.Init() ->
                    new Restore(
                            Restore.Action.INIT,
                            new io.coxswain.agent.core.model.StateName("", 0, 0, 0),
                            io.coxswain.agent.core.model.Digest.NONE,
                            null);
            case RestoreSource.KeepLive(var name, var digest) ->
                    restore(Restore.Action.KEEP_LIVE, jobId, name, digest, null);
            case RestoreSource.LoadLocal(var name, var digest) ->
                    restore(Restore.Action.LOAD_LOCAL, jobId, name, digest, null);
            case RestoreSource.Fetch(var name, var digest, var donor) ->
                    restore(Restore.Action.FETCH, jobId, name, digest, peer(donor));
            case RestoreSource.PromoteCopy(var name, var digest) ->
                    restore(Restore.Action.PROMOTE_COPY, jobId, name, digest, null);
        };
    }

    private static Restore restore(
            Restore.Action action,
            String jobId,
            StateName name,
            Digest digest,
            @Nullable Peer donor) {
        return new Restore(action, state(jobId, name), digest(digest), donor);
    }

    static io.coxswain.agent.core.model.Placement placement(
            String jobId, Placement placement, long effectiveStep) {
        return new io.coxswain.agent.core.model.Placement(
                jobId,
                placement.epoch(),
                placement.version(),
                placement.duties().stream()
                        .map(duty ->
                                new CopyDuty(duty.shard(), duty.sourceRank(), peer(duty.holder())))
                        .toList(),
                effectiveStep);
    }

    private static io.coxswain.agent.core.model.StepPlan plan(StepPlan plan) {
        return new io.coxswain.agent.core.model.StepPlan(
                plan.epoch(),
                plan.operations().stream()
                        .map(operation ->
                                new io.coxswain.agent.core.model.StepPlan.Operation(
                                        operation.id(),
                                        io.coxswain.agent.core.model.StepPlan.Kind.valueOf(
                                                operation.kind().name()),
                                        operation.dependsOn(),
                                        operation.background(),
                                        operation.every(),
                                        operation.microshardFrom(),
                                        operation.microshardTo()))
                        .toList(),
                plan.reportEvery());
    }

    private static io.coxswain.agent.core.model.StateName state(String jobId, StateName name) {
        return new io.coxswain.agent.core.model.StateName(
                jobId, name.epoch(), name.step(), name.shard());
    }

    private static io.coxswain.agent.core.model.Digest digest(Digest digest) {
        return new io.coxswain.agent.core.model.Digest(digest.hex());
    }

    static List<io.coxswain.agent.core.model.GrantedFloor> floors(List<GrantedFloor> granted) {
        return granted.stream()
                .map(one ->
                        new io.coxswain.agent.core.model.GrantedFloor(one.through(), one.floor()))
                .toList();
    }

    static io.coxswain.agent.core.model.SnapshotInterval interval(SnapshotInterval interval) {
        return new io.coxswain.agent.core.model.SnapshotInterval(
                interval.after(), interval.every());
    }

    static @Nullable Standing standing(io.coxswain.agent.core.model.@Nullable Standing told) {
        return told == null
                ? null
                : new Standing(
                        told.epoch(),
                        told.rank(),
                        told.started(),
                        told.through(),
                        told.floors().stream()
                                .map(one -> new GrantedFloor(one.through(), one.floor()))
                                .toList(),
                        told.reportEvery(),
                        told.sinceNanos(),
                        told.idle(),
                        told.left(),
                        told.snapshotEvery(),
                        new SnapshotInterval(told.interval().after(), told.interval().every()));
    }

    static AgentEvent collect(long term, String jobId, JobEffect.SendCollectFinal collect) {
        return new AgentEvent.FinalRequested(
                term,
                jobId,
                collect.epoch(),
                collect.step(),
                collect.lineage().stream()
                        .map(s -> new LineageSegment(s.epoch(), s.first(), s.last()))
                        .toList());
    }

    // ---------------------------------------------------------------- agent → coordinator

    static StateName state(io.coxswain.agent.core.model.StateName name) {
        return new StateName(name.epoch(), name.step(), name.shard());
    }

    private static Digest digest(io.coxswain.agent.core.model.Digest digest) {
        return new Digest(digest.hex());
    }

    private static HeldState held(io.coxswain.agent.core.model.HeldState held) {
        return new HeldState(state(held.state()), digest(held.digest()), held.bytes());
    }

    static Inventory inventory(io.coxswain.agent.core.model.Inventory inventory) {
        var live = inventory.live();
        var tail = inventory.tail();
        return new Inventory(
                inventory.promisedEpoch(),
                inventory.workerAlive(),
                live == null ? null : new HeldState(state(live), digest(inventory.liveDigest()), 0),
                inventory.snapshots().stream().map(Wire::held).toList(),
                inventory.copies().stream().map(Wire::held).toList(),
                tail == null || tail.runs().isEmpty() ? null : progress(tail),
                inventory.floor());
    }

    private static Progress progress(io.coxswain.agent.core.model.Progress progress) {
        return new Progress(
                progress.epoch(),
                progress.rank(),
                progress.runs().stream()
                        .map(run ->
                                new StepRun(
                                        run.first(),
                                        run.last(),
                                        run.elapsedNanos(),
                                        run.executeNanos(),
                                        run.dataWaitNanos(),
                                        run.snapshotStallNanos(),
                                        run.stragglerWaitNanos(),
                                        run.creditWaitNanos(),
                                        run.samples(),
                                        run.sampleHash(),
                                        run.loss(),
                                        digest(run.digest()),
                                        run.digestStep(),
                                        run.skippedSnapshots()))
                        .toList(),
                progress.floor(),
                progress.acknowledged(),
                progress.copyNanos());
    }

    private static StateLayout layout(io.coxswain.agent.core.model.StateLayout layout) {
        return new StateLayout(
                layout.parameterElements(),
                layout.shardBegin(),
                layout.shardStateBytes(),
                layout.shardRegionBytes(),
                layout.fingerprint(),
                layout.deterministic());
    }

    /** Null for an attach, which is no word but an opening. */
    static @Nullable AgentWord word(AgentKey agent, AgentReport report) {
        return switch (report) {
            case AgentReport.Attach _ -> null;
            case AgentReport.Heartbeat beat ->
                    new AgentWord.Heartbeat(
                            beat.sequence(),
                            beat.answered(),
                            beat.jobTimeNanos(),
                            beat.operation(),
                            beat.step(),
                            beat.waitingForRanks(),
                            beat.operationNanos(),
                            beat.entered(),
                            beat.waitsFor(),
                            beat.part());
            case AgentReport.JobReady ready ->
                    new AgentWord.ForJob(
                            ready.jobId(),
                            new JobEvent.AgentReady(
                                    agent,
                                    layout(ready.layout()),
                                    ready.loadNanos(),
                                    ready.compileNanos(),
                                    ready.startNanos(),
                                    ready.promisedEpoch()));
            case AgentReport.JobUnfit unfit ->
                    new AgentWord.ForJob(
                            unfit.jobId(), new JobEvent.AgentUnfit(agent, unfit.reason()));
            case AgentReport.Holdings holdings ->
                    new AgentWord.ForJob(
                            holdings.inventory().jobId(),
                            new JobEvent.InventoryReported(agent, inventory(holdings.inventory())));
            case AgentReport.ViewReady ready ->
                    new AgentWord.ForJob(
                            ready.jobId(),
                            new JobEvent.ViewReadyReported(
                                    agent,
                                    ready.epoch(),
                                    ready.step(),
                                    digest(ready.digest()),
                                    ready.action().name().toLowerCase(Locale.ROOT),
                                    ready.restoredBytes(),
                                    ready.restoreNanos()));
            case AgentReport.ViewFailed failed -> {
                var state = failed.state();
                var source = failed.source();
                yield new AgentWord.ForJob(
                        failed.jobId(),
                        new JobEvent.ViewFailedReported(
                                agent,
                                failed.epoch(),
                                failed.reason(),
                                failed.badState(),
                                state == null ? null : state(state),
                                source == null ? null : key(source)));
            }
            case AgentReport.StepsDone done ->
                    new AgentWord.ForJob(
                            done.progress().jobId(),
                            new JobEvent.ProgressReported(agent, progress(done.progress())));
            case AgentReport.WorkerLost lost ->
                    new AgentWord.ForJob(
                            lost.jobId(),
                            new JobEvent.WorkerLostReported(
                                    agent, lost.epoch(), lost.cause(), lost.hung()));
            case AgentReport.CopyHeld held ->
                    new AgentWord.ForJob(
                            held.copy().state().jobId(),
                            new JobEvent.CopyHeldReported(
                                    agent, held(held.copy()), held.placementVersion()));
            case AgentReport.CopiesRefused refused ->
                    new AgentWord.ForJob(
                            refused.jobId(),
                            new JobEvent.CopiesRefused(
                                    agent,
                                    refused.placementVersion(),
                                    refused.shard(),
                                    refused.reason()));
            case AgentReport.StepsHeld held ->
                    new AgentWord.ForJob(
                            held.jobId(), new JobEvent.StepsHeld(agent, held.epoch(), held.step()));
            case AgentReport.FinalState state ->
                    new AgentWord.ForJob(
                            state.jobId(),
                            new JobEvent.FinalStateReported(agent, finalShard(state)));
            case AgentReport.PeerUnreachable peer ->
                    new AgentWord.ForJob(
                            peer.jobId(),
                            new JobEvent.LinkAccused(
                                    agent, key(peer.peer()), peer.epoch(), peer.detail()));
            case AgentReport.StepsHalted halted ->
                    new AgentWord.ForJob(
                            halted.jobId(),
                            new JobEvent.StepsHaltedReported(
                                    agent,
                                    halted.epoch(),
                                    halted.number(),
                                    halted.through(),
                                    halted.held()));
            case AgentReport.Notice notice ->
                    new AgentWord.Noticed(notice.reason(), notice.leftNanos());
            case AgentReport.KeyValueAsked asked ->
                    new AgentWord.AskedKeyValue(asked.jobId(), KeyValueCodec.ask(message(asked)));
            case AgentReport.KeyValueForgotten forgotten ->
                    new AgentWord.ForgotKeyValue(
                            forgotten.jobId(), forgotten.id(), forgotten.settledBelow());
        };
    }

    private static KeyValueAsked message(AgentReport.KeyValueAsked asked) {
        try {
            return KeyValueAsked.newBuilder()
                    .setJobId(asked.jobId())
                    .setEpoch(asked.epoch())
                    .setId(asked.id())
                    .setSettledBelow(asked.settledBelow())
                    .setOperation(KeyValueOperation.parseFrom(asked.operation()))
                    .build();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a simulated worker asked for nonsense", e);
        }
    }

    private static FinalShard finalShard(AgentReport.FinalState state) {
        var parts = state.parts();
        return new FinalShard(
                state.epoch(),
                state.step(),
                state.rank(),
                parts.leaves().stream()
                        .map(leaf ->
                                new FinalShard.LeafPart(
                                        leaf.leaf(),
                                        leaf.leafIndex(),
                                        leaf.leafBlocks(),
                                        leaf.firstBlock(),
                                        leaf.blockDigestsHex(),
                                        leaf.headerHex()))
                        .toList(),
                state.evaluated(),
                parts.heldOutLoss(),
                parts.accuracy(),
                parts.samplesSeen(),
                List.copyOf(parts.samplesDistinctPerPass()));
    }
}
