package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.ByteString;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.CopyDuty;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.LineageSegment;
import io.coxswain.proto.control.v1.Member;

import java.util.List;

/** The words that several planes and the store share, to and from their messages. Stateless. */
public final class ModelCodec {
    private ModelCodec() {}

    /** The message of a job. */
    public static io.coxswain.proto.control.v1.JobSpec encode(JobSpec job) {
        return io.coxswain.proto.control.v1.JobSpec.newBuilder()
                .setJobId(job.jobId())
                .setName(job.name())
                .setReplicas(job.mesh().replicas())
                .setShards(job.mesh().shards())
                .setSteps(job.steps())
                .setSeed(job.seed())
                .setData(job.data())
                .setBatch(job.batch())
                .setMicroshards(job.microshards())
                .setProtectCopies(job.protectCopies())
                .setProtectEvery(job.protectEvery())
                .setProtectLevel(job.protectLevel())
                .setReturnWaitNanos(job.returnWaitNanos())
                .setCollectivesWithin(job.collectivesWithin())
                .setCollectivesAcross(job.collectivesAcross())
                .setRuntimeKind(job.runtimeKind())
                .setRuntimeJson(job.runtimeJson())
                .putAllLabels(job.labels())
                .build();
    }

    /**
     * A job from its message.
     *
     * @throws IllegalArgumentException if a bound is broken
     */
    public static JobSpec decode(io.coxswain.proto.control.v1.JobSpec job) {
        return new JobSpec(
                job.getJobId(),
                job.getName(),
                new Mesh(job.getReplicas(), job.getShards()),
                job.getSteps(),
                job.getSeed(),
                job.getData(),
                job.getBatch(),
                job.getMicroshards(),
                job.getProtectCopies(),
                job.getProtectEvery(),
                job.getProtectLevel(),
                job.getReturnWaitNanos(),
                job.getCollectivesWithin(),
                job.getCollectivesAcross(),
                job.getRuntimeKind(),
                job.getRuntimeJson(),
                job.getLabelsMap());
    }

    static AgentIdentity identity(AgentKey key) {
        return AgentIdentity.newBuilder()
                .setAgentId(key.id())
                .setIncarnation(key.incarnation())
                .build();
    }

    static Endpoint endpoint(DataEndpoint endpoint) {
        return Endpoint.newBuilder().setHost(endpoint.host()).setPort(endpoint.port()).build();
    }

    static io.coxswain.proto.control.v1.StateName state(String jobId, StateName name) {
        return io.coxswain.proto.control.v1.StateName.newBuilder()
                .setJobId(jobId)
                .setEpoch(name.epoch())
                .setStep(name.step())
                .setShard(name.shard())
                .build();
    }

    static ByteString digest(Digest digest) {
        return digest.known() ? ByteString.copyFrom(digest.bytes()) : ByteString.EMPTY;
    }

    /** The message of a view. */
    public static io.coxswain.proto.control.v1.View encode(String jobId, View view) {
        var message =
                io.coxswain.proto.control.v1.View.newBuilder()
                        .setJobId(jobId)
                        .setEpoch(view.epoch())
                        .setParentEpoch(view.parentEpoch())
                        .setBaseStep(view.baseStep())
                        .setReplicas(view.mesh().replicas())
                        .setShards(view.mesh().shards());
        for (int rank = 0; rank < view.members().size(); rank++) {
            AgentProfile member = view.members().get(rank);
            message.addMembers(
                    Member.newBuilder()
                            .setRank(rank)
                            .setAgent(identity(member.key()))
                            .setDataEndpoint(endpoint(member.dataEndpoint())));
        }
        return message.build();
    }

    /** The message of a placement whose duties bind from the first snapshot of the view on. */
    public static io.coxswain.proto.control.v1.Placement encode(
            String jobId, Placement placement, long effectiveStep) {
        var message =
                io.coxswain.proto.control.v1.Placement.newBuilder()
                        .setJobId(jobId)
                        .setEpoch(placement.epoch())
                        .setVersion(placement.version())
                        .setEffectiveStep(effectiveStep);
        for (var duty : placement.duties()) {
            message.addDuties(
                    CopyDuty.newBuilder()
                            .setShard(duty.shard())
                            .setSourceRank(duty.sourceRank())
                            .setHolder(identity(duty.holder().key()))
                            .setDataEndpoint(endpoint(duty.holder().dataEndpoint())));
        }
        return message.build();
    }

    /**
     * A view from its message. A member's failure domain and memory are not in it: the members say
     * them again when they attach.
     */
    public static View decodeView(io.coxswain.proto.control.v1.View view) {
        return new View(
                view.getEpoch(),
                view.getParentEpoch(),
                view.getBaseStep(),
                new Mesh(view.getReplicas(), view.getShards()),
                view.getMembersList().stream()
                        .map(member -> known(member.getAgent(), member.getDataEndpoint()))
                        .toList());
    }

    /** A placement from its message; of the holders, what {@link #decodeView} says of members. */
    public static Placement decodePlacement(io.coxswain.proto.control.v1.Placement placement) {
        return new Placement(
                placement.getEpoch(),
                placement.getVersion(),
                placement.getDutiesList().stream()
                        .map(duty ->
                                new io.coxswain.coordinator.core.model.CopyDuty(
                                        duty.getShard(),
                                        duty.getSourceRank(),
                                        known(duty.getHolder(), duty.getDataEndpoint())))
                        .toList());
    }

    private static AgentProfile known(AgentIdentity identity, Endpoint endpoint) {
        return new AgentProfile(
                new AgentKey(identity.getAgentId(), identity.getIncarnation()),
                new DataEndpoint(endpoint.getHost(), endpoint.getPort()),
                new FailureDomain(List.of(identity.getAgentId())),
                0);
    }

    static List<LineageSegment> segments(List<Lineage.Segment> segments) {
        return segments.stream()
                .map(segment ->
                        LineageSegment.newBuilder()
                                .setEpoch(segment.epoch())
                                .setFirstStep(segment.first())
                                .setLastStep(segment.last())
                                .build())
                .toList();
    }
}
