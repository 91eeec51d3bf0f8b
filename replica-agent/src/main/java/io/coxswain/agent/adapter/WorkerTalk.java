package io.coxswain.agent.adapter;

import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.host.AnswerRule;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.control.v1.LeafDigest;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/**
 * What a worker is asked and answers, however many processes it has: a request goes to all of them,
 * and their answers are one when the last has come. A fault is the worker's at once, since the
 * others may wait for the one that failed. Not thread-safe.
 */
final class WorkerTalk {
    private static final String GROUP_BROKEN = "group_broken";

    /** More names than a job may have say nothing new. */
    private static final int MOST_NAMES = 256;

    private final int processes;
    private final Function<SlotRef, @Nullable Slot> slots;
    private final Map<Long, Asked> underWay = new HashMap<>();

    /** By which local rank each metric is told: the lowest that has it. */
    private final Map<String, Integer> metricNames = new HashMap<>();

    private @Nullable RankParts parts;

    /** Of the rank that was taken last. */
    private String region = "";

    private int shard;

    /** A request that waits for answers. */
    private static final class Asked {
        final WorkerRequest request;
        final List<ToWorker> sent;

        /** Where the rank was when it was made: another one may be taken before it is answered. */
        final String region;

        final int shard;
        final @Nullable FromWorker[] answers;
        int missing;

        /** The machine was told of its end, by a fault that may be somebody else's. */
        boolean toldBroken;

        boolean told;

        Asked(WorkerRequest request, List<ToWorker> sent, String region, int shard) {
            this.request = request;
            this.sent = sent;
            this.region = region;
            this.shard = shard;
            this.answers = new @Nullable FromWorker[sent.size()];
            this.missing = sent.size();
        }
    }

    /**
     * What a message means.
     *
     * @param complaint how it breaks the protocol; null if it does not
     * @param answer the worker's answer; null if it is not complete
     * @param request what is answered; null for what is said unasked
     * @param sent the same as it was sent
     */
    record Heard(
            @Nullable String complaint,
            @Nullable FromWorker answer,
            @Nullable WorkerRequest request,
            @Nullable ToWorker sent) {
        static final Heard NOTHING = new Heard(null, null, null, null);

        static Heard complaint(String complaint) {
            return new Heard(complaint, null, null, null);
        }
    }

    /**
     * @param slots finds a slot of the agent's own files
     */
    WorkerTalk(int processes, Function<SlotRef, @Nullable Slot> slots) {
        this.processes = processes;
        this.slots = slots;
    }

    int processes() {
        return processes;
    }

    /** Another worker: nothing is under way. */
    void clear() {
        underWay.clear();
        metricNames.clear();
        parts = null;
    }

    /** What to send to each process. */
    List<ToWorker> ask(WorkerRequest request, ToWorker message) {
        if (request instanceof WorkerRequest.Prepare prepare) {
            region = prepare.region();
            shard = prepare.rank() % prepare.shards();
        }
        var sent = new ArrayList<ToWorker>();
        for (int local = 0; local < processes; local++) {
            sent.add(processes == 1 ? message : own(local, message));
        }
        underWay.put(message.getRequestId(), new Asked(request, sent, region, shard));
        return sent;
    }

    private ToWorker own(int local, ToWorker message) {
        ToWorker.Builder own = message.toBuilder();
        RankParts cut = parts;
        if (message.hasPrepareView() && cut != null) {
            own.getPrepareViewBuilder().setLocal(cut.part(local, shard));
        } else if (message.hasFinish() && local > 0) {
            own.getFinishBuilder().setEvaluate(false);
        }
        return own.build();
    }

    /** Of what a process measured, what no process of a lower local rank measures. */
    Metrics heard(int local, Metrics metrics) {
        if (processes == 1) {
            return metrics;
        }
        Metrics.Builder kept = metrics.toBuilder().clearValues();
        for (Metric one : metrics.getValuesList()) {
            Integer by = metricNames.get(one.getName());
            if ((by == null && metricNames.size() < MOST_NAMES) || (by != null && local < by)) {
                metricNames.put(one.getName(), local);
                by = local;
            }
            if (by != null && by == local) {
                kept.addValues(one);
            }
        }
        return kept.build();
    }

