package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Puts a job together from what is durable and what the agents say, as another leader left it: the
 * view goes on, or a new epoch begins. Time since the account was written last is what the agents
 * say it was; where they do not, nobody led.
 */
final class Succession {
    private final Job job;
    private final Takeover takeover;
    private final FoundJob found;
    private final FoundJob.Account account;
    private final Inheritance heir;

    private Succession(Job job, Takeover takeover) {
        this.job = job;
        this.takeover = takeover;
        this.found = takeover.found();
        this.account = found.account();
        this.heir = new Inheritance(job);
    }

    /** A job whose first transition does all that follows from the takeover. */
    static Job begin(Takeover takeover, JobLimits limits, long nowNanos) {
        FoundJob found = takeover.found();
        View view = found.view();
        var job =
                new Job(
                        takeover.spec(),
                        view == null ? 1 : view.epoch() + 1,
                        limits,
                        nowNanos,
                        account(takeover, nowNanos));
        new Succession(job, takeover).run();
        return job;
    }

    // To the nanosecond: what a record lacks, or has too much, is nobody's.
    private static LedgerEntry.Resumed account(Takeover takeover, long nowNanos) {
        int slots = takeover.spec().mesh().ranks();
        FoundJob.Account account = takeover.found().account();
        Map<Category, BigInteger> categories = new EnumMap<>(Category.class);
        categories.putAll(account.categories());
        BigInteger sum = categories.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        BigInteger[] each = sum.divideAndRemainder(BigInteger.valueOf(slots));
        long booked = each[0].longValueExact();
        if (each[1].signum() != 0) {
            booked++;
            categories.merge(
                    Category.OTHER, BigInteger.valueOf(slots).subtract(each[1]), BigInteger::add);
        }
        long opened = nowNanos - Math.max(takeover.jobTimeNanos(nowNanos), booked);
        return new LedgerEntry.Resumed(
                slots, opened, opened + booked, categories, account.unsettled(), account.history());
    }

    private void run() {
        job.incidents.inherit(account.incidents());
        if (found.pause().paused()) {
            job.pausing.inherit(found.pause().reason());
        }
        for (Takeover.Present agent : takeover.present()) {
            arrive(agent);
        }
        View view = found.view();
        if (view == null) {
            told(0, true, "it had no view yet");
            offer();
            job.arrivals.considerStart();
            return;
        }
        for (AgentProfile member : view.members()) {
            Roster.Member there = job.roster.attachedAs(member.key().id());
            if (there != null && !there.key.equals(member.key())) {
                job.roster.supersede(member.key());
            }
        }
        List<AdoptionObstacle> obstacles = takeover.obstacles(job.now);
        job.inherit(view.epoch());
        history(view);
        if (obstacles.isEmpty()) {
            adopt(view);
        } else {
            renew(view, obstacles);
        }
    }

    private void arrive(Takeover.Present agent) {
        Inventory inventory = agent.inventory();
        job.heardPromise(inventory.promisedEpoch());
        Roster.Member member = job.roster.add(agent.agent());
        member.lastWordNanos = agent.atNanos();
        member.inventory(inventory);
        member.answered = true;
        job.protection.seen(inventory);
    }

    private void told(long epoch, boolean adopted, String reason) {
        job.publish(
                new CoordinatorEvent.JobTakenOver(
                        job.spec.jobId(),
                        epoch,
                        adopted,
                        job.completedStep,
                        job.protectedStep,
                        job.now - job.openedNanos,
                        takeover.isObserved()
                                ? reason
                                : reason
                                        + "; nobody who heard the job's time is there: how long"
                                        + " nobody led is not observed"));
    }

    private void offer() {
        for (Roster.Member member : job.roster.all()) {
            job.emit(new JobEffect.OfferJob(member.key));
        }
    }

    // ------------------------------------------------------------------ what was

