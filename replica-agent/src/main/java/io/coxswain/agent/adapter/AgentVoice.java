package io.coxswain.agent.adapter;

import com.google.protobuf.ByteString;

import io.coxswain.agent.worker.LogPart;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Answer;
import io.coxswain.proto.control.v1.Ask;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.Evidence;
import io.coxswain.proto.control.v1.EvidencePiece;
import io.coxswain.proto.control.v1.ExportTold;
import io.coxswain.proto.control.v1.LogCursor;
import io.coxswain.proto.control.v1.ProgramMetrics;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What a user's program says, on its way to the leader: metrics, evidence of its failures, and what
 * operators ask for. None of it decides anything, so it goes around the machine. Everything is
 * bounded: metrics to the newest of a few names once a second, evidence to a few pieces that wait
 * for a leader, questions to a few at a time.
 *
 * <p>Thread-safe; nothing blocks.
 */
final class AgentVoice implements AutoCloseable {
    /** Names that a job may have. */
    static final int MOST_METRICS = 32;

    /** Characters of a name. */
    static final int MOST_NAME = 64;

    /** Of one answer. */
    static final int MOST_ANSWER_BYTES = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(AgentVoice.class);
    private static final long BETWEEN_METRICS_NANOS = 1_000_000_000L;
    private static final int MOST_WAITING_EVIDENCE = 8;
    private static final int MOST_TRACEBACK_BYTES = 16 << 10;
    private static final int MOST_REASON = 2_000;
    private static final int MOST_PATH = 1_000;
    private static final int MOST_QUESTIONS = 32;
    private static final int ANSWERERS = 2;
    private static final int DEFAULT_LINES = 100;
    private static final int MOST_TRIES = 100;
    private static final long BETWEEN_TRIES_MILLIS = 20;

    /** The stream to the leader. */
    interface Mouth {
        /** False if nobody hears it now. */
        boolean say(AgentMessage.Builder message);
    }

    /** Where the answers to questions come from. Calls block. */
    interface Archive {
        @Nullable LogPart lastLines(int lines, int mostBytes) throws IOException;

        @Nullable LogPart linesAfter(long worker, long offset, int mostBytes) throws IOException;

        /**
         * Stacks will be asked for: the worker is not killed until the answer is run. Does not
         * block.
         */
        Runnable expectStacks();

        List<EvidencePiece> stacks() throws InterruptedException;
    }

    private final String agentId;
    private final ScheduledThreadPoolExecutor timer;
    private final ThreadPoolExecutor answerers;
    private final Map<String, Double> metrics = new LinkedHashMap<>();
    private final ArrayDeque<Evidence> waiting = new ArrayDeque<>();

    /** The newest of each process, by local rank, until a leader heard it. */
    private final TreeMap<Integer, ExportTold> exports = new TreeMap<>();

    private volatile @Nullable Mouth mouth;
    private volatile @Nullable Archive archive;
    private String metricsJob = "";
    private long metricsStep;
    private boolean metricsFresh;
    private boolean metricsRefused;
    private long metricsSaidNanos;
    private boolean flushDue;

