package io.coxswain.agent.core;

import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which shard and step lies in which slot of the files of copies, and where the next one may go.
 * The data plane asks this while a copy arrives, so it is kept apart from the machine and guarded
 * by its caller's lock; the machine hears of every change.
 */
public final class HeldCopies {
    private static final long NO_EPOCH = -1;

    private static final class Entry {
        final StateName name;
        final SlotRef slot;

        /** The view in which it came. */
        final long epoch;

        boolean complete;

        Entry(StateName name, SlotRef slot, long epoch) {
            this.name = name;
            this.slot = slot;
            this.epoch = epoch;
        }

        boolean isCompleteIn(String file) {
            return complete && slot.file().equals(file);
        }
    }

    /** Where a copy goes, and what had to go for it. */
    public record Admission(@Nullable SlotRef slot, List<Dropped> dropped, String refusal) {
        public Admission {
            dropped = List.copyOf(dropped);
        }
    }

    /** A copy that made room. */
    public record Dropped(StateName name, SlotRef slot) {}

    private final Map<Integer, String> fileOfShard = new HashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private String job = "";

    /** The view whose copies are taken in. */
    private long epoch = NO_EPOCH;

    /** Take copies of that job's shard into that file. */
    public void hold(String jobId, int shard, String file) {
        job = jobId;
        fileOfShard.put(shard, file);
    }

    /** Take no more of that shard; what lies in its file stays known until it is dropped. */
    public void release(int shard, String file) {
        fileOfShard.remove(shard, file);
    }

    /** The machine gave the file away or deleted it. */
    public void forget(String file) {
        fileOfShard.values().remove(file);
        entries.removeIf(entry -> entry.slot.file().equals(file));
    }

    /** Between a fence and the next view nothing may change. */
    public void fence() {
        epoch = NO_EPOCH;
    }

    /** Take copies of that view in, and of no other. */
    public void admit(long viewEpoch) {
        epoch = viewEpoch;
    }

    /**
     * Finds a free slot for a copy that is about to arrive. Frees what is older than the floor. A
     * copy of a state that is here already goes into another slot: one being written never
     * overwrites a good one.
     */
    public Admission admit(StateName name, CopyTerms terms) {
        String refusal = refusal(name, terms);
        String file = fileOfShard.get(name.shard());
        if (!refusal.isEmpty() || file == null) {
            return new Admission(null, List.of(), refusal);
        }
        List<Dropped> dropped = new ArrayList<>();
        for (Entry entry : List.copyOf(entries)) {
            if (entry.isCompleteIn(file) && entry.name.step() < terms.floor()) {
                entries.remove(entry);
                dropped.add(new Dropped(entry.name, entry.slot));
            }
        }
        SlotRef slot = freeSlot(file);
        if (slot == null) {
            Entry victim = dispensable(file, terms);
            if (victim != null) {
                entries.remove(victim);
                dropped.add(new Dropped(victim.name, victim.slot));
                slot = victim.slot;
            }
        }
        if (slot == null) {
            return new Admission(
                    null,
                    dropped,
                    "no free slot for shard " + name.shard() + ": floor " + terms.floor());
        }
        entries.add(new Entry(name, slot, epoch));
        return new Admission(slot, dropped, "");
    }

    private String refusal(StateName name, CopyTerms terms) {
        if (epoch == NO_EPOCH) {
            return "a view is being prepared";
        }
        if (!name.jobId().equals(job)) {
            // A process that slept through the end of its job sends on when it wakes: neither its
            // states nor its floor are of this job.
            return "copies of job " + name.jobId() + " are not held any more";
        }
        if (terms.epoch() != epoch) {
            // So does one that slept through a view: its floor may be of an abandoned history.
            return "copies are taken in of view " + epoch + ", not of " + terms.epoch();
        }
        return fileOfShard.containsKey(name.shard())
                ? ""
                : "this agent holds no copies of shard " + name.shard();
    }

    private @Nullable SlotRef freeSlot(String file) {
        for (int index = 0; index < ArenaShape.SLOTS; index++) {
            SlotRef slot = new SlotRef(file, index);
            boolean taken = false;
            for (Entry entry : entries) {
                taken |= entry.slot.equals(slot);
            }
            if (!taken) {
                return slot;
            }
        }
        return null;
    }

    /**
     * With all slots full: the oldest copy of a step that its owner does not need, else one of a
     * state that a later view named anew.
     */
    private @Nullable Entry dispensable(String file, CopyTerms terms) {
        Entry surplus = null;
        Entry twin = null;
        for (Entry entry : entries) {
            if (!entry.isCompleteIn(file)) {
                continue;
            }
            if (!terms.needed().contains(entry.name.step())
                    && (surplus == null || entry.name.step() < surplus.name.step())) {
                surplus = entry;
            }
            for (Entry other : entries) {
                if (other.isCompleteIn(file)
                        && other.name.step() == entry.name.step()
                        && other.name.epoch() > entry.name.epoch()) {
                    twin = entry;
                }
            }
        }
        return surplus == null ? twin : surplus;
    }

    /**
     * The copy is complete, verified and committed. Returns false if nobody waits for it any more,
     * or if a fence came meanwhile: what the agent told that it holds stays as told.
     */
    public boolean received(StateName name, SlotRef slot) {
        for (Entry entry : List.copyOf(entries)) {
            if (entry.slot.equals(slot) && entry.name.equals(name)) {
                if (entry.epoch != epoch) {
                    entries.remove(entry);
                    return false;
                }
                entry.complete = true;
                return true;
            }
        }
        return false;
    }

    /**
     * The copy did not arrive whole, or was found damaged: its slot is free. Returns true if it had
     * been complete.
     */
    public boolean damaged(StateName name, SlotRef slot) {
        for (Entry entry : List.copyOf(entries)) {
            if (entry.slot.equals(slot) && entry.name.equals(name)) {
                entries.remove(entry);
                return entry.complete;
            }
        }
        return false;
    }

    /** Returns true if the copy was there and its slot may be freed now. */
    public boolean drop(StateName name, SlotRef slot) {
        return entries.removeIf(
                entry -> entry.complete && entry.slot.equals(slot) && entry.name.equals(name));
    }

    /** The file that takes copies of that state's shard, null if none does. */
    public @Nullable String fileFor(StateName name) {
        return name.jobId().equals(job) ? fileOfShard.get(name.shard()) : null;
    }

    /** Where a complete copy lies, null if there is none of that name. */
    public @Nullable SlotRef find(StateName name) {
        for (Entry entry : entries) {
            if (entry.complete && entry.name.equals(name)) {
                return entry.slot;
            }
        }
        return null;
    }
}
