package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;

import org.jspecify.annotations.Nullable;

import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * The attached agents: one incarnation of each. Found by hash, walked in the order of their keys.
 * Counts are kept, so that a start with thousands of agents is not quadratic.
 */
final class Roster {
    /** One attached incarnation. */
    static final class Member {
        final AgentProfile profile;
        final AgentKey key;

        /** Last inventory; final while {@link #answered}. */
        Inventory inventory = Inventory.EMPTY;

        /** The inventory cannot change before the next view is prepared. */
        boolean answered;

        /** The fence in progress waits for its inventory. */
        boolean awaited;

        /** Its rank in the view that is or was last active, or -1. */
        int rank = -1;

        /** It was told of the view that is active or being prepared. */
        boolean prepared;

        /** Failures to take up a view since the last one that made steps. */
        int failures;

        /** Why the last of them, in its own words. */
        String failure = "";

        /** Why it can hold no copies, empty if it can. */
        String refusal = "";

        /** How often it was found hanging in this job. */
        int hangs;

        long readyAtNanos;
        long compileNanos;

        /** Its worker was started in the incident that is open, and has no state yet. */
        boolean workerIsNew;

        long workerLostAtNanos;
        long lastWordNanos;

        /** Newest verified copy by shard. */
        final HeldCopies copies = new HeldCopies();

        /** Who was found after it, the newest first; may be gone. */
        private @Nullable Member follower;

        private @Nullable Member otherFollower;
        private boolean attached = true;
        private boolean ready;
        private @Nullable String unfit;
        private boolean shunned;

        /** It gets no rank that it does not have. */
        private boolean aside;

        Member(AgentProfile profile) {
            this.profile = profile;
            this.key = profile.key();
        }

        private boolean is(AgentKey other) {
            return attached && key.equals(other);
        }

        boolean ready() {
            return ready;
        }

        boolean fit() {
            return unfit == null;
        }

        boolean shunned() {
            return shunned;
        }

        /** It can take a rank now, or keep its own. */
        boolean eligible() {
            return ready && unfit == null && !shunned && (!aside || rank >= 0);
        }

        /** Its worker is gone, and with it the live state that its inventory may name. */
        void forgetLive() {
            inventory =
                    new Inventory(
                            inventory.promisedEpoch(),
                            false,
                            null,
                            inventory.snapshots(),
                            inventory.copies(),
                            inventory.tail(),
                            inventory.floor());
        }

        void inventory(Inventory next) {
            inventory = next;
            copies.clear();
            List<HeldState> held = next.copies();
            for (int i = 0; i < held.size(); i++) {
                copies.note(held.get(i).name().shard(), held.get(i).name().step());
            }
        }
    }

    private static final int REMEMBERED = 8;

    private final HashMap<String, Member> byId = new HashMap<>();

    /** In the order of keys. */
    private final ArrayList<Member> ordered = new ArrayList<>();

    private @Nullable Member lastFound;

    /**
     * Incarnations that a later one of the same agent replaced, newest last: a zombie must not push
     * it out again.
     */
    private final HashMap<String, ArrayDeque<String>> replaced = new HashMap<>();

    private final TreeSet<AgentKey> shunned = new TreeSet<>();
    private int eligible;
    private int loading;
    private int fit;
    private int aside;
    private int refusals;

    /**
     * O(1). Thousands of agents are asked, and answer, in one of few orders, of keys or of ranks:
     * so whoever was found after the last one before is tried first, which touches nothing but what
     * is needed anyway.
     */
    @Nullable Member find(AgentKey key) {
        Member before = lastFound;
        if (before != null) {
            Member next = before.follower;
            if (next != null && next.is(key)) {
                lastFound = next;
                return next;
            }
            Member other = before.otherFollower;
            if (other != null && other.is(key)) {
                before.follower = other;
                before.otherFollower = next;
                lastFound = other;
                return other;
            }
        }
        Member member = byId.get(key.id());
        if (member == null || !member.is(key)) {
            return null;
        }
        if (before != null) {
            before.otherFollower = before.follower;
            before.follower = member;
        }
        lastFound = member;
        return member;
    }

    /** Where that key is, or would be, as -1 - position. */
    private int position(AgentKey key) {
        int low = 0;
        int high = ordered.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = ordered.get(middle).key.compareTo(key);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1 - low;
    }

    /** The incarnation of that agent that is attached, if any. */
    @Nullable Member attachedAs(String id) {
        return byId.get(id);
    }

    /** An agent of whose id nobody is attached. */
    Member add(AgentProfile profile) {
        var member = new Member(profile);
        byId.put(member.key.id(), member);
        ordered.add(-1 - position(member.key), member);
        count(member, 1);
        return member;
    }

    void remove(Member member) {
        count(member, -1);
        refusals -= member.refusal.isEmpty() ? 0 : 1;
        member.attached = false;
        member.follower = null;
        member.otherFollower = null;
        byId.remove(member.key.id(), member);
        ordered.remove(position(member.key));
        shunned.remove(member.key);
    }