    /** Lineage and completed steps as they are on account, and what slots did. */
    private void history(View view) {
        job.lineage = found.lineage();
        Lineage.Branch last = found.lastActive();
        if (last != null) {
            boolean ofView = account.epoch() == last.epoch();
            long before = account.completedStep();
            job.completedStep = ofView ? Math.max(before, last.baseStep()) : before;
            job.protectedStep = Math.min(account.protectedStep(), job.completedStep);
            job.slots.started(Category.CONTROLLER_WAIT);
            job.slots.inherit(job.completedStep, job.protectedStep);
            long stood = found.pause().untilNanos();
            if (!found.pause().paused() && stood > account.jobTimeNanos()) {
                // It was resumed, and its leader did not live to write that down as well.
                job.slots.all(Category.PAUSED, Math.min(job.now, job.openedNanos + stood));
            }
        }
        job.newestSeen = Math.max(job.newestSeen, job.completedStep);
        View former =
                found.isActive() || last == null
                        ? view
                        : new View(last.epoch(), 0, last.baseStep(), view.mesh(), view.members());
        job.view = last == null ? null : known(former);
        job.placement = known(found.placement());
        if (!found.isActive()) {
            job.preparing.lastPrepared = known(view);
        }
    }

    // The account is older than the view where its leader ended just then.
    private void branch(Lineage.Branch last) {
        if (account.epoch() == last.epoch()) {
            return;
        }
        long base = last.baseStep();
        job.slots.goOnFrom(base);
        if (base < job.completedStep) {
            job.publish(
                    new CoordinatorEvent.RolledBack(
                            job.spec.jobId(),
                            job.completedStep,
                            base,
                            "epoch " + last.epoch() + " started from step " + base));
        }
        job.completedStep = base;
        job.protectedStep = Math.min(job.protectedStep, base);
    }

    private View known(View view) {
        return new View(
                view.epoch(),
                view.parentEpoch(),
                view.baseStep(),
                view.mesh(),
                view.members().stream().map(this::known).toList());
    }

    private @Nullable Placement known(@Nullable Placement placement) {
        return placement == null
                ? null
                : new Placement(
                        placement.epoch(),
                        placement.version(),
                        placement.duties().stream()
                                .map(duty ->
                                        new CopyDuty(
                                                duty.shard(),
                                                duty.sourceRank(),
                                                known(duty.holder())))
                                .toList());
    }

    /** With domain and memory, where the agent is there to say them. */
    private AgentProfile known(AgentProfile recorded) {
        Takeover.Present there = takeover.of(recorded.key());
        return there == null ? recorded : there.agent();
    }

    /** What agents made that the account does not have. */
    private void catchUp(View view) {
        long floor = job.protectedStep;
        int reportEvery = 0;
        for (Takeover.Present agent : takeover.present()) {
            Standing standing = agent.standing();
            if (standing != null && standing.epoch() == view.epoch()) {
                reportEvery = Math.max(reportEvery, standing.reportEvery());
                floor = Math.max(floor, Math.min(agent.inventory().floor(), job.completedStep));
            }
        }
        heir.begin(view, job.completedStep, floor, reportEvery);
        for (Takeover.Present agent : takeover.present()) {
            Roster.Member member = job.roster.find(agent.agent().key());
            var tail = agent.inventory().tail();
            if (member == null) {
                continue;
            }
            if (!found.isActive() && !steppedIn(view, member.inventory)) {
                // The members of the view that was being prepared stand for those of the one
                // before: who was not in that has no part in its steps.
                member.rank = -1;
            }
            if (tail != null) {
                Standing standing = agent.standing();
                long since =
                        standing != null && standing.epoch() == view.epoch()
                                ? standing.sinceNanos()
                                : 0;
                heir.caughtUp(member, tail, agent.atNanos() - since);
            }
        }
        // Its record is proof that all steps were completed.
        heir.allCaughtUp(found.state() == ViewState.FINISHING ? job.spec.steps() : 0);
    }

    private static boolean steppedIn(View view, Inventory inventory) {
        var live = inventory.live();
        var tail = inventory.tail();
        return (tail != null && tail.epoch() == view.epoch())
                || (live != null && live.name().epoch() == view.epoch())
                || inventory.snapshots().stream()
                        .anyMatch(held -> held.name().epoch() == view.epoch());
    }

    // ------------------------------------------------------------------ the view goes on

