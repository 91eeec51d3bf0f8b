package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.coordinator.picture.PictureJson;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.CancelResponse;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.EventsRequest;
import io.coxswain.proto.admin.v1.ExplainRequest;
import io.coxswain.proto.admin.v1.ExplainResponse;
import io.coxswain.proto.admin.v1.HandOverRequest;
import io.coxswain.proto.admin.v1.HandOverResponse;
import io.coxswain.proto.admin.v1.HealthReport;
import io.coxswain.proto.admin.v1.IncidentsRequest;
import io.coxswain.proto.admin.v1.IncidentsResponse;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.MaintenanceRequest;
import io.coxswain.proto.admin.v1.MaintenanceResponse;
import io.coxswain.proto.admin.v1.PauseRequest;
import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeRequest;
import io.coxswain.proto.admin.v1.ResumeResponse;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.admin.v1.SubmitResponse;
import io.coxswain.proto.control.v1.AskKind;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** The admin plane over {@link CoordinatorCalls}. */
final class GrpcAdminService extends AdminGrpc.AdminImplBase {
    /** Ranks of an incident whose state's source is told in a list of all. */
    private static final int LISTED_SOURCES = 16;

    /** The same of one that is asked for: messages hold 4 MB. */
    private static final int TOLD_SOURCES = 16_384;

    private final CoordinatorCalls calls;

    GrpcAdminService(CoordinatorCalls calls) {
        this.calls = calls;
    }

    @Override
    public void submit(SubmitRequest request, StreamObserver<SubmitResponse> out) {
        JobSpec job;
        try {
            job = ModelCodec.decode(request.getJob());
        } catch (IllegalArgumentException broken) {
            out.onNext(
                    SubmitResponse.newBuilder()
                            .setJobId(request.getJob().getJobId())
                            .setReason(String.valueOf(broken.getMessage()))
                            .build());
            out.onCompleted();
            return;
        }
        List<String> ignored = UnknownFields.of(request.getJob(), "job");
        answer(
                calls.submit(job, request.getQueue()),
                outcome -> submitted(outcome).toBuilder().addAllIgnored(ignored).build(),
                out);
    }

    private static SubmitResponse submitted(SubmitOutcome outcome) {
        return switch (outcome) {
            case SubmitOutcome.Accepted(String jobId) ->
                    SubmitResponse.newBuilder().setAccepted(true).setJobId(jobId).build();
            case SubmitOutcome.Queued(String jobId, int position) ->
                    SubmitResponse.newBuilder()
                            .setAccepted(true)
                            .setJobId(jobId)
                            .setQueuePosition(position)
                            .build();
            case SubmitOutcome.Refused(String reason) ->
                    SubmitResponse.newBuilder().setReason(reason).build();
        };
    }

    @Override
    public void cancel(CancelRequest request, StreamObserver<CancelResponse> out) {
        answer(
                calls.cancel(request.getJobId()),
                outcome ->
                        switch (outcome) {
                            case CancelOutcome.Cancelled(String _) ->
                                    CancelResponse.newBuilder().setCancelled(true).build();
                            case CancelOutcome.Refused(String reason) ->
                                    CancelResponse.newBuilder().setReason(reason).build();
                        },
                out);
    }

    @Override
    public void handOver(HandOverRequest request, StreamObserver<HandOverResponse> out) {
        answer(
                calls.handOver(),
                outcome ->
                        switch (outcome) {
                            case HandOverOutcome.HandedOver(long term) ->
                                    HandOverResponse.newBuilder()
                                            .setHandedOver(true)
                                            .setTerm(term)
                                            .build();
                            case HandOverOutcome.Refused(String reason) ->
                                    HandOverResponse.newBuilder().setReason(reason).build();
                        },
                out);
    }

    @Override
    public void pause(PauseRequest request, StreamObserver<PauseResponse> out) {
        answer(calls.pause(request.getJobId(), request.getReason()), OperationsCodec::paused, out);
    }

    @Override
    public void resume(ResumeRequest request, StreamObserver<ResumeResponse> out) {
        answer(calls.resume(request.getJobId()), OperationsCodec::resumed, out);
    }

    @Override
    public void drain(MaintenanceRequest request, StreamObserver<MaintenanceResponse> out) {
        maintain(new Word.Drain(request.getAgentId(), request.getReason()), request, out);
    }

    @Override
    public void cordon(MaintenanceRequest request, StreamObserver<MaintenanceResponse> out) {
        maintain(new Word.Cordon(request.getAgentId(), request.getReason()), request, out);
    }

    @Override
    public void uncordon(MaintenanceRequest request, StreamObserver<MaintenanceResponse> out) {
        maintain(new Word.Uncordon(request.getAgentId()), request, out);
    }