    /** That incarnation gives way to another of the same agent, for good. */
    void supersede(AgentKey key) {
        var incarnations = replaced.computeIfAbsent(key.id(), id -> new ArrayDeque<>());
        if (incarnations.size() == REMEMBERED) {
            incarnations.removeFirst();
        }
        incarnations.addLast(key.incarnation());
    }

    /** True if that incarnation gave way to another. */
    boolean superseded(AgentKey key) {
        var incarnations = replaced.get(key.id());
        return incarnations != null && incarnations.contains(key.incarnation());
    }

    /** In the order of keys. */
    Collection<Member> all() {
        return ordered;
    }

    void ready(Member member, boolean ready) {
        count(member, -1);
        member.ready = ready;
        count(member, 1);
    }

    /** {@code reason} null: fit again. */
    void unfit(Member member, @Nullable String reason) {
        count(member, -1);
        member.unfit = reason;
        count(member, 1);
    }

    void shun(Member member, boolean shun) {
        count(member, -1);
        member.shunned = shun;
        count(member, 1);
        if (shun) {
            shunned.add(member.key);
        } else {
            shunned.remove(member.key);
        }
    }

    /** From now on it gets no rank, or does again. */
    void setAside(Member member, boolean aside) {
        count(member, -1);
        member.aside = aside;
        count(member, 1);
    }

    /** Its rank in the view that is active now, or -1. */
    void rank(Member member, int rank) {
        count(member, -1);
        member.rank = rank;
        count(member, 1);
    }

    /** It has no memory for copies. */
    void refused(Member member, String reason) {
        refusals += member.refusal.isEmpty() ? 1 : 0;
        member.refusal = reason;
    }

    /** Some attached agent has no memory for copies. */
    boolean anyRefused() {
        return refusals > 0;
    }

    /** Agents left out because they failed, in order. */
    List<AgentKey> shunned() {
        return List.copyOf(shunned);
    }

    /** Who gets no rank although it could take one: to be put behind a reason to wait. */
    private String asideText() {
        var names = new ArrayList<String>();
        for (Member member : all()) {
            if (member.aside && member.rank < 0 && member.unfit == null) {
                names.add(member.key.id());
            }
        }
        return names.isEmpty()
                ? ""
                : "; "
                        + WaitReason.some(names)
                        + (names.size() == 1 ? " is" : " are")
                        + " cordoned or drained: coxswain uncordon puts one back";
    }

    /**
     * Who cannot run the job, and why, and who is not to: to be put behind a reason to wait. Empty
     * if all can.
     */
    String unfitText() {
        if (fit == size()) {
            return asideText();
        }
        var byReason = new LinkedHashMap<String, List<String>>();
        var names = new ArrayList<String>();
        for (Member member : all()) {
            if (member.unfit != null) {
                names.add(member.key.id());
                byReason.computeIfAbsent(member.unfit, _ -> new ArrayList<>()).add(member.key.id());
            }
        }
        return "; "
                + WaitReason.some(names)
                + " cannot run it: "
                + WaitReason.grouped(byReason)
                + asideText();
    }

    /** Agents that could take a rank now. */
    int eligible() {
        return eligible;
    }

    /** Agents that may yet become ready. */
    int loading() {
        return loading;
    }

    /** Attached agents that did not say they cannot run the job. */
    int fit() {
        return fit;
    }

    /** Of these, who gets no rank and has none. */
    int aside() {
        return aside;
    }

    int size() {
        return ordered.size();
    }

    /** Shards of which attached agents hold copies, by agent; changes with the roster. */
    Map<AgentKey, Set<Integer>> copiesHeld() {
        return new CopiesHeld();
    }

    /** Made anew for each plan, so it copies nothing. */
    private final class CopiesHeld extends AbstractMap<AgentKey, Set<Integer>> {
        @Override
        public @Nullable Set<Integer> get(@Nullable Object key) {
            Member member = key instanceof AgentKey agent ? find(agent) : null;
            return member == null || member.copies.isEmpty() ? null : member.copies.shards();
        }

        @Override
        public boolean containsKey(@Nullable Object key) {
            return get(key) != null;
        }

        @Override
        public Set<Entry<AgentKey, Set<Integer>>> entrySet() {
            var entries = new LinkedHashSet<Entry<AgentKey, Set<Integer>>>();
            forEach((key, shards) -> entries.add(Map.entry(key, shards)));
            return entries;
        }

        @Override
        public void forEach(BiConsumer<? super AgentKey, ? super Set<Integer>> action) {
            for (Member member : ordered) {
                if (!member.copies.isEmpty()) {
                    action.accept(member.key, member.copies.shards());
                }
            }
        }
    }

    private void count(Member member, int by) {
        eligible += member.eligible() ? by : 0;
        loading += !member.ready && member.unfit == null ? by : 0;
        fit += member.unfit == null ? by : 0;
        aside += member.unfit == null && member.aside && member.rank < 0 ? by : 0;
    }
}