    AgentVoice(String agentId) {
        this.agentId = agentId;
        this.metricsSaidNanos = System.nanoTime() - BETWEEN_METRICS_NANOS;
        this.timer =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().daemon().name("agent-voice-" + agentId).factory());
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        this.answerers =
                new ThreadPoolExecutor(
                        ANSWERERS,
                        ANSWERERS,
                        10,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(MOST_QUESTIONS),
                        Thread.ofPlatform().daemon().name("agent-answers-" + agentId).factory());
        answerers.allowCoreThreadTimeOut(true);
    }

    /** The other parts are made after this one. */
    void connect(Mouth to, Archive from) {
        archive = from;
        mouth = to;
    }

    // ---------------------------------------------------------------- metrics

    /** Takes what the program measured; the leader hears it within a second. */
    synchronized void metrics(String jobId, Metrics said) {
        if (!jobId.equals(metricsJob)) {
            metricsJob = jobId;
            metrics.clear();
            metricsRefused = false;
        }
        for (Metric one : said.getValuesList()) {
            String name = one.getName();
            boolean fits =
                    !name.isEmpty()
                            && name.length() <= MOST_NAME
                            && (metrics.containsKey(name) || metrics.size() < MOST_METRICS);
            if (fits) {
                metrics.put(name, one.getValue());
                metricsFresh = true;
            } else if (!metricsRefused) {
                metricsRefused = true;
                LOG.warn(
                        "a metric of job {} is left out, and further ones without a word: '{}'; a"
                                + " job may have {} names of 1 to {} characters",
                        jobId,
                        name.substring(0, Math.min(name.length(), MOST_NAME)),
                        MOST_METRICS,
                        MOST_NAME);
            }
        }
        metricsStep = Math.max(said.getStep(), 0);
        if (!metricsFresh || flushDue) {
            return;
        }
        long left = metricsSaidNanos + BETWEEN_METRICS_NANOS - System.nanoTime();
        if (left <= 0) {
            sayMetrics();
        } else {
            flushLater(left);
        }
    }

    private void flushLater(long nanos) {
        try {
            var unusedFuture = timer.schedule(this::flushAtLast, nanos, TimeUnit.NANOSECONDS);
            flushDue = true;
        } catch (RejectedExecutionException e) {
            LOG.debug("the agent is closing");
        }
    }

    private synchronized void flushAtLast() {
        flushDue = false;
        flush();
    }

    /** Says now what has not been said: metrics, and evidence that found no leader. */
    synchronized void flush() {
        Mouth open = mouth;
        while (open != null && !waiting.isEmpty()) {
            if (!open.say(AgentMessage.newBuilder().setEvidence(waiting.peekFirst()))) {
                break;
            }
            waiting.removeFirst();
        }
        while (open != null && !exports.isEmpty()) {
            if (!open.say(
                    AgentMessage.newBuilder().setExportTold(exports.firstEntry().getValue()))) {
                break;
            }
            exports.pollFirstEntry();
        }
        if (metricsFresh) {
            sayMetrics();
        }
        if ((metricsFresh || !waiting.isEmpty() || !exports.isEmpty()) && !flushDue) {
            flushLater(BETWEEN_METRICS_NANOS);
        }
    }

    private void sayMetrics() {
        metricsSaidNanos = System.nanoTime();
        Mouth open = mouth;
        boolean said =
                open != null
                        && open.say(
                                AgentMessage.newBuilder()
                                        .setProgramMetrics(
                                                ProgramMetrics.newBuilder()
                                                        .setJobId(metricsJob)
                                                        .setStep(metricsStep)
                                                        .putAllValues(metrics)));
        metricsFresh = !said;
        if (metricsFresh && !flushDue) {
            flushLater(BETWEEN_METRICS_NANOS);
        }
    }

    // ---------------------------------------------------------------- evidence

    /** A request failed: the whole traceback, if the program tells one. */
    void fault(String jobId, long step, Fault fault) {
        ByteString whole = fault.getTracebackBytes();
        if (whole.isEmpty()) {
            return;
        }
        // Its end says what it was.
        int cut = Math.max(0, whole.size() - MOST_TRACEBACK_BYTES);
        evidence(
                jobId,
                step,
                fault.getCode() + ": " + fault.getMessage(),
                List.of(
                        EvidencePiece.newBuilder()
                                .setKind("traceback")
                                .setName("traceback.txt")
                                .setContent(whole.substring(cut))
                                .setCutBytes(cut)
                                .build()));
    }

    /** Something to look at afterwards. Kept for a while where no leader hears it. */
    synchronized void evidence(String jobId, long step, String reason, List<EvidencePiece> pieces) {
        if (waiting.size() == MOST_WAITING_EVIDENCE) {
            waiting.removeFirst();
        }
        waiting.addLast(
                Evidence.newBuilder()
                        .setJobId(jobId)
                        .setStep(step)
                        .setReason(cut(reason, MOST_REASON))
                        .addAllPieces(pieces)
                        .build());
        flush();
    }

    /** What a process says of a part of the state that it exports. */
    synchronized void exported(
            String jobId, int local, io.coxswain.proto.bridge.v1.ExportTold told) {
        exports.put(
                local,
                ExportTold.newBuilder()
                        .setJobId(jobId)
                        .setStep(told.getStep())
                        .setPath(cut(told.getPath(), MOST_PATH))
                        .setReason(cut(told.getReason(), MOST_REASON))
                        .build());
        flush();
    }

    private static String cut(String text, int most) {
        return text.substring(0, Math.min(text.length(), most)).replace('\n', ' ');
    }

    // ---------------------------------------------------------------- questions

    /** Answers a question, soon. */
    void ask(Ask ask) {
        Archive from = archive;
        // What the leader says next may end the worker.
        Runnable seen =
                from != null && ask.getKind() == AskKind.ASK_KIND_STACKS
                        ? from.expectStacks()
                        : () -> {};
        try {
            answerers.execute(() -> say(answer(ask, seen)));
        } catch (RejectedExecutionException e) {
            seen.run();
            LOG.warn("too many questions at once: {} gets no answer", ask.getQuestion());
        }
    }

    private Answer.Builder answer(Ask ask, Runnable seen) {
        try {
            return answer(ask);
        } finally {
            seen.run();
        }
    }

    private void say(Answer.Builder answer) {
        try {
            for (int tries = 0; tries < MOST_TRIES; tries++) {
                Mouth open = mouth;
                if (open != null && open.say(AgentMessage.newBuilder().setAnswer(answer))) {
                    return;
                }
                // A former answer may still be on its way: they are large.
                Thread.sleep(BETWEEN_TRIES_MILLIS);
            }
            LOG.debug("the answer to question {} found no leader", answer.getQuestion());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Answer.Builder failed(Ask ask, String why) {
        return Answer.newBuilder().setQuestion(ask.getQuestion()).setError(why);
    }

    private Answer.Builder answer(Ask ask) {
        Archive from = archive;
        try {
            if (from == null) {
                return failed(ask, "agent " + agentId + " is starting");
            }
            return switch (ask.getKind()) {
                case ASK_KIND_LOG -> log(ask, from);
                case ASK_KIND_STACKS -> stacks(ask, from);
                case ASK_KIND_UNSPECIFIED, UNRECOGNIZED ->
                        failed(
                                ask,
                                "agent "
                                        + agentId
                                        + " does not know what it is asked for: it is of an older"
                                        + " version");
            };
        } catch (IOException e) {
            return failed(ask, "agent " + agentId + " cannot read the output: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(ask, "agent " + agentId + " is closing");
        } catch (RuntimeException e) {
            LOG.warn("question {} ({}) cannot be answered", ask.getQuestion(), ask.getKind(), e);
            return failed(ask, "agent " + agentId + " failed to answer: " + e);
        }
    }

    private Answer.Builder log(Ask ask, Archive from) throws IOException {
        LogPart part =
                ask.hasAfter()
                        ? from.linesAfter(
                                ask.getAfter().getWorker(),
                                ask.getAfter().getOffset(),
                                MOST_ANSWER_BYTES)
                        : from.lastLines(
                                ask.getLines() > 0 ? ask.getLines() : DEFAULT_LINES,
                                MOST_ANSWER_BYTES);
        if (part == null) {
            return failed(ask, "agent " + agentId + " has not started a worker yet");
        }
        return Answer.newBuilder()
                .setQuestion(ask.getQuestion())
                .addPieces(
                        EvidencePiece.newBuilder()
                                .setKind("log")
                                .setName("worker.log")
                                .setContent(ByteString.copyFrom(part.bytes())))
                .setNext(LogCursor.newBuilder().setWorker(part.worker()).setOffset(part.offset()))
                .setSkippedBytes(part.skippedBytes());
    }

    private Answer.Builder stacks(Ask ask, Archive from) throws InterruptedException {
        List<EvidencePiece> pieces = from.stacks();
        return pieces.isEmpty()
                ? failed(ask, "no worker of agent " + agentId + " is running now")
                : Answer.newBuilder().setQuestion(ask.getQuestion()).addAllPieces(pieces);
    }

    /** Nothing more is said. */
    @Override
    public void close() {
        timer.shutdownNow();
        answerers.shutdownNow();
    }
}
