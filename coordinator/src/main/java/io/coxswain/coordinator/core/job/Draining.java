package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.maintenance.DrainRule;
import io.coxswain.coordinator.core.maintenance.DrainRule.Copies;
import io.coxswain.coordinator.core.maintenance.DrainRule.Facts;
import io.coxswain.coordinator.core.maintenance.DrainRule.Work;
import io.coxswain.coordinator.core.maintenance.DrainWait;
import io.coxswain.coordinator.core.maintenance.Maintenance;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Members that are set aside: gets them out of ranks and duties without a step lost, as {@link
 * DrainRule} says, and tells when nothing depends on one any more.
 */
final class Draining {
    /** An attached member that is set aside. */
    private static final class Ordered {
        final Roster.Member member;
        Maintenance.Order order;

        /** It had a rank or duties: others have to have what it held before it may go. */
        boolean owes;

        /** An incident tells of it, or none has to. */
        boolean told;

        /** That it drains was said before this job was here, and it has had nothing here since. */
        boolean inherited;

        MaintenanceState state = MaintenanceState.IN_SERVICE;
        String detail = "";

        Ordered(Roster.Member member, Maintenance.Order order) {
            this.member = member;
            this.order = order;
        }
    }

    private static final Comparator<Ordered> URGENCY =
            Comparator.comparingLong((Ordered one) -> one.order.deadlineNanos())
                    .thenComparing(one -> one.order.causes().getFirst())
                    .thenComparing(one -> one.member.key);

    private final Job job;
    private final TreeMap<AgentKey, Ordered> ordered = new TreeMap<>();
    private final StepHalt halt;
    private Maintenance orders = Maintenance.NONE;
    private boolean decides = true;

    /** Whose duties are known, and of whom they are. */
    private @Nullable Placement placement;

    private final Map<AgentKey, Set<Integer>> duties = new HashMap<>();

    /** Why copies at agents that drain have no other place; empty: they have. */
    private String deficit = "";

    Draining(Job job) {
        this.job = job;
        halt = new StepHalt(job);
    }

    // ------------------------------------------------------------------ orders

    /**
     * Who is set aside from now on.
     *
     * @param inherited all of it stood before this job was here
     */
    void ordered(Maintenance next, boolean inherited) {
        orders = next;
        boolean changed = false;
        for (Roster.Member member : job.roster.all()) {
            changed |= order(member, inherited);
        }
        if (changed && !job.phase.over()) {
            reconsider();
        }
    }

    /** An agent attached: what was said of it holds. */
    void attached(Roster.Member member) {
        order(member, true);
    }

    /** It is gone. */
    void gone(Roster.Member member) {
        ordered.remove(member.key);
    }

    private boolean order(Roster.Member member, boolean inherited) {
        Maintenance.Order next = orders.of(member.key);
        Ordered known = ordered.get(member.key);
        if (next == null) {
            if (known == null) {
                return false;
            }
            ordered.remove(member.key);
            job.roster.setAside(member, false);
            tell(known, MaintenanceState.IN_SERVICE, "");
            return true;
        }
        boolean news = known == null || known.order.drains() != next.drains();
        if (known == null) {
            known = new Ordered(member, next);
            ordered.put(member.key, known);
            job.roster.setAside(member, true);
        }
        known.order = next;
        if (news) {
            known.owes = next.drains() && owesNow(member);
            known.told = false;
            known.inherited = inherited && next.drains();
        }
        return news;
    }

    private boolean owesNow(Roster.Member member) {
        return member.rank >= 0
                || !dutiesOf(member.key).isEmpty()
                || !Job.holdsNothing(member.inventory)
                || job.preparing.involves(member);
    }

