package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.placement.PlacementDecision;
import io.coxswain.coordinator.core.placement.PlacementMemory;
import io.coxswain.coordinator.core.placement.PlacementPlanner;
import io.coxswain.coordinator.core.placement.PlacementProblem;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Who holds copies of whom, and who held what last: the latter names what was lost. */
final class Protection {
    private final Job job;

    /** Newest step by agent, by shard, of members and holders of the last active view. */
    private final TreeMap<Integer, TreeMap<String, Long>> lastHeld = new TreeMap<>();

    private final PlacementMemory memory;
    private long effectiveStep;

    /** Placements of the active view that are not durable yet, and told to nobody. */
    private int undurable;

    /**
     * The placement is another leader's and was not looked at yet: agents that are ready have to
     * say so first.
     */
    private boolean inherited;

    private long inheritedNanos;

    /** All that the placement asks for is where it should be once the protected step is above. */
    private long securedAbove = -1;

    /** What it survives was not told under this leader. */
    private boolean review;

    Protection(Job job) {
        this.job = job;
        memory = new PlacementMemory(job.spec.protectLevel());
    }

    /**
     * Plans who holds copies in {@code view}: spares are those that could take a rank now and have
     * none. Who is cordoned keeps what it holds; who drains keeps it only where there is no other
     * place.
     */
    PlacementDecision plan(View view, StateLayout layout, long version) {
        PlacementDecision decision = plan(view, layout, version, false);
        job.draining.deficit("");
        if (!decision.deficits().isEmpty() && job.draining.anyToRehome()) {
            PlacementDecision kept = plan(view, layout, version, true);
            if (kept.deficits().size() < decision.deficits().size()) {
                job.draining.deficit(decision.deficits().getFirst());
                return kept;
            }
        }
        return decision;
    }

    private PlacementDecision plan(View view, StateLayout layout, long version, boolean keep) {
        Map<AgentKey, Set<Integer>> closed = job.draining.closed();
        var spares = new ArrayList<AgentProfile>();
        for (Roster.Member member : job.roster.all()) {
            if (member.refusal.isEmpty()
                    && view.rankOf(member.profile, member.rank) < 0
                    && (job.draining.isSetAside(member)
                            ? member.ready()
                                    && (keep || !job.draining.drains(member.key))
                                    && !closed.getOrDefault(member.key, Set.of()).isEmpty()
                            : member.eligible())) {
                spares.add(member.profile);
            }
        }
        return PlacementPlanner.plan(
                new PlacementProblem(
                        job.spec,
                        layout,
                        withoutRoom(view),
                        spares,
                        job.roster.copiesHeld(),
                        job.placement,
                        version,
                        closed),
                memory);
    }

    /** The view as holders see it: who has no memory for copies has none to give. */
    private View withoutRoom(View view) {
        if (!job.roster.anyRefused()) {
            return view;
        }
        List<AgentProfile> members = null;
        for (Roster.Member member : job.roster.all()) {
            int rank = member.refusal.isEmpty() ? -1 : view.rankOf(member.profile, member.rank);
            if (rank >= 0) {
                members = members == null ? new ArrayList<>(view.members()) : members;
                AgentProfile full = members.get(rank);
                members.set(
                        rank, new AgentProfile(full.key(), full.dataEndpoint(), full.domain(), 0));
            }
        }
        return members == null
                ? view
                : new View(view.epoch(), view.parentEpoch(), view.baseStep(), view.mesh(), members);
    }

    /**
     * A holder has no memory for copies, whatever its budget says. It holds none from now on, and
     * another one is asked; a new incarnation of it is believed again.
     */
    void refused(Roster.Member member, String reason) {
        if (!member.refusal.isEmpty()) {
            return;
        }
        job.roster.refused(member, reason);
        if (job.phase == JobPhase.ACTIVE) {
            repair();
        } else {
            job.preparing.placementOutdated(member);
        }
    }

    /** The placement of a new view is in force, from its first snapshot on. */
    void begin(PlacementDecision decision, long baseStep) {
        undurable = 0;
        inherited = false;
        effectiveStep = baseStep;
        securedAbove = Math.max(baseStep - 1, job.protectedStep);
        installed(decision);
    }

