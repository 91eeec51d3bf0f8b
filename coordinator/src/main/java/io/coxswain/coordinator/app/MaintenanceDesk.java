package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.maintenance.Maintenance;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Agents that are taken out of service and put back: words are answered, and followed, when they
 * are durable; what agents say of themselves holds at once. Owned by the decision loop.
 */
final class MaintenanceDesk {
    private static final String LEAD_LOST =
            "leadership was lost before it was known whether it is recorded: say it again, to the"
                    + " leader";

    private final CoordinatorSettings settings;
    private final JobRun.Context context;
    private final JobDesk desk;
    private final Roster roster;
    private final MaintenanceBook book = new MaintenanceBook();

    /** How far agents are, as the running job says. */
    private final Map<AgentKey, JobEffect.ReportMaintenance> reports = new HashMap<>();

    /** What was told of agents last, by id. */
    private final TreeMap<String, CoordinatorStatus.Maintenance> told = new TreeMap<>();

    private final Set<Consumer<MaintenanceOutcome>> unanswered = new LinkedHashSet<>();
    private Maintenance inForce = Maintenance.NONE;
    private @Nullable JobRun run;
    private long epoch;

    /** Somebody may have to be told of something. */
    private boolean changed;

    MaintenanceDesk(
            CoordinatorSettings settings, JobRun.Context context, JobDesk desk, Roster roster) {
        this.settings = settings;
        this.context = context;
        this.desk = desk;
        this.roster = roster;
    }

    // ------------------------------------------------------------------ words

    /** Somebody says something of an agent. */
    void take(CoordinatorInput.Maintain said, boolean leads, boolean suspended) {
        Consumer<MaintenanceOutcome> answer = said.answer();
        if (!leads || suspended) {
            answer.accept(
                    new MaintenanceOutcome.Refused(
                            leads
                                    ? "ZooKeeper is out of reach: nothing can be recorded; say it"
                                            + " again when it is back"
                                    : "coordinator "
                                            + settings.coordinatorId()
                                            + " does not lead"));
            return;
        }
        String agent = said.word().agent();
        List<String> attached =
                roster.all().stream().map(entry -> entry.profile.key().id()).distinct().toList();
        boolean known = said.absent() || attached.contains(agent) || book.knows(agent);
        switch (book.take(said.word(), known, attached)) {
            case MaintenanceBook.Answer.Refused(String reason) ->
                    answer.accept(new MaintenanceOutcome.Refused(reason));
            case MaintenanceBook.Answer.Changed() -> record(agent, answer);
            case MaintenanceBook.Answer.Unchanged() -> {
                if (unanswered.isEmpty()) {
                    answer.accept(new MaintenanceOutcome.Accepted(of(agent)));
                } else {
                    // What it is the same as may be on its way yet.
                    record(agent, answer);
                }
            }
        }
    }

    private void record(String agent, Consumer<MaintenanceOutcome> answer) {
        List<SetAside> all = book.said();
        unanswered.add(answer);
        context.persist(
                new StoreRecord.SetAsides(all),
                () -> {
                    book.durable(all);
                    follow();
                    if (unanswered.remove(answer)) {
                        answer.accept(new MaintenanceOutcome.Accepted(of(agent)));
                    }
                });
    }

    /** An agent says that its process ends. */
    void noticed(AgentKey agent, long stream, AgentWord.Noticed notice) {
        long deadline = context.nowNanos() + Math.min(notice.leftNanos(), Long.MAX_VALUE / 4);
        if (book.noticed(agent, notice.reason(), deadline)) {
            follow();
        }
        if (of(agent, inForce.of(agent)).state() == MaintenanceState.DRAINED) {
            // Said on every new stream: the answer to the last one may be lost.
            context.agents().mayEnd(stream, context.term());
        }
    }

    /** That incarnation is gone. */
    void lost(AgentKey agent) {
        changed = true;
        reports.remove(agent);
        if (book.gone(agent)) {
            inForce = book.orders();
        }
    }

    /** An agent attached. */
    void attached() {
        changed = true;
    }

    /** The running job tells how far an agent is. */
    void reported(JobEffect.ReportMaintenance report) {
        changed = true;
        if (report.state() == MaintenanceState.IN_SERVICE) {
            reports.remove(report.agent());
        } else {
            reports.put(report.agent(), report);
        }
    }

    private void follow() {
        changed = true;
        inForce = book.orders();
        JobRun current = desk.run();
        if (current != null) {
            current.feed(new JobEvent.MaintenanceOrdered(inForce, false), context.nowNanos());
        }
    }

    /** After each input: tells what changed. */
    void settle() {
        JobRun current = desk.run();
        long view = current == null ? 0 : current.epoch();
        if (run != current) {
            run = current;
            changed = true;
            if (current == null) {
                reports.clear();
            }
        }
        changed |= view != epoch;
        epoch = view;
        if (!changed) {
            return;
        }
        changed = false;
        if (inForce.isEmpty() && told.isEmpty()) {
            return;
        }
        var now = new TreeMap<String, CoordinatorStatus.Maintenance>();
        for (CoordinatorStatus.Maintenance one : all()) {
            now.put(one.agentId(), one);
        }
        for (var one : now.values()) {
            CoordinatorStatus.Maintenance before = told.put(one.agentId(), one);
            if (isNews(before, one)) {
                publish(one);
            }
            if (!one.equals(before) && one.state() == MaintenanceState.DRAINED) {
                release(one.agentId());
            }
        }
        for (String id : List.copyOf(told.keySet())) {
            if (!now.containsKey(id)) {
                told.remove(id);
                publish(of(id));
            }
        }
    }

