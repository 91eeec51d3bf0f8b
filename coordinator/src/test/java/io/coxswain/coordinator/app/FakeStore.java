package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A store in memory, fenced by a flag. Outcomes may be scripted; what is not answers as it should.
 */
public final class FakeStore implements StorePort {
    /** What happens to a write whose outcome is scripted. */
    public enum Fate {
        /** As it should. */
        LANDS,
        /** It lands, and the answer is lost. */
        LANDS_UNKNOWN,
        /** It is lost, and so is the answer. */
        LOST_UNKNOWN,
        /** No answer yet. */
        SILENT
    }

    public final Map<String, StoreRecord> records = new LinkedHashMap<>();
    public final List<StoreRecord> written = new ArrayList<>();
    public final ArrayDeque<Fate> script = new ArrayDeque<>();
    public int verified;
    private final Inputs inputs;
    private boolean deposed;

    public FakeStore(Inputs inputs) {
        this.inputs = inputs;
    }

    /** Another leader took the term. */
    public void depose() {
        deposed = true;
    }

    public <T extends StoreRecord> @Nullable T newest(Class<T> type) {
        return records.values().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .reduce((_, last) -> last)
                .orElse(null);
    }

    @Override
    public void write(long writeId, StoreRecord record) {
        Fate fate = script.poll();
        if (deposed) {
            answer(writeId, WriteOutcome.REFUSED);
        } else if (fate == null) {
            land(record);
            answer(writeId, WriteOutcome.DURABLE);
        } else {
            switch (fate) {
                case LANDS -> {
                    land(record);
                    answer(writeId, WriteOutcome.DURABLE);
                }
                case LANDS_UNKNOWN -> {
                    land(record);
                    answer(writeId, WriteOutcome.UNKNOWN);
                }
                case LOST_UNKNOWN -> answer(writeId, WriteOutcome.UNKNOWN);
                case SILENT -> {}
            }
        }
    }

    @Override
    public void verify(long writeId, StoreRecord record) {
        verified++;
        if (deposed) {
            answer(writeId, WriteOutcome.REFUSED);
        } else {
            boolean there =
                    switch (record) {
                        case StoreRecord.TermCheck _ -> true;
                        case StoreRecord.Forgotten(String job) ->
                                !records.containsKey(job + "/RESULT");
                        case StoreRecord.Spec _,
                                StoreRecord.ViewRecord _,
                                StoreRecord.Account _,
                                StoreRecord.Result _,
                                StoreRecord.Pause _,
                                StoreRecord.SetAsides _ ->
                                record.equals(records.get(key(record)));
                    };
            answer(writeId, there ? WriteOutcome.DURABLE : WriteOutcome.ABSENT);
        }
    }

    private void land(StoreRecord record) {
        if (record instanceof StoreRecord.TermCheck) {
            return;
        }
        String folder = record.jobId() + "/";
        if (!(record instanceof StoreRecord.Forgotten)) {
            records.put(key(record), record);
        } else if (records.containsKey(folder + "RESULT")) {
            records.keySet().removeIf(key -> key.startsWith(folder));
        }
        written.add(record);
    }

    private static String key(StoreRecord record) {
        return record.jobId() + "/" + record.kind();
    }

    private void answer(long writeId, WriteOutcome outcome) {
        inputs.offer(new CoordinatorInput.StoreAnswered(writeId, outcome, "fake"));
    }
}