    private void installed(PlacementDecision decision) {
        job.placement = decision.placement();
        announce(decision.placement(), decision);
    }

    private void announce(Placement placement, PlacementDecision decision) {
        var deficits = new ArrayList<>(decision.deficits());
        if (decision.refusal() != null) {
            deficits.add(decision.refusal());
        }
        if (!deficits.isEmpty()) {
            for (Roster.Member member : job.roster.all()) {
                if (!member.refusal.isEmpty()) {
                    deficits.add(
                            "agent "
                                    + member.key.id()
                                    + " has no memory for copies: "
                                    + member.refusal);
                }
            }
        }
        job.publish(
                new CoordinatorEvent.PlacementChanged(
                        job.spec.jobId(),
                        placement.epoch(),
                        placement.version(),
                        new DutyTexts(placement.duties()),
                        List.copyOf(deficits),
                        decision.survives()));
    }

    /**
     * A new view is active: what was held before says nothing any more. What its members hold is
     * looked up when it is asked for.
     */
    void viewActive() {
        lastHeld.clear();
    }

    /** A spare became ready: it may take over duties, or a rank later. */
    void admitSpare(Roster.Member member) {
        if (!member.shunned()) {
            repair();
        }
    }

    /**
     * Plans the placement again; sends it if it changed. Spares that the view has not heard of are
     * told of it.
     */
    void repair() {
        View view = job.activeView();
        StateLayout layout = job.layout;
        Placement current = job.placement;
        if (layout == null || current == null || inherited) {
            return;
        }
        PlacementDecision decision = plan(view, layout, current.version() + 1);
        boolean changed = !decision.placement().duties().equals(current.duties());
        if (changed) {
            installed(decision);
            undurable++;
            job.emit(
                    new JobEffect.PersistView(
                            JobEffect.ViewState.ACTIVE, view, decision.placement(), job.lineage));
        } else {
            if (review) {
                announce(current, decision);
            }
            if (undurable == 0) {
                introduceAll(view);
            }
        }
        review = false;
    }

    /**
     * A placement is told when it is durable: a later leader that knew of an older one would give
     * its number to another.
     */
    void persisted(JobEvent.ViewPersisted event) {
        View view = job.view;
        if (undurable == 0
                || event.state() != JobEffect.ViewState.ACTIVE
                || view == null
                || event.epoch() != view.epoch()
                || --undurable > 0
                || job.phase != JobPhase.ACTIVE) {
            return;
        }
        effectiveStep = job.stepping.newestReported() + 1;
        securedAbove = Math.max(job.stepping.floor(), job.protectedStep);
        for (Roster.Member member : job.roster.all()) {
            if (member.prepared) {
                sendPlacement(member);
            }
        }
        introduceAll(view);
    }

    /** Holders have verified all that the placement in force asks of them. */
    boolean secured() {
        return undurable == 0
                && !inherited
                && (job.spec.protectCopies() == 0 || job.protectedStep > securedAbove);
    }

    private void introduceAll(View view) {
        for (Roster.Member member : job.roster.all()) {
            if (!member.prepared && member.rank < 0 && member.eligible()) {
                member.prepared = true;
                introduce(view, member);
            }
        }
    }

    private void sendPlacement(Roster.Member member) {
        Placement placement = job.placement;
        if (placement != null && undurable == 0) {
            job.emit(new JobEffect.SendPlacement(member.key, placement, effectiveStep));
        }
    }

    /** The placement of another leader stays in force, until it is looked at. */
    void goOn(long baseStep) {
        effectiveStep = baseStep;
        inherited = true;
        inheritedNanos = job.now;
        for (Roster.Member member : job.roster.all()) {
            if (member.prepared) {
                sendPlacement(member);
            }
        }
    }

    /** Looks at a placement of another leader, once all who are there had their say. */
    void tick() {
        if (inherited
                && job.layout != null
                && (job.roster.loading() == 0
                        || job.now - inheritedNanos >= job.limits.fenceNanos())) {
            inherited = false;
            review = true;
            repair();
        }
    }

