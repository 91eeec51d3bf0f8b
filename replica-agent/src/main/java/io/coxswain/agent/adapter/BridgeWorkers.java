package io.coxswain.agent.adapter;

import com.google.protobuf.ByteString;

import io.coxswain.agent.app.WorkerPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.worker.AttachPlace;
import io.coxswain.agent.worker.LogPart;
import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.agent.worker.ViewServices;
import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.agent.worker.WorkerExit;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * The worker processes behind {@link WorkerPort}. A supervisor serves one job; its generations are
 * counted on by the machine's. Port calls come from the decision loop only; the supervisor's
 * threads post events.
 */
final class BridgeWorkers implements WorkerPort, AgentVoice.Archive, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BridgeWorkers.class);

    /**
     * A standby starts when steps are made, so that its imports do not compete with those of the
     * workers; a spare has its own worker warm instead.
     */
    private static final Duration STANDBY_AFTER = Duration.ofSeconds(1);

    /** Local ranks that a text names one by one. */
    private static final int MOST_NAMED = 16;

    private static final int MOST_PART = 64;

    private final Function<JobSpec, WorkerCommand> commands;
    private final Path socketDirectory;
    private final Path logDirectory;
    private final WorkerSupervisor.Limits limits;
    private final OutputLimits output;
    private final Function<String, Path> arenaPaths;
    private final Function<SlotRef, @Nullable Slot> slots;
    private final Consumer<AgentEvent> events;
    private final AgentVoice voice;
    private final LongConsumer startedPids;
    private final List<Thread> closers = new ArrayList<>();
    private @Nullable Bench bench;

    /** The newest, whose logs are to be read after its end too. */
    private @Nullable Bench newest;

    private int benches;
    private boolean closed;

    /** One job's supervisor and the requests that are under way in its current worker. */
    private final class Bench implements WorkerSupervisor.Listener {
        final String jobId;
        final WorkerSupervisor supervisor;
        private final boolean standby;

        /** The generation that made steps when the standby was asked for. Guarded by talk. */
        private long preparedAfter;

        /** Somebody else starts the processes. */
        private final boolean attached;

        private final WorkerRequest.LoadJob loads;

        /** Of the request that was sent last. */
        private volatile long askedStep;

        /** Index: the supervisor's generation - 1. */
        final List<Integer> generations = new ArrayList<>();

        /** Guarded by itself: the processes of a worker speak on threads of their own. */
        final WorkerTalk talk;

        final KeyValueDoor keyValues;

        /** The processes beside the worker's that serve its view. */
        final ViewServices services;

        private long requests;

        Bench(JobSpec job, Path sockets, Path logs) throws IOException {
            jobId = job.jobId();
            WorkerCommand command = commands.apply(job);
            standby = command.standby();
            if (command.processes() > 1 && !job.runtimeReduces()) {
                throw new IllegalArgumentException(
                        "runtime.workersPerAgent is %d, which needs collectives: {across: runtime}: where the agents reduce, set it to 1 and run one agent for each device"
                                .formatted(command.processes()));
            }
            talk = new WorkerTalk(command.processes(), slots);
            keyValues = new KeyValueDoor(command.processes());
            loads = new WorkerRequest.LoadJob(job);
            attached = command.attachWait() != null;
            services =
                    new ViewServices(
                            command, ViewServices.Limits.DEFAULT, this::print, this::failed);
            supervisor =
                    attached
                            ? WorkerSupervisor.attaching(
                                    command,
                                    new AttachPlace(
                                            attachFolder(jobId), sockets.toAbsolutePath(), jobId),
                                    sockets,
                                    logs,
                                    limits,
                                    output,
                                    this)
                            : new WorkerSupervisor(command, sockets, logs, limits, output, this);
        }

        private void prepareNext() {
            Thread.ofVirtual()
                    .name("worker-standby")
                    .start(() -> {
                        try {
                            Thread.sleep(STANDBY_AFTER);
                            supervisor.prepareNext();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    });
        }

        private void print(byte[] bytes, int length) {
            supervisor.print(bytes, length);
        }

        /** Whoever uses it dies of that; here is why. */
        private void failed(String name, String cause) {
            String reason = "the view's service %s %s".formatted(name, cause);
            voice.evidence(
                    jobId,
                    askedStep,
                    reason,
                    List.of(
                            EvidencePiece.newBuilder()
                                    .setKind("note")
                                    .setName("service-" + name + ".txt")
                                    .setContent(ByteString.copyFromUtf8(reason + "\n"))
                                    .build()));
        }

        void start(int generation) {
            synchronized (talk) {
                talk.clear();
            }
            keyValues.clear();
            services.leave();
            synchronized (generations) {
                generations.add(generation);
            }
            supervisor.start();
        }

        void send(WorkerRequest request) {
            long id = ++requests;
            ToWorker message = BridgeCodec.request(id, request, arenaPaths);
            askedStep = step(message, askedStep);
            if (request instanceof WorkerRequest.Prepare prepare) {
                services.view(prepare.epoch());
            }
            List<ToWorker> sent;
            synchronized (talk) {
                sent = talk.ask(request, message);
            }
            for (int local = 0; local < sent.size(); local++) {
                supervisor.send(local, sent.get(local));
            }
        }

        private int generation(long supervised) {
            synchronized (generations) {
                return generations.get((int) supervised - 1);
            }
        }

        boolean isCurrent(int generation) {
            synchronized (generations) {
                return !generations.isEmpty() && generations.getLast() == generation;
            }
        }

        @Override
        public void ready(long supervised, List<Hello> hellos) {
            if (!attached) {
                // What others started nobody here kills, this agent's successor neither.
                hellos.forEach(hello -> startedPids.accept(hello.getPid()));
            }
            events.accept(new AgentEvent.WorkerConnected(generation(supervised)));
        }

        private static long step(ToWorker message, long otherwise) {
            return message.hasExecute()
                    ? message.getExecute().getStep()
                    : message.hasApply() ? message.getApply().getStep() : otherwise;
        }

        @Override
        public void evidence(long supervised, String reason, List<EvidencePiece> pieces) {
            voice.evidence(jobId, askedStep, reason, pieces);
        }

        @Override
        public void message(long supervised, int local, FromWorker message) {
            // Within the lock: what one process says after another is told after it.
            synchronized (talk) {
                if (message.hasMetrics() && message.getRequestId() == 0) {
                    voice.metrics(jobId, talk.heard(local, message.getMetrics()));
                    return;
                }
                if (message.hasExportTold() && message.getRequestId() == 0) {
                    voice.exported(jobId, local, message.getExportTold());
                    return;
                }
                WorkerTalk.Heard heard = talk.hear(local, message);
                if (heard.complaint() != null) {
                    supervisor.kill("it broke the bridge protocol: " + heard.complaint());
                } else if (heard.answer() != null) {
                    answered(supervised, heard.answer(), heard.request(), heard.sent());
                }
            }
        }

        private void answered(
                long supervised,
                FromWorker answer,
                @Nullable WorkerRequest request,
                @Nullable ToWorker sent) {
            if (standby && answer.hasExecuted() && preparedAfter != supervised) {
                preparedAfter = supervised;
                prepareNext();
            }
            if (answer.hasFinished()) {
                // Before the leader hears of the end: the last values are in its report.
                voice.flush();
            } else if (answer.hasFault() && sent != null) {
                voice.fault(jobId, step(sent, 0), answer.getFault());
            }
            AgentEvent event = BridgeCodec.event(generation(supervised), answer, request);
            if (event != null) {
                events.accept(event);
            }
        }

        @Override
        public void pong(long supervised, Pong pong) {
            events.accept(
                    new AgentEvent.WorkerPonged(
                            generation(supervised),
                            pong.getStep(),
                            pong.getEntered(),
                            cut(pong.getPart()),
                            ""));
        }

        @Override
        public void asked(long supervised, int local, KeyValueRequest request) {
            long id = keyValues.number(request.getId());
            KeyValueReply refusal = keyValues.admit(local, id, request);
            if (refusal == null) {
                events.accept(
                        new AgentEvent.KeyValueAsked(
                                generation(supervised),
                                id,
                                request.getEpoch(),
                                KeyValueMessages.waitNanos(request),
                                request.getOperation().toByteArray()));
            } else {
                supervisor.answer(local, KeyValueMessages.answer(request.getId(), refusal));
            }
        }

        @Override
        public void wants(long supervised, int local, ViewServiceRequest request) {
            services.asked(
                    request,
                    answer ->
                            supervisor.answer(
                                    local,
                                    ToWorkerSide.newBuilder()
                                            .setViewServiceAnswer(answer)
                                            .build()));
        }

        @Override
        public void waiting(long supervised, List<Integer> missing) {
            events.accept(
                    new AgentEvent.WorkerPonged(
                            generation(supervised),
                            0,
                            0,
                            "",
                            attached ? awaited(missing, talk.processes()) : ""));
        }

        private static String cut(String part) {
            return part.length() <= MOST_PART ? part : part.substring(0, MOST_PART);
        }

        /** For whoever starts them, who may see nothing but the job's status. */
        private String awaited(List<Integer> missing, int processes) {
            if (missing.isEmpty()) {
                return "";
            }
            String ranks =
                    String.join(
                            ", ", missing.stream().limit(MOST_NAMED).map(String::valueOf).toList());
            return "%d of %d processes that somebody else starts: run the job's program on its host, with COXSWAIN_ATTACH=%s and LOCAL_RANK=%s%s"
                    .formatted(
                            missing.size(),
                            processes,
                            attachFolder(jobId),
                            ranks,
                            missing.size() > MOST_NAMED ? " …" : "");
        }

        @Override
        public void absent(long supervised, String reason) {
            events.accept(
                    new AgentEvent.WorkerFaulted(generation(supervised), loads, "attach", reason));
        }

        @Override
        public void exited(long supervised, WorkerExit exit) {
            events.accept(new AgentEvent.WorkerExited(generation(supervised), exit.describe()));
        }
    }

    BridgeWorkers(
            Function<JobSpec, WorkerCommand> commands,
            Path socketDirectory,
            Path logDirectory,
            WorkerSupervisor.Limits limits,
            OutputLimits output,
            Function<String, Path> arenaPaths,
            Function<SlotRef, @Nullable Slot> slots,
            Consumer<AgentEvent> events,
            AgentVoice voice,
            LongConsumer startedPids) {
        this.commands = commands;
        this.socketDirectory = socketDirectory;
        this.logDirectory = logDirectory;
        this.limits = limits;
        this.output = output;
        this.voice = voice;
        this.arenaPaths = arenaPaths;
        this.slots = slots;
        this.events = events;
        this.startedPids = startedPids;
    }

    @Override
    public synchronized void start(int generation, JobSpec job) {
        if (closed) {
            return;
        }
        try {
            Bench current = bench;
            if (current == null) {
                String folder = benches++ == 0 ? "" : "job-" + benches;
                Path sockets = Files.createDirectories(socketDirectory.resolve(folder));
                Path logs = Files.createDirectories(logDirectory.resolve(folder));
                current = new Bench(job, sockets, logs);
                bench = current;
                newest = current;
            }
            current.start(generation);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            LOG.warn("cannot start a worker for job {}", job.jobId(), e);
            events.accept(
                    new AgentEvent.WorkerExited(generation, "did not start: " + e.getMessage()));
        }
    }

    @Override
    public synchronized void stop(int generation) {
        Bench old = bench;
        bench = null;
        if (old != null) {
            old.supervisor.send(
                    ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()).build());
            old.supervisor.kill("it is not needed any more");
            closers.removeIf(thread -> !thread.isAlive());
            closers.add(Thread.ofVirtual().name("worker-close").start(() -> awaitGone(old)));
        }
    }

    /** Where the job's workers find this agent, if it does not start them. */
    private Path attachFolder(String jobId) {
        return logDirectory.toAbsolutePath().normalize().resolve("attach").resolve(jobId);
    }

    private void awaitGone(Bench old) {
        try {
            // The ladder's own time, then by force.
            Thread.sleep(limits.afterAbort().plus(limits.afterTerm()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        old.supervisor.close();
        old.services.close();
    }

    @Override
    public synchronized void kill(int generation, String reason, boolean hung) {
        Bench current = bench;
        if (current != null) {
            current.supervisor.kill(reason, hung);
        }
    }

    private synchronized @Nullable WorkerSupervisor newestSupervisor() {
        Bench last = newest;
        return last == null ? null : last.supervisor;
    }

    /** The last lines of the newest job's workers; null if there was none. */
    @Override
    public @Nullable LogPart lastLines(int lines, int mostBytes) throws IOException {
        WorkerSupervisor supervisor = newestSupervisor();
        return supervisor == null ? null : supervisor.lastLines(lines, mostBytes);
    }

    /** What they printed since; null if there was none. */
    @Override
    public @Nullable LogPart linesAfter(long worker, long offset, int mostBytes)
            throws IOException {
        WorkerSupervisor supervisor = newestSupervisor();
        return supervisor == null ? null : supervisor.linesAfter(worker, offset, mostBytes);
    }

    @Override
    public Runnable expectStacks() {
        WorkerSupervisor supervisor = newestSupervisor();
        return supervisor == null ? () -> {} : supervisor.expectStacks();
    }

    /** What the worker's processes do; empty when none runs. */
    @Override
    public List<EvidencePiece> stacks() throws InterruptedException {
        WorkerSupervisor supervisor = newestSupervisor();
        return supervisor == null ? List.of() : supervisor.stacks();
    }

    @Override
    public synchronized void replace(int generation, String reason) {
        Bench current = bench;
        if (current != null) {
            current.supervisor.killNow(reason);
            current.services.leave();
        }
    }

    @Override
    public synchronized void abort(int generation, long belowEpoch) {
        Bench current = bench;
        if (current != null) {
            current.supervisor.abort(belowEpoch);
            current.services.over(belowEpoch);
        }
    }

    @Override
    public synchronized void ask(int generation, WorkerRequest request) {
        Bench current = bench;
        if (current != null) {
            current.send(request);
        }
    }

    @Override
    public synchronized void answer(int generation, long requestId, KeyValueReply reply) {
        Bench current = bench;
        if (current != null && current.isCurrent(generation)) {
            KeyValueDoor.Asker asker = current.keyValues.answered(requestId);
            if (asker != null) {
                current.supervisor.answer(
                        asker.local(), KeyValueMessages.answer(asker.id(), reply));
            }
        }
    }

    /** The process ids of the worker, empty when none runs. */
    synchronized List<Long> pids() {
        Bench current = bench;
        return current == null ? List.of() : current.supervisor.pids();
    }

    /** Kills what runs and waits until it is gone. */
    @Override
    public void close() {
        Bench current;
        List<Thread> waiting;
        synchronized (this) {
            closed = true;
            current = bench;
            bench = null;
            waiting = List.copyOf(closers);
        }
        if (current != null) {
            current.supervisor.close();
            current.services.close();
        }
        for (Thread thread : waiting) {
            thread.interrupt();
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