    // A drained agent stays one whether a job runs or not.
    private static boolean isNews(
            CoordinatorStatus.@Nullable Maintenance before, CoordinatorStatus.Maintenance now) {
        return before == null
                || before.state() != now.state()
                || !before.reason().equals(now.reason())
                || (now.state() != MaintenanceState.DRAINED
                        && !before.detail().equals(now.detail()));
    }

    private void publish(CoordinatorStatus.Maintenance one) {
        JobRun current = desk.run();
        context.publish(
                new CoordinatorEvent.MaintenanceChanged(
                        one.agentId(), one.state(), one.causes(), one.reason(), one.detail()),
                current == null ? "" : current.jobId(),
                current == null ? 0 : current.epoch(),
                current == null ? 0 : current.completedStep());
    }

    /** It waits for nothing but this. */
    private void release(String agent) {
        for (Roster.Entry entry : roster.all()) {
            AgentKey key = entry.profile.key();
            if (key.id().equals(agent) && book.isNoticed(key)) {
                context.agents().mayEnd(entry.stream, context.term());
            }
        }
    }

    // ------------------------------------------------------------------ what stands

    /** What jobs are to go by. */
    Maintenance orders() {
        return inForce;
    }

    /** All that are out of service, or on the way there, by id. */
    List<CoordinatorStatus.Maintenance> all() {
        var ids = new java.util.TreeSet<String>(inForce.agents());
        inForce.noticed().forEach(key -> ids.add(key.id()));
        var all = new ArrayList<CoordinatorStatus.Maintenance>(ids.size());
        ids.forEach(id -> all.add(of(id)));
        return all;
    }

    /** How that agent is. */
    CoordinatorStatus.Maintenance of(String agent) {
        Roster.Entry entry = roster.named(agent);
        if (entry != null) {
            AgentKey key = entry.profile.key();
            return of(key, inForce.of(key));
        }
        Maintenance.Order order = inForce.of(agent);
        if (order == null) {
            return told(agent, MaintenanceState.IN_SERVICE, null, "", false, -1);
        }
        return told(
                agent,
                order.drains() ? MaintenanceState.DRAINED : MaintenanceState.CORDONED,
                order,
                "not attached: it gets no rank and no copies when it comes",
                false,
                -1);
    }

    private CoordinatorStatus.Maintenance of(AgentKey key, Maintenance.@Nullable Order order) {
        JobRun current = desk.run();
        int rank = current == null ? -1 : current.rankOf(key);
        if (order == null) {
            return told(key.id(), MaintenanceState.IN_SERVICE, null, "", true, rank);
        }
        if (!order.drains()) {
            return told(key.id(), MaintenanceState.CORDONED, order, "", true, rank);
        }
        JobEffect.ReportMaintenance report = reports.get(key);
        if (report != null && report.state() != MaintenanceState.CORDONED && current != null) {
            return told(key.id(), report.state(), order, report.detail(), true, rank);
        }
        if (current == null && desk.takeover() == null) {
            return told(
                    key.id(),
                    MaintenanceState.DRAINED,
                    order,
                    "no job runs: it may be ended",
                    true,
                    -1);
        }
        return told(
                key.id(),
                MaintenanceState.DRAINING,
                order,
                "what it has is not known yet",
                true,
                rank);
    }

    private static CoordinatorStatus.Maintenance told(
            String agent,
            MaintenanceState state,
            Maintenance.@Nullable Order order,
            String detail,
            boolean attached,
            int rank) {
        return new CoordinatorStatus.Maintenance(
                agent,
                state,
                order == null
                        ? List.of()
                        : order.causes().stream().map(Maintenance.Cause::key).toList(),
                order == null ? "" : order.reason(),
                detail,
                attached,
                rank);
    }

    /** What is told of an agent that is out of service beside what it does; empty: it serves. */
    String detail(AgentKey key) {
        Maintenance.Order order = inForce.of(key);
        if (order == null) {
            return "";
        }
        CoordinatorStatus.Maintenance one = of(key, order);
        return one.state().key()
                + " ("
                + one.reason()
                + ")"
                + (one.detail().isEmpty() ? "" : ": " + one.detail());
    }

    /** How far that agent is; null: it serves. */
    @Nullable MaintenanceState state(AgentKey key) {
        Maintenance.Order order = inForce.of(key);
        return order == null ? null : of(key, order).state();
    }

    // ------------------------------------------------------------------ leadership

    /** What another leader recorded. */
    void load(List<SetAside> recorded) {
        book.load(recorded);
        inForce = book.orders();
        for (CoordinatorStatus.Maintenance one : all()) {
            told.put(one.agentId(), one);
        }
    }

    /** The term is over. */
    void clear() {
        book.load(List.of());
        inForce = Maintenance.NONE;
        reports.clear();
        told.clear();
        run = null;
        List<Consumer<MaintenanceOutcome>> asked = List.copyOf(unanswered);
        unanswered.clear();
        asked.forEach(answer -> answer.accept(new MaintenanceOutcome.Refused(LEAD_LOST)));
    }
}