    /** Takes a message that is no metric. */
    Heard hear(int local, FromWorker message) {
        Asked asked = underWay.get(message.getRequestId());
        if (asked == null) {
            boolean unasked =
                    message.getBodyCase() == FromWorker.BodyCase.BODY_NOT_SET
                            && message.getRequestId() == 0;
            // Something that a later version says.
            return unasked ? Heard.NOTHING : notAsked(local, message);
        }
        ToWorker sent = asked.sent.get(local);
        String complaint = AnswerRule.complaint(sent, message);
        if (complaint != null) {
            return Heard.complaint(labelled(local, complaint));
        }
        if (processes == 1) {
            boolean answeredAgain = message.hasApplied() && sent.getApply().getTakeSnapshot();
            if (!answeredAgain) {
                underWay.remove(message.getRequestId());
            }
            return new Heard(null, message, asked.request, sent);
        }
        if (asked.answers[local] != null) {
            return notAsked(local, message);
        }
        asked.answers[local] = message.hasFault() ? named(local, message) : message;
        if (--asked.missing == 0) {
            underWay.remove(message.getRequestId());
        }
        FromWorker answer = answer(local, asked);
        return answer == null ? Heard.NOTHING : new Heard(null, answer, asked.request, sent);
    }

    private Heard notAsked(int local, FromWorker message) {
        return Heard.complaint(
                labelled(
                        local,
                        "%s in answer to request %s, which was not made, or answered before"
                                .formatted(
                                        message.getBodyCase().name().toLowerCase(Locale.ROOT),
                                        Long.toUnsignedString(message.getRequestId()))));
    }

    private String labelled(int local, String text) {
        return processes == 1 ? text : "local rank %d of %d: %s".formatted(local, processes, text);
    }

    private FromWorker named(int local, FromWorker message) {
        Fault fault = message.getFault();
        Fault.Builder named = fault.toBuilder().setMessage(labelled(local, fault.getMessage()));
        if (!fault.getTraceback().isEmpty()) {
            named.setTraceback(labelled(local, "\n" + fault.getTraceback()));
        }
        return message.toBuilder().setFault(named).build();
    }

    /** The worker's answer, now that this process has given its own; null if it is not due. */
    private @Nullable FromWorker answer(int local, Asked asked) {
        FromWorker newest = asked.answers[local];
        boolean snapshot = asked.request instanceof WorkerRequest.Snapshot;
        // A slot is not given up while one of them may still write there.
        if (newest != null && newest.hasFault() && !snapshot) {
            boolean broken = newest.getFault().getCode().equals(GROUP_BROKEN);
            // Who finds the group broken may be quicker than the one that broke it.
            boolean tells = !asked.told || (asked.toldBroken && !broken);
            asked.told = true;
            asked.toldBroken = broken;
            return tells ? newest : null;
        }
        if (asked.missing > 0 || asked.told) {
            return null;
        }
        asked.told = true;
        return join(asked);
    }

    private FromWorker join(Asked asked) {
        var answers = new ArrayList<FromWorker>();
        for (FromWorker one : asked.answers) {
            answers.add(Objects.requireNonNull(one));
        }
        for (FromWorker one : answers) {
            if (one.hasFault() || one.hasAborted()) {
                return one;
            }
        }
        FromWorker first = answers.getFirst();
        FromWorker.Builder whole = first.toBuilder();
        switch (first.getBodyCase()) {
            case JOB_LOADED ->
                    loaded(answers.stream().map(FromWorker::getJobLoaded).toList(), whole);
            case VIEW_PREPARED ->
                    prepared(answers.stream().map(FromWorker::getViewPrepared).toList(), whole);
            case EXECUTED ->
                    whole.setExecuted(
                            executed(answers.stream().map(FromWorker::getExecuted).toList()));
            case SNAPSHOT_COMMITTED ->
                    whole.setSnapshotCommitted(
                            committed(
                                    asked,
                                    answers.stream()
                                            .map(FromWorker::getSnapshotCommitted)
                                            .toList()));
            case FINISHED ->
                    whole.setFinished(
                            finished(answers.stream().map(FromWorker::getFinished).toList()));
            case HELLO, ABORTED, APPLIED, FAULT, METRICS, OUTPUT, EXPORT_TOLD, BODY_NOT_SET -> {}
        }
        return whole.build();
    }

