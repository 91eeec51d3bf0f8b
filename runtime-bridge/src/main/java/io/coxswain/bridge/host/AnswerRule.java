package io.coxswain.bridge.host;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.ToWorker;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/**
 * Whether an answer belongs to its request: its kind is one that the request may have, and epoch,
 * step and slot are those of the request. An answer of an old epoch that comes late is one that
 * belongs to an old request; one that says another epoch than its request breaks the protocol.
 * {@code docs/bridge.md}, "Requests". Pure; any thread.
 */
public final class AnswerRule {
    private AnswerRule() {}

    /** What an answer, or a request, says of the state. */
    private record Named(long epoch, long step) {
        @Override
        public String toString() {
            return "epoch %s, step %s"
                    .formatted(Long.toUnsignedString(epoch), Long.toUnsignedString(step));
        }
    }

    /**
     * Compares the two.
     *
     * @return null if the answer is one that the request may have; else what is wrong with it, for
     *     a person
     */
    public static @Nullable String complaint(ToWorker request, FromWorker answer) {
        if (answer.hasFault()) {
            return null;
        }
        Named asked = asked(request);
        Named named = named(answer);
        boolean kindFits =
                switch (request.getBodyCase()) {
                    case LOAD_JOB -> answer.hasJobLoaded();
                    case PREPARE_VIEW -> answer.hasViewPrepared() || answer.hasAborted();
                    case EXECUTE -> answer.hasExecuted() || answer.hasAborted();
                    case APPLY ->
                            answer.hasApplied()
                                    || answer.hasAborted()
                                    || (answer.hasSnapshotCommitted()
                                            && request.getApply().getTakeSnapshot());
                    case SNAPSHOT -> answer.hasSnapshotCommitted() || answer.hasAborted();
                    case FINISH -> answer.hasFinished() || answer.hasAborted();
                    case WELCOME, REFUSED, SHUTDOWN, BODY_NOT_SET -> false;
                };
        if (!kindFits) {
            return "%s was answered by %s".formatted(describe(request), name(answer.getBodyCase()));
        }
        if (asked != null && named != null && !asked.equals(named)) {
            return "%s was answered by %s of %s"
                    .formatted(describe(request), name(answer.getBodyCase()), named);
        }
        if (answer.hasSnapshotCommitted()) {
            int wanted =
                    request.hasApply()
                            ? request.getApply().getSlotIndex()
                            : request.getSnapshot().getSlotIndex();
            int slot = answer.getSnapshotCommitted().getSlotIndex();
            if (slot != wanted) {
                return "%s into slot %d was answered by snapshot_committed of slot %d"
                        .formatted(describe(request), wanted, slot);
            }
        }
        return null;
    }

    /** The request in words: {@code execute of epoch 3, step 17}. */
    public static String describe(ToWorker request) {
        Named asked = asked(request);
        String kind = request.getBodyCase().name().toLowerCase(Locale.ROOT);
        return asked == null ? kind : kind + " of " + asked;
    }

    private static String name(FromWorker.BodyCase kind) {
        return kind == FromWorker.BodyCase.BODY_NOT_SET
                ? "a message of unknown kind"
                : kind.name().toLowerCase(Locale.ROOT);
    }

    private static @Nullable Named asked(ToWorker request) {
        return switch (request.getBodyCase()) {
            case PREPARE_VIEW ->
                    new Named(
                            request.getPrepareView().getEpoch(),
                            request.getPrepareView().getBaseStep());
            case EXECUTE ->
                    new Named(request.getExecute().getEpoch(), request.getExecute().getStep());
            case APPLY -> new Named(request.getApply().getEpoch(), request.getApply().getStep());
            case SNAPSHOT ->
                    new Named(request.getSnapshot().getEpoch(), request.getSnapshot().getStep());
            case FINISH -> new Named(request.getFinish().getEpoch(), request.getFinish().getStep());
            case WELCOME, REFUSED, LOAD_JOB, SHUTDOWN, BODY_NOT_SET -> null;
        };
    }

    private static @Nullable Named named(FromWorker answer) {
        return switch (answer.getBodyCase()) {
            case VIEW_PREPARED ->
                    new Named(
                            answer.getViewPrepared().getEpoch(),
                            answer.getViewPrepared().getStep());
            case EXECUTED ->
                    new Named(answer.getExecuted().getEpoch(), answer.getExecuted().getStep());
            case ABORTED ->
                    new Named(answer.getAborted().getEpoch(), answer.getAborted().getStep());
            case APPLIED ->
                    new Named(answer.getApplied().getEpoch(), answer.getApplied().getStep());
            case SNAPSHOT_COMMITTED ->
                    new Named(
                            answer.getSnapshotCommitted().getEpoch(),
                            answer.getSnapshotCommitted().getStep());
            case HELLO, JOB_LOADED, FINISHED, FAULT, METRICS, OUTPUT, EXPORT_TOLD, BODY_NOT_SET ->
                    null;
        };
    }
}
