package io.coxswain.chaos.scenario;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.EnumSet;

/** The first half of a sentence: when. Its methods are the verbs. */
public final class When {
    private static final Duration STOPPED = Duration.ofMillis(150);
    private static final Duration RUNNING = Duration.ofMillis(50);

    /** How much later words come that are doubled or overtaken. */
    public static final Duration LATEST = Duration.ofMillis(200);

    private final Coordinate at;
    private final @Nullable Target subject;

    When(Coordinate at, @Nullable Target subject) {
        this.at = at;
        this.subject = subject;
    }

    private Target subject() {
        if (subject == null) {
            throw new IllegalStateException(
                    "at " + at.text() + ": nobody is named; say whom, such as kill(agent(1))");
        }
        return subject;
    }

    private Rule rule(Target victims, Fault fault) {
        return Rule.of(at, victims, fault);
    }

    /** The machine dies: agent, worker and memory. */
    public Rule kill() {
        return kill(subject());
    }

    /** These machines die, or that service's process. */
    public Rule kill(Target victims) {
        return rule(victims, new Fault.Kill(Part.HOST));
    }

    /** The worker dies, its agent lives. */
    public Rule killWorker() {
        return killWorker(subject());
    }

    /** These workers die, their agents live. */
    public Rule killWorker(Target victims) {
        return rule(victims, new Fault.Kill(Part.WORKER));
    }

    /** The worker aborts, as a runtime does that finds a bug in itself. */
    public Rule abortWorker() {
        return abortWorker(subject());
    }

    /** These workers abort. */
    public Rule abortWorker(Target victims) {
        return rule(victims, new Fault.Abort());
    }

    /** The agent's process dies, its memory stays. */
    public Rule killAgent() {
        return rule(subject(), new Fault.Kill(Part.AGENT));
    }

    /** The machine stands still, as in a long pause of its virtual machine. */
    public Rule pause() {
        return pause(subject());
    }

    /** These stand still. */
    public Rule pause(Target victims) {
        return rule(victims, new Fault.Pause(Part.HOST));
    }

    /** The agent's process stands still, its worker does not. */
    public Rule pauseAgent() {
        return rule(subject(), new Fault.Pause(Part.AGENT));
    }

    /** The worker stands still: a hang. */
    public Rule pauseWorker() {
        return rule(subject(), new Fault.Pause(Part.WORKER));
    }

    /** A notice of preemption. */
    public Rule terminate() {
        return terminate(subject());
    }

    /** A notice of preemption for these. */
    public Rule terminate(Target victims) {
        return rule(victims, new Fault.Terminate());
    }

    /** It gets a quarter of the processor. */
    public Rule starve() {
        return rule(subject(), new Fault.Starve(STOPPED, RUNNING));
    }

    /** It dies and comes back, again and again. */
    public Rule crashLoop(int times, Duration uptime) {
        return rule(subject(), new Fault.CrashLoop(times, uptime));
    }

    /** Its ZooKeeper session ends early. */
    public Rule expireSession() {
        return expireSession(subject());
    }

    /** Their ZooKeeper sessions end early. */
    public Rule expireSession(Target victims) {
        return rule(victims, new Fault.ExpireSession());
    }

    /** A bit flips at rest. */
    public Rule flipBit(Target victims, Fault.Memory memory) {
        return rule(victims, new Fault.FlipBit(memory));
    }

    /** Whatever they want to write has no room. */
    public Rule fillDisk(Target victims) {
        return rule(victims, new Fault.FillDisk());
    }

    /** They get no more memory than they have. */
    public Rule limitMemory(Target victims) {
        return rule(victims, new Fault.LimitMemory());
    }

    /** The coordinator stands still while another is elected; when it heals, it wakes. */
    public Rule usurp() {
        return rule(new Target.Coordinator(), new Fault.Usurp());
    }

    /** Somebody cancels the job, asking again until a coordinator answers. */
    public Rule cancelJob() {
        return rule(new Target.Coordinator(), new Fault.CancelJob());
    }

    /** Nothing passes between them. */
    public Rule partition(Target some, Target others) {
        return link(some, others, new LinkEffect.Cut());
    }

    /** What they send each other comes later. */
    public Rule delay(Target some, Target others, Duration latency) {
        return link(some, others, new LinkEffect.Latency(latency));
    }

    /** What they send each other comes slowly. */
    public Rule throttle(Target some, Target others, long bytesPerSecond) {
        return link(some, others, new LinkEffect.Bandwidth(bytesPerSecond));
    }

    /** Their connections are reset; both live. */
    public Rule reset(Target some, Target others) {
        return link(some, others, new LinkEffect.Reset());
    }

    /** One of their connections is reset in the middle of something. */
    public Rule cutAfter(Target some, Target others, long bytes) {
        return link(some, others, new LinkEffect.CutAfter(bytes));
    }

    /** One bit flips between them. */
    public Rule flipBitOnTheWire(Target some, Target others, long afterBytes) {
        return link(some, others, new LinkEffect.FlipBit(afterBytes));
    }

    /**
     * Words between these agents and their leader come twice, the second time up to {@link #LATEST}
     * later.
     *
     * @param probability of each word, 0 to 1
     * @param seed of which ones, and how late
     */
    public Rule duplicate(Target agents, double probability, long seed) {
        return words(agents, WordEffect.Kind.DUPLICATE, probability, LATEST, seed);
    }

    /**
     * Words between these agents and their leader are overtaken by others; see {@link #duplicate}.
     */
    public Rule reorder(Target agents, double probability, long seed) {
        return words(agents, WordEffect.Kind.REORDER, probability, LATEST, seed);
    }

    /**
     * Words between these agents and their leader come up to so much later, in their order; see
     * {@link #duplicate}.
     */
    public Rule delayMessages(Target agents, double probability, Duration latest, long seed) {
        return words(agents, WordEffect.Kind.DELAY, probability, latest, seed);
    }

    private Rule words(
            Target agents, WordEffect.Kind kind, double probability, Duration latest, long seed) {
        return rule(agents, new Fault.Words(new WordEffect(kind, probability, latest, seed)));
    }

    /** Any effect on the links between them. */
    public Rule link(Target some, Target others, LinkEffect effect) {
        return rule(some, new Fault.Link(others, EnumSet.allOf(Plane.class), false, effect));
    }

    /** Any fault. */
    public Rule bring(Target victims, Fault fault) {
        return rule(victims, fault);
    }
}