    private void introduce(View view, Roster.Member spare) {
        Placement placement = job.placement;
        if (placement != null) {
            job.emit(
                    new JobEffect.SendPrepareView(
                            spare.key,
                            view,
                            -1,
                            null,
                            null,
                            placement,
                            List.of(),
                            job.stepping.floor()));
            job.emit(
                    new JobEffect.SendStartView(
                            spare.key,
                            view.epoch(),
                            job.stepping.grantedThrough(),
                            job.stepping.grantedFloors(),
                            job.cadence.granted()));
        }
    }

    /** The stream of an agent of the active view is back: what it may have missed. */
    void resend(Roster.Member member) {
        View view = job.activeView();
        if (undurable > 0 && member.rank < 0) {
            // It is introduced anew when the placement that is on its way is durable.
            member.prepared = false;
        } else if (member.rank >= 0) {
            job.emit(
                    new JobEffect.SendStartView(
                            member.key,
                            view.epoch(),
                            job.pausing.through(),
                            job.stepping.grantedFloors(),
                            job.cadence.granted(),
                            job.pausing.holds()));
            sendPlacement(member);
        } else if (member.prepared) {
            introduce(view, member);
        }
    }

    /** True if that agent has a duty. */
    boolean holds(AgentKey key) {
        Placement placement = job.placement;
        return placement != null
                && placement.duties().stream().anyMatch(duty -> duty.holder().key().equals(key));
    }

    /** A verified copy. */
    void held(Roster.Member member, HeldState copy) {
        member.copies.note(copy.name().shard(), copy.name().step());
        note(copy.name().shard(), member.key.id(), copy.name().step());
    }

    private void note(int shard, String agent, long step) {
        lastHeld.computeIfAbsent(shard, key -> new TreeMap<>()).merge(agent, step, Math::max);
    }

    /** An inventory names steps that somebody was at. */
    void seen(Inventory inventory) {
        if (inventory.live() != null) {
            job.newestSeen = Math.max(job.newestSeen, inventory.live().name().step());
        }
        seen(inventory.snapshots());
        seen(inventory.copies());
    }

    // By index: of each agent's inventory, whose lists' iterators would be half of the garbage.
    private void seen(List<HeldState> states) {
        for (int i = 0; i < states.size(); i++) {
            job.newestSeen = Math.max(job.newestSeen, states.get(i).name().step());
        }
    }

    /** Who held those shards last, for a person. */
    String lastHolders(List<Integer> shards) {
        View view = job.view;
        if (view != null) {
            for (int rank = 0; rank < view.members().size(); rank++) {
                note(
                        view.mesh().shardOf(rank),
                        view.members().get(rank).key().id(),
                        job.stepping.doneBy(rank));
            }
        }
        var texts = new ArrayList<String>();
        for (int shard : shards) {
            var who = new ArrayList<String>();
            for (Map.Entry<String, Long> entry :
                    lastHeld.getOrDefault(shard, new TreeMap<>()).entrySet()) {
                Roster.Member here = job.roster.attachedAs(entry.getKey());
                String where =
                        here == null
                                ? "gone"
                                : here.answered ? "attached without it" : "attached but silent";
                who.add(entry.getKey() + " (step " + entry.getValue() + ", " + where + ")");
            }
            texts.add(
                    "shard "
                            + shard
                            + " was last held by "
                            + (who.isEmpty() ? "nobody" : String.join(", ", who)));
        }
        return String.join("; ", texts);
    }

    /** Duties in words, rendered when somebody reads them: there may be tens of thousands. */
    private static final class DutyTexts extends AbstractList<String> {
        private final List<CopyDuty> duties;

        DutyTexts(List<CopyDuty> duties) {
            this.duties = duties;
        }

        @Override
        public String get(int index) {
            CopyDuty duty = duties.get(index);
            return "rank " + duty.sourceRank() + " → " + duty.holder().key().id();
        }

        @Override
        public int size() {
            return duties.size();
        }
    }
}