    private void loaded(List<JobLoaded> all, FromWorker.Builder whole) {
        String complaint = RankParts.complaint(all);
        if (complaint != null) {
            whole.setFault(Fault.newBuilder().setCode("program_invalid").setMessage(complaint));
            return;
        }
        RankParts cut = RankParts.of(all);
        parts = cut;
        whole.setJobLoaded(cut.whole());
    }

    private static void prepared(List<ViewPrepared> all, FromWorker.Builder whole) {
        ViewPrepared first = all.getFirst();
        long bytes = 0;
        for (int local = 0; local < all.size(); local++) {
            if (!all.get(local).getDigest().equals(first.getDigest())) {
                whole.setFault(
                        Fault.newBuilder()
                                .setCode("internal")
                                .setMessage(
                                        "local rank %d loaded another state than local rank 0"
                                                .formatted(local)));
                return;
            }
            bytes += all.get(local).getLoadedBytes();
        }
        whole.setViewPrepared(first.toBuilder().setLoadedBytes(bytes));
    }

    private static Executed executed(List<Executed> all) {
        Executed first = all.getFirst();
        Executed.Builder whole = first.toBuilder();
        long samples = 0;
        long hash = 0;
        double weighted = 0;
        boolean same = true;
        for (Executed one : all) {
            samples += one.getSamples();
            hash += one.getSampleHash();
            weighted += (double) one.getLoss() * one.getSamples();
            same &= one.getLoss() == first.getLoss();
            whole.setExecuteNanos(Math.max(whole.getExecuteNanos(), one.getExecuteNanos()));
            whole.setOwnNanos(Math.max(whole.getOwnNanos(), one.getOwnNanos()));
            whole.setDataWaitNanos(Math.max(whole.getDataWaitNanos(), one.getDataWaitNanos()));
            whole.setSnapshotStallNanos(
                    Math.max(whole.getSnapshotStallNanos(), one.getSnapshotStallNanos()));
        }
        if (!same) {
            // Each told the mean of its own samples.
            whole.setLoss((float) (weighted / Math.max(1, samples)));
        }
        return whole.setSamples(samples).setSampleHash(hash).build();
    }

    private SnapshotCommitted committed(Asked asked, List<SnapshotCommitted> all) {
        SnapshotCommitted first = all.getFirst();
        for (int local = 0; local < all.size(); local++) {
            SnapshotCommitted one = all.get(local);
            if (one.getFailed()) {
                return one.toBuilder().setReason(labelled(local, one.getReason())).build();
            }
        }
        RankParts cut = parts;
        Slot slot = slots.apply(new SlotRef(asked.region, first.getSlotIndex()));
        if (cut == null || slot == null) {
            return failed(first, "its memory is gone");
        }
        try {
            return PartedSnapshot.commit(slot, cut.parts(asked.shard), all);
        } catch (IllegalArgumentException | IllegalStateException e) {
            return failed(first, String.valueOf(e.getMessage()));
        }
    }

    private static SnapshotCommitted failed(SnapshotCommitted of, String reason) {
        return of.toBuilder()
                .clearPieceTable()
                .clearChunkCrcs()
                .setFailed(true)
                .setReason(reason)
                .build();
    }

    private static Finished finished(List<Finished> all) {
        Finished.Builder whole = all.getFirst().toBuilder().clearLeaves();
        Set<List<Object>> told = new HashSet<>();
        // What several have alike, or each its own of, is told by the lowest.
        for (Finished one : all) {
            for (LeafDigest leaf : one.getLeavesList()) {
                if (told.add(List.of(leaf.getLeafIndex(), leaf.getLeaf(), leaf.getFirstBlock()))) {
                    whole.addLeaves(leaf);
                }
            }
        }
        return whole.build();
    }
}