    private void maintain(
            Word word, MaintenanceRequest request, StreamObserver<MaintenanceResponse> out) {
        answer(calls.maintain(word, request.getAbsent()), MaintenanceCodec::response, out);
    }

    @Override
    public void reportHealth(HealthReport report, StreamObserver<MaintenanceResponse> out) {
        Word word = MaintenanceCodec.health(report);
        if (word == null) {
            out.onNext(
                    MaintenanceResponse.newBuilder()
                            .setReason(
                                    "the state of a device is STATE_OK or STATE_FAILING, got "
                                            + report.getStateValue())
                            .build());
            out.onCompleted();
            return;
        }
        answer(calls.maintain(word, report.getAbsent()), MaintenanceCodec::response, out);
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
        // Asked first: an event too many can be told from one too few.
        long next = calls.nextSequence();
        String picture = request.getPicture() ? PictureJson.of(calls.picture()) : "";
        String instance = calls.instance();
        String elsewhere = calls.leaderElsewhere();
        answer(
                calls.status(),
                status ->
                        response(status, request.getJobId(), next, picture, instance)
                                .setLeader(status.leading() ? "" : elsewhere)
                                .build(),
                out);
    }

    private static StatusResponse.Builder response(
            CoordinatorStatus status,
            String jobId,
            long nextSequence,
            String pictureJson,
            String instance) {
        var response =
                StatusResponse.newBuilder()
                        .setTerm(status.term())
                        .setCoordinatorId(status.coordinatorId())
                        .setProtocolMajor(ProtocolVersion.CONTROL.major())
                        .setProtocolMinor(ProtocolVersion.CONTROL.minor())
                        .setRelease(CoordinatorMessages.RELEASE)
                        .setNextSequence(nextSequence)
                        .setPictureJson(pictureJson)
                        .setHistory(OperationsCodec.history(status.history()))
                        .setStoreOutOfReach(status.storeOutOfReach())
                        .setInstance(instance);
        for (CoordinatorStatus.Job job : status.jobs()) {
            if (jobId.isEmpty() || jobId.equals(job.jobId())) {
                response.addJobs(
                        JobStatus.newBuilder()
                                .setJobId(job.jobId())
                                .setName(job.name())
                                .setPhase(phase(job.phase()))
                                .setDetail(job.detail())
                                .setEpoch(job.epoch())
                                .setCompletedStep(job.completedStep())
                                .setProtectedStep(job.protectedStep())
                                .setSteps(job.steps())
                                .setLoss(job.loss())
                                .setGoodputRatio(job.goodputRatio())
                                .setIncidents(job.incidents())
                                .setReportJson(job.reportJson())
                                .putAllLabels(job.labels())
                                .setBatch(job.batch())
                                .putAllMetrics(job.metrics())
                                .setMetricsStep(job.metricsStep())
                                .addAllWarnings(job.warnings()));
            }
        }
        for (CoordinatorStatus.Agent agent : status.agents()) {
            response.addAgents(
                    AgentStatus.newBuilder()
                            .setAgentId(agent.agentId())
                            .setIncarnation(agent.incarnation())
                            .setFailureDomain(agent.failureDomain())
                            .setState(agent.state())
                            .setRank(agent.rank())
                            .setDataEndpoint(agent.dataEndpoint())
                            .setArenaBudgetBytes(agent.arenaBudgetBytes())
                            .setDetail(agent.detail())
                            .setRelease(agent.process().release())
                            .setHost(agent.process().host())
                            .setPid(agent.process().pid()));
        }
        status.maintenance()
                .forEach(away -> response.addMaintenance(MaintenanceCodec.encode(away)));
        return response;
    }

    private static JobPhase phase(CoordinatorStatus.JobPhase phase) {
        return switch (phase) {
            case QUEUED -> JobPhase.JOB_PHASE_QUEUED;
            case WAITING -> JobPhase.JOB_PHASE_WAITING;
            case PREPARING -> JobPhase.JOB_PHASE_PREPARING;
            case ACTIVE -> JobPhase.JOB_PHASE_ACTIVE;
            case PAUSED -> JobPhase.JOB_PHASE_PAUSED;
            case RECOVERING -> JobPhase.JOB_PHASE_RECOVERING;
            case FINISHING -> JobPhase.JOB_PHASE_FINISHING;
            case COMPLETED -> JobPhase.JOB_PHASE_COMPLETED;
            case FAILED -> JobPhase.JOB_PHASE_FAILED;
            case CANCELLED -> JobPhase.JOB_PHASE_CANCELLED;
        };
    }