    /** Ranks and duties are given anew where that changes something. */
    private void reconsider() {
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    job.arrivals.considerStart();
                } else {
                    job.preparing.capacityChanged();
                }
            }
            case ACTIVE -> job.protection.repair();
            case FENCING,
                    PLANNING,
                    RETURN_WAIT,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    FINISHING,
                    RECORDING,
                    COMPLETED,
                    FAILED,
                    CANCELLED -> {}
        }
    }

    // ------------------------------------------------------------------ what plans ask

    /**
     * Members that drain and whose ranks others can take now, in a plan made from who has answered.
     */
    Set<AgentKey> leaving() {
        List<Ordered> movers = movers();
        if (movers.isEmpty()) {
            return Set.of();
        }
        int spares = -job.spec.mesh().ranks();
        for (Roster.Member member : job.roster.all()) {
            spares += member.answered && member.eligible() ? 1 : 0;
        }
        var leaving = new HashSet<AgentKey>();
        for (int i = 0; i < Math.min(spares, movers.size()); i++) {
            leaving.add(movers.get(i).member.key);
        }
        return leaving;
    }

    /** Those that drain and have a rank, the most urgent first. */
    private List<Ordered> movers() {
        var movers = new ArrayList<Ordered>();
        for (Ordered one : ordered.values()) {
            if (one.order.drains() && one.member.rank >= 0 && one.member.eligible()) {
                movers.add(one);
            }
        }
        movers.sort(URGENCY);
        return movers;
    }

    /** It may be given no copies. */
    boolean isSetAside(Roster.Member member) {
        return ordered.containsKey(member.key);
    }

    /** Its copies are to go elsewhere. */
    boolean drains(AgentKey agent) {
        Ordered one = ordered.get(agent);
        return one != null && one.order.drains();
    }

    /** Some agent that drains was to hold copies when placements were planned last. */
    boolean anyToRehome() {
        for (Ordered one : ordered.values()) {
            if (one.order.drains() && !dutiesOf(one.member.key).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** What agents that are set aside may go on to hold; empty: nobody is. */
    Map<AgentKey, Set<Integer>> closed() {
        if (ordered.isEmpty()) {
            return Map.of();
        }
        var closed = new HashMap<AgentKey, Set<Integer>>();
        for (Ordered one : ordered.values()) {
            closed.put(one.member.key, dutiesOf(one.member.key));
        }
        return closed;
    }

    /** Copies at agents that drain stay there for want of another place; empty: they need not. */
    void deficit(String why) {
        deficit = why;
    }

    /** Nothing depends on that agent: nobody misses it. */
    boolean isDrained(Roster.Member member) {
        Ordered one = ordered.get(member.key);
        return one != null && one.state == MaintenanceState.DRAINED;
    }

    private Set<Integer> dutiesOf(AgentKey agent) {
        Placement current = job.placement;
        if (!Objects.equals(current, placement)) {
            placement = current;
            duties.clear();
            if (current != null) {
                for (CopyDuty duty : current.duties()) {
                    duties.computeIfAbsent(duty.holder().key(), key -> new HashSet<>())
                            .add(duty.shard());
                }
            }
        }
        return duties.getOrDefault(agent, Set.of());
    }

    // ------------------------------------------------------------------ what is done

    /** Whether anything may be decided: else steps go on as they do. */
    void decides(boolean may) {
        decides = may;
        if (!may) {
            halt.takeBack();
        }
    }

    /** No steps are granted: all ranks stop. */
    boolean stops() {
        return halt.isUnderWay();
    }

    /** A rank's answer to the order to stop. */
    void halted(Roster.Member member, JobEvent.StepsHaltedReported event) {
        halt.answered(member, event);
    }

    /** The stream of a member of the active view is back: it may not have heard of the stop. */
    void resend(Roster.Member member) {
        halt.resend(member);
    }

    /** What follows from the state as it is, whatever event led to it. */
    void settle() {
        if (!decides || (ordered.isEmpty() && !halt.isUnderWay())) {
            return;
        }
        halt.settle();
        boolean wanted = false;
        int before = 0;
        List<Ordered> turns = turns();
        for (int i = 0; i < turns.size(); i++) {
            Ordered one = turns.get(i);
            if (!one.order.drains()) {
                tell(one, MaintenanceState.CORDONED, "");
                continue;
            }
            Facts facts = facts(one, before);
            boolean moves = facts.work() == Work.STEPPING && facts.rank() >= 0;
            before += moves ? 1 : 0;
            switch (DrainRule.decide(facts)) {
                case DrainRule.Step.Drained() -> drained(one);
                case DrainRule.Step.Wait wait -> {
                    wanted |= wait.why().needsHalt();
                    tell(one, MaintenanceState.DRAINING, wait.why().text());
                }
                case DrainRule.Step.HaltSteps() -> {
                    wanted = true;
                    halt.begin(this::leaves);
                    tell(one, MaintenanceState.DRAINING, halt.text());
                }
                case DrainRule.Step.Move() -> {
                    move(turns.subList(i, turns.size()));
                    return;
                }
            }
        }
        if (!wanted) {
            halt.takeBack();
        }
    }

    private List<Ordered> turns() {
        var turns = new ArrayList<>(ordered.values());
        if (turns.size() > 1) {
            turns.sort(URGENCY);
        }
        return turns;
    }

    /** Its state is wanted in a slot: a member without a rank writes none there. */
    private boolean leaves(AgentKey agent) {
        return drains(agent);
    }

    private Facts facts(Ordered one, int before) {
        Roster.Member member = one.member;
        if (member.rank >= 0 || !dutiesOf(member.key).isEmpty()) {
            one.inherited = false;
        }
        return new Facts(
                work(),
                member.rank,
                job.roster.eligible() - job.spec.mesh().ranks(),
                before,
                job.preparing.involves(member),
                halt.stage(),
                copies(one),
                deficit,
                one.order.deadlineNanos() == Long.MAX_VALUE
                        ? Long.MAX_VALUE
                        : one.order.deadlineNanos() - job.now);
    }

    private Work work() {
        return switch (job.phase) {
            case ACTIVE -> Work.STEPPING;
            case FENCING, PLANNING, PERSISTING, PREPARING, ACTIVATING -> Work.CHANGING;
            case WAITING, RETURN_WAIT -> Work.WAITING;
            case FINISHING, RECORDING -> Work.FINISHING;
            case COMPLETED, FAILED, CANCELLED -> Work.NONE;
        };
    }

    private Copies copies(Ordered one) {
        if (!dutiesOf(one.member.key).isEmpty()) {
            return Copies.HELD;
        }
        return one.owes && !job.protection.secured() ? Copies.ON_THEIR_WAY : Copies.NONE;
    }

    private void drained(Ordered one) {
        one.owes = false;
        tell(one, MaintenanceState.DRAINED, "nothing depends on it: it may be ended");
        if (!one.told
                && !one.inherited
                && job.phase == JobPhase.ACTIVE
                && !job.incidents.isOpen()) {
            one.told = true;
            String id = one.member.key.id();
            job.incidents.passing(
                    Incident.Kind.PLANNED,
                    id,
                    "agent "
                            + id
                            + " is drained ("
                            + one.order.reason()
                            + "): what it held is elsewhere",
                    0);
        }
    }

    /** Plans a view without those that can go. */
    private void move(List<Ordered> turns) {
        int spares = job.roster.eligible() - job.spec.mesh().ranks();
        var reasons = new ArrayList<String>();
        long stoodNanos = halt.isUnderWay() ? job.now - job.stepping.pace.lastCompletedNanos() : 0;
        for (Ordered one : turns) {
            if (spares > 0 && one.order.drains() && one.member.rank >= 0) {
                spares--;
                one.told = true;
                String id = one.member.key.id();
                String what =
                        "agent "
                                + id
                                + " is drained ("
                                + one.order.reason()
                                + "): rank "
                                + one.member.rank
                                + " goes to a spare";
                reasons.add(what);
                job.incidents.openOrExtend(
                        Incident.Kind.PLANNED, id, what, Math.max(0, stoodNanos));
                tell(one, MaintenanceState.DRAINING, new DrainWait.Moving().text());
            }
        }
        halt.end();
        job.fencing.begin(String.join("; ", reasons));
    }

    private void tell(Ordered one, MaintenanceState state, String detail) {
        if (one.state != state || !one.detail.equals(detail)) {
            one.state = state;
            one.detail = detail;
            job.emit(new JobEffect.ReportMaintenance(one.member.key, state, detail));
        }
    }
}