    private void adopt(View recorded) {
        View view = job.activeView();
        told(recorded.epoch(), true, "all members of epoch " + recorded.epoch() + " are there");
        Lineage.Branch last = found.lastActive();
        if (last != null) {
            branch(last);
        }
        job.slots.running(Category.PRODUCTIVE);
        offer();
        catchUp(view);
        if (job.phase != JobPhase.WAITING) {
            return;
        }
        long through = job.completedStep;
        var floors = new TreeMap<Long, Long>();
        int every = 0;
        SnapshotInterval interval = SnapshotInterval.PLANNED;
        for (Takeover.Present agent : takeover.present()) {
            Roster.Member member = job.roster.find(agent.agent().key());
            Standing standing = agent.standing();
            if (member == null) {
                continue;
            }
            if (member.rank < 0) {
                member.prepared = member.inventory.promisedEpoch() == view.epoch();
            } else if (standing != null) {
                member.prepared = true;
                through = Math.max(through, standing.through());
                if (every == 0 || standing.interval().after() > interval.after()) {
                    every = standing.snapshotEvery();
                    interval = standing.interval();
                }
                for (GrantedFloor granted : standing.floors()) {
                    floors.put(granted.through(), granted.floor());
                }
                if (standing.idle() || !standing.started()) {
                    job.slots.stretch(member.rank, Category.CONTROLLER_WAIT, job.now);
                }
            }
        }
        job.begin(JobPhase.ACTIVE, "taken over: all members of the view are there");
        var granted = new ArrayList<GrantedFloor>();
        floors.forEach((upTo, floor) -> granted.add(new GrantedFloor(upTo, floor)));
        job.cadence.inherit(every, interval);
        heir.goOn(Math.min(through, job.spec.steps()), granted);
        job.protection.goOn(view.baseStep());
        if (last != null) {
            untold(last);
        }
        if (job.completedStep == job.spec.steps()) {
            job.finishing.begin();
        }
    }

    // A view took the place of another one, and its leader ended before the account says why.
    private void untold(Lineage.Branch last) {
        boolean replaced = account.epoch() > 0 && account.epoch() < last.epoch();
        if (replaced && account.incidents().stream().allMatch(Incident::closed)) {
            job.incidents.passing(
                    Incident.Kind.HOST,
                    "",
                    "epoch %d was begun from step %d by a leader that ended before it told why"
                            .formatted(last.epoch(), last.baseStep()),
                    0);
        }
    }

    // ------------------------------------------------------------------ a new epoch

    private void renew(View recorded, List<AdoptionObstacle> obstacles) {
        String why = "a new leader took over: " + AdoptionObstacle.texts(obstacles);
        told(recorded.epoch(), false, AdoptionObstacle.texts(obstacles));
        Lineage.Branch last = found.lastActive();
        if (last != null) {
            branch(last);
        }
        offer();
        View former = job.view;
        if (former == null) {
            heir.begin(known(recorded), 0, 0, 0);
            job.roster.all().forEach(member -> member.rank = -1);
        } else {
            catchUp(former);
        }
        if (job.phase != JobPhase.WAITING) {
            return;
        }
        for (Roster.Member member : job.roster.all()) {
            member.workerLostAtNanos = job.now;
        }
        job.begin(JobPhase.ACTIVE, "taken over");
        String agent =
                obstacles.stream()
                        .map(AdoptionObstacle::agent)
                        .filter(name -> !name.isEmpty())
                        .findFirst()
                        .orElse("");
        job.incidents.openOrExtend(
                kind(obstacles.getFirst()), agent, why, job.now - takeover.beganNanos());
        job.fencing.nobodyLed();
        job.fencing.begin(why);
    }

    // A recovery that another leader had begun goes on as what it was.
    private Incident.Kind kind(AdoptionObstacle obstacle) {
        return switch (obstacle) {
            case AdoptionObstacle.MemberMissing _, AdoptionObstacle.MemberRestarted _ ->
                    Incident.Kind.HOST;
            case AdoptionObstacle.WorkerGone _, AdoptionObstacle.GroupForming _ ->
                    Incident.Kind.SOFTWARE;
            case AdoptionObstacle.ViewUnfinished _,
                    AdoptionObstacle.MemberFenced _,
                    AdoptionObstacle.NotInView _ -> {
                List<Incident> former = account.incidents();
                boolean open = !former.isEmpty() && !former.getLast().closed();
                yield open ? former.getLast().kind() : Incident.Kind.HOST;
            }
        };
    }
}