    @Override
    public void look(LookRequest request, StreamObserver<LookResponse> out) {
        if (request.getKind() == AskKind.UNRECOGNIZED) {
            out.onNext(
                    LookResponse.newBuilder()
                            .setError(
                                    "this coordinator does not know what is asked for (kind "
                                            + request.getKindValue()
                                            + "): it is of an older version than the client and"
                                            + " is to be upgraded")
                            .build());
            out.onCompleted();
            return;
        }
        answer(
                calls.look(
                        request.getJobId(),
                        request.getAgentId(),
                        request.hasRank() ? request.getRank() : -1,
                        ProgramCodec.question(request)),
                ProgramCodec::looked,
                out);
    }

    @Override
    public void explain(ExplainRequest request, StreamObserver<ExplainResponse> out) {
        answer(
                calls.explain(request.getJobId(), request.getIncident()),
                ProgramCodec::explained,
                out);
    }

    @Override
    public void incidents(IncidentsRequest request, StreamObserver<IncidentsResponse> out) {
        answer(
                calls.incidents(request.getJobId()),
                told -> incidents(told, request.getIncident()),
                out);
    }

    private IncidentsResponse incidents(JobIncidents told, int wanted) {
        var response = IncidentsResponse.newBuilder().setJobId(told.jobId());
        for (JobReport.IncidentReport incident : told.incidents()) {
            if (wanted == 0 || wanted == incident.id()) {
                response.addIncidentJson(
                        incident.withSources(wanted == 0 ? LISTED_SOURCES : TOLD_SOURCES).toJson());
                response.addTraceIds(calls.traces().ofIncident(told.jobId(), incident.id()));
            }
        }
        return response.build();
    }

    @Override
    public void events(EventsRequest request, StreamObserver<Event> out) {
        new EventPump((ServerCallStreamObserver<Event>) out, request.getJobId(), calls.traces())
                .begin(calls, request.getFromSequence());
    }

    private static <T, R> void answer(
            CompletableFuture<T> asked, Function<T, R> render, StreamObserver<R> out) {
        var _ =
                asked.whenComplete((answer, failure) -> {
                    if (failure == null) {
                        out.onNext(render.apply(answer));
                        out.onCompleted();
                    } else if (cause(failure) instanceof NoSuchElementException unknown) {
                        out.onError(
                                Status.NOT_FOUND
                                        .withDescription(unknown.getMessage())
                                        .asRuntimeException());
                    } else {
                        out.onError(
                                Status.UNAVAILABLE
                                        .withDescription(String.valueOf(failure.getMessage()))
                                        .asRuntimeException());
                    }
                });
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }

    /** Streams events to one caller at the caller's pace; a slow one gets gaps. */
    private static final class EventPump {
        private final ServerCallStreamObserver<Event> out;
        private final String jobId;
        private final TraceLookup traces;
        private final java.util.concurrent.Semaphore wake = new java.util.concurrent.Semaphore(0);

        EventPump(ServerCallStreamObserver<Event> out, String jobId, TraceLookup traces) {
            this.out = out;
            this.traces = traces;
            this.jobId = jobId;
            out.setOnReadyHandler(wake::release);
        }

        void begin(CoordinatorCalls calls, long fromSequence) {
            Subscription subscription = calls.listen(fromSequence, this::deliver);
            out.setOnCancelHandler(() -> {
                subscription.close();
                wake.release();
            });
            Thread.ofVirtual()
                    .name("coxswain-events-end")
                    .start(() -> {
                        try {
                            subscription.awaitEnd();
                        } catch (InterruptedException stopped) {
                            Thread.currentThread().interrupt();
                        }
                        if (!out.isCancelled()) {
                            out.onCompleted();
                        }
                    });
        }

        private void deliver(SequencedEvent event) throws InterruptedException {
            boolean wanted =
                    jobId.isEmpty()
                            || jobId.equals(event.jobId())
                            || event.event() instanceof CoordinatorEvent.Gap;
            if (!wanted) {
                return;
            }
            while (!out.isReady()) {
                if (out.isCancelled()) {
                    return;
                }
                wake.acquire();
                wake.drainPermits();
            }
            out.onNext(
                    Event.newBuilder()
                            .setSequence(event.sequence())
                            .setMonotonicNanos(event.monotonicNanos())
                            .setWallMillis(event.wallMillis())
                            .setTerm(event.term())
                            .setJobId(event.jobId())
                            .setEpoch(event.epoch())
                            .setStep(event.step())
                            .setKind(EventText.kind(event.event()))
                            .setText(EventText.of(event.event()))
                            .setJson(EventText.json(event.event()))
                            .setIncident(EventText.incident(event.event()))
                            .setTraceId(traces.of(event))
                            .build());
        }
    }
}
