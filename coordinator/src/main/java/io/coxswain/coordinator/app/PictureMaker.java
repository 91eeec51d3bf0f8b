package io.coxswain.coordinator.app;

import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.QueuedJob;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Makes pictures in the decision loop and publishes them: four times a second while something
 * happens, at once when a phase changed, though never more than twenty times, and once a second
 * when nothing does. Owned by the decision loop.
 */
final class PictureMaker {
    static final long CALM_NANOS = 1_000_000_000L;
    static final long BUSY_NANOS = 250_000_000L;
    static final long URGENT_NANOS = 50_000_000L;
    private static final long MILLI = 1_000_000L;

    /** A wall clock that was set is followed; one that ticks unevenly is not. */
    private static final long DRIFT_MILLIS = 200;

    private final String coordinatorId;
    private final PicturePort port;
    private final JobDesk desk;
    private final Roster roster;
    private final MaintenanceDesk maintenance;
    private final AgentPictures agents;
    private @Nullable JobPicture ended;
    private @Nullable Blocked endedBlocked;
    private long sequence;
    private long madeNanos;
    private long dueNanos;
    private boolean made;
    private long wallOffsetMillis = Long.MIN_VALUE;
    private Situation shown = new Situation("", 0, "", "", 0);
    private String standing = "standby";
    private long standingSinceNanos;
    private long fenced;

    /** What must be seen at once when it changes. */
    private record Situation(String standing, long term, String job, String phase, long changes) {}

    PictureMaker(
            String coordinatorId,
            PicturePort port,
            JobDesk desk,
            Roster roster,
            MaintenanceDesk maintenance) {
        this.maintenance = maintenance;
        this.agents = new AgentPictures(maintenance);
        this.coordinatorId = coordinatorId;
        this.port = port;
        this.desk = desk;
        this.roster = roster;
    }

    /** Something may have changed. */
    void touched(String nowStanding, long term, long nowNanos) {
        if (!nowStanding.equals(standing) || !made) {
            standing = nowStanding;
            standingSinceNanos = nowNanos;
        }
        long wait = situation(term).equals(shown) ? BUSY_NANOS : URGENT_NANOS;
        dueNanos = Math.min(dueNanos, madeNanos + wait);
    }

    private Situation situation(long term) {
        JobRun run = desk.run();
        RunFigures figures = run == null ? null : run.figures();
        return run == null
                ? new Situation(standing, term, ended == null ? "" : ended.id(), "", 0)
                : new Situation(
                        standing,
                        term,
                        run.jobId(),
                        run.machine().phase().name(),
                        figures == null ? 0 : figures.changes());
    }

    long nextDeadlineNanos() {
        return made ? dueNanos : Long.MAX_VALUE;
    }

    /** Makes one if it is due; the first one at once. */
    void advance(long term, long nowNanos) {
        if (!made || dueNanos <= nowNanos) {
            make(term, nowNanos);
        }
    }

    /** Makes one whether it is due or not. */
    void make(long term, long nowNanos) {
        made = true;
        shown = situation(term);
        madeNanos = nowNanos;
        dueNanos = nowNanos + CALM_NANOS;
        LongUnaryOperator wall = wallMillis(nowNanos);
        JobRun run = desk.run();
        JobPictures pictures = run == null ? null : run.pictures();
        JobPicture job = pictures == null ? ended : pictures.picture(nowNanos, wall);
        RunFigures figures = run == null ? null : run.figures();
        KnownLeader leader = leads() ? new KnownLeader(coordinatorId, "") : port.leader();
        int straggler = figures == null ? -1 : figures.statistics().straggler().rank();
        port.publish(
                new Picture(
                        ++sequence,
                        wall.applyAsLong(nowNanos),
                        coordinatorId,
                        standing,
                        leads() ? term : 0,
                        blocked(run, nowNanos, wall),
                        job,
                        queued(),
                        agents.pictures(roster, run, straggler, nowNanos),
                        agents.cellMillis(),
                        fenced,
                        leader.id(),
                        leader.page(),
                        maintenance.all()));
    }

    private boolean leads() {
        return standing.equals("leading") || standing.equals("suspended");
    }

    private Blocked blocked(@Nullable JobRun run, long nowNanos, LongUnaryOperator wall) {
        long since = wall.applyAsLong(standingSinceNanos);
        if (!leads()) {
            return new Blocked(
                    standing.equals("standby"),
                    standing.equals("standby")
                            ? "standby: this coordinator does not lead"
                            : "this coordinator has stopped",
                    since,
                    List.of(),
                    standing.equals("standby")
                            ? "look at the one that leads; this one takes over when it is elected"
                            : "");
        }
        if (run != null) {
            return BlockedRule.of(
                    run, run.machine(), roster, standing.equals("suspended"), nowNanos, wall);
        }
        var takeover = desk.takeover();
        if (takeover != null) {
            return new Blocked(
                    false,
                    "a new leader waits for "
                            + takeover.missing()
                            + " members of job "
                            + takeover.spec().jobId(),
                    since,
                    List.of(),
                    "they find it by themselves; who does not come within seconds is replaced");
        }
        Blocked last = endedBlocked;
        if (desk.waiting() > 0) {
            return new Blocked(
                    false,
                    "the next job waits to be recorded",
                    since,
                    List.of("ZooKeeper"),
                    "it starts when its record is durable");
        }
        return last != null
                ? last
                : new Blocked(true, "no job was submitted", since, List.of(), "submit one");
    }

    private List<QueuedJob> queued() {
        var queued = new ArrayList<QueuedJob>();
        for (JobBook.Waiting job : desk.queue()) {
            queued.add(
                    new QueuedJob(
                            job.spec.jobId(),
                            job.spec.name(),
                            desk.book().position(job.spec.jobId()),
                            job.spec.mesh().ranks(),
                            job.spec.steps(),
                            job.hold.holds() ? PauseDesk.heldInQueue(job.hold) : ""));
        }
        return queued;
    }

    /** A job is over: its last picture stays until the next one starts. */
    void over(JobRun run, long nowNanos) {
        JobPictures pictures = run.pictures();
        if (pictures != null) {
            LongUnaryOperator wall = wallMillis(nowNanos);
            ended = pictures.picture(nowNanos, wall);
            endedBlocked = BlockedRule.of(run, run.machine(), roster, false, nowNanos, wall);
        }
    }

    /** The term is over: nothing of it is true any more. */
    void forget() {
        ended = null;
        endedBlocked = null;
        agents.clear();
    }

    /** A word was dropped, since its stream or its incarnation counts no more. */
    void fenced() {
        fenced++;
    }

    /** The trace of an incident; empty: none. */
    String traceId(String jobId, int incident) {
        return port.traceId(jobId, incident);
    }

    /** The wall time of instants of the loop's clock, as of now. */
    LongUnaryOperator wallMillis(long nowNanos) {
        long offset = port.wallMillis() - Math.floorDiv(nowNanos, MILLI);
        if (wallOffsetMillis == Long.MIN_VALUE
                || Math.abs(offset - wallOffsetMillis) > DRIFT_MILLIS) {
            wallOffsetMillis = offset;
        }
        long known = wallOffsetMillis;
        return atNanos -> Math.floorDiv(atNanos, MILLI) + known;
    }
}
