package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.WordEffect;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Does to victims what a fault says, and undoes it. Confined to the nemesis' thread. */
final class Inflictor {
    private static final Logger LOG = LoggerFactory.getLogger(Inflictor.class);

    private static final long UNANSWERED_MILLIS = 1_000;

    private final Stage stage;
    private final ScheduledExecutorService thread;
    private final ExecutorService healers;

    /**
     * @param thread the nemesis' own
     * @param healers for what takes seconds: coordinates do not wait for it
     */
    Inflictor(Stage stage, ScheduledExecutorService thread, ExecutorService healers) {
        this.stage = stage;
        this.thread = thread;
        this.healers = healers;
    }

    /** Returns the instant at which it began. */
    long inflict(Ailment ailment, Set<String> peers) throws IOException {
        Fault fault = ailment.rule().fault();
        FaultPort port = stage.faults();
        long first = System.nanoTime();
        switch (fault) {
            case Fault.Kill _ -> {
                first = killAll(ailment.victims());
            }
            case Fault.Pause _ -> {
                for (Victim victim : ailment.victims()) {
                    port.pause(victim);
                    ailment.cures().add(() -> port.resume(victim));
                }
            }
            case Fault.Terminate _ -> {
                for (Victim victim : ailment.victims()) {
                    port.terminate(victim);
                }
            }
            case Fault.Starve starve -> {
                for (Victim victim : ailment.victims()) {
                    pulse(starve, ailment, victim);
                    ailment.cures().add(() -> port.resume(victim));
                }
            }
            case Fault.CrashLoop loop -> crash(loop, ailment, loop.times());
            case Fault.Link link -> {
                var impairment =
                        new Impairment(
                                ailment.parties(),
                                peers,
                                link.planes(),
                                link.oneWay(),
                                link.effect());
                ailment.cures().add(port.impair(impairment));
            }
            case Fault.ExpireSession _ -> {
                for (Victim victim : ailment.victims()) {
                    port.expireSession(victim.party());
                }
            }
            case Fault.FillDisk _ -> {
                for (Victim victim : ailment.victims()) {
                    ailment.cures().add(port.fillDisk(victim));
                }
            }
            case Fault.Abort _ -> {
                for (Victim victim : ailment.victims()) {
                    port.abort(victim);
                }
            }
            case Fault.LimitMemory _ -> {
                for (Victim victim : ailment.victims()) {
                    ailment.cures().add(port.limitMemory(victim));
                }
            }
            case Fault.Usurp _ -> ailment.cures().add(port.usurp());
            case Fault.CancelJob _ -> cancel();
            case Fault.Words(WordEffect effect) -> {
                for (Victim victim : ailment.victims()) {
                    ailment.cures().add(port.disturbWords(victim.party(), effect));
                }
            }
            case Fault.FlipBit(Fault.Memory memory) -> {
                int flipped = 0;
                for (Victim victim : ailment.victims()) {
                    flipped += port.flipBits(victim.party(), memory);
                }
                if (flipped == 0) {
                    throw new IOException("no committed state of that kind is there now");
                }
            }
        }
        return first;
    }

    // It may not be answered before something else heals; by then it is under way at least.
    private void cancel() throws IOException {
        try {
            healers.submit(this::cancelJob).get(UNANSWERED_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException underWay) {
            LOG.debug("the job is being cancelled");
        } catch (ExecutionException e) {
            throw new IOException("the job is not cancelled: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void cancelJob() {
        try {
            stage.faults().cancelJob();
        } catch (IOException e) {
            LOG.warn("the job is not cancelled", e);
        }
    }

    // Those that die together must not learn of each other's death: all signals go out at once.
    private long killAll(List<Victim> victims) throws IOException {
        if (victims.size() == 1) {
            return stage.faults().kill(victims.getFirst());
        }
        var deaths = new ArrayList<Future<Long>>();
        for (Victim victim : victims) {
            deaths.add(healers.submit(() -> stage.faults().kill(victim)));
        }
        long first = Long.MAX_VALUE;
        for (Future<Long> death : deaths) {
            try {
                first = Math.min(first, death.get());
            } catch (ExecutionException e) {
                throw new IOException("a kill failed: " + e.getCause(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        return first;
    }

    private void pulse(Fault.Starve starve, Ailment ailment, Victim victim) {
        if (ailment.isHealed() || thread.isShutdown()) {
            return;
        }
        FaultPort port = stage.faults();
        try {
            port.pause(victim);
        } catch (IOException e) {
            LOG.warn("cannot stop {}", victim, e);
        }
        later(
                starve.stopped().toNanos(),
                () -> {
                    try {
                        port.resume(victim);
                    } catch (IOException e) {
                        LOG.warn("cannot continue {}", victim, e);
                    }
                    later(starve.running().toNanos(), () -> pulse(starve, ailment, victim));
                });
    }

    private void crash(Fault.CrashLoop loop, Ailment ailment, int left) throws IOException {
        if (left == 0 || ailment.isHealed() || thread.isShutdown()) {
            return;
        }
        FaultPort port = stage.faults();
        for (Victim victim : ailment.victims()) {
            if (stage.alive(victim.party())) {
                port.kill(victim);
            }
            healers.execute(() -> startAgain(victim));
        }
        later(
                loop.uptime().toNanos(),
                () -> {
                    try {
                        crash(loop, ailment, left - 1);
                    } catch (IOException e) {
                        LOG.warn("the crash loop ends early", e);
                    }
                });
    }

    void startAgain(Victim victim) {
        try {
            stage.faults().startAgain(victim.party());
        } catch (IOException e) {
            LOG.warn("{} does not come back", victim.party(), e);
        }
    }

    private void later(long nanos, Runnable task) {
        try {
            var _ = thread.schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("the scenario is over", e);
        }
    }

    /** Takes the fault back. */
    void heal(Ailment ailment) {
        cure(ailment);
        switch (ailment.rule().fault()) {
            case Fault.Kill(Part part) when part != Part.WORKER -> startAgain(ailment);
            // What ended of want is started again too; what lives is left alone.
            case Fault.Terminate _, Fault.CrashLoop _, Fault.FillDisk _, Fault.LimitMemory _ ->
                    startAgain(ailment);
            case Fault.Kill _,
                    Fault.Pause _,
                    Fault.Starve _,
                    Fault.Link _,
                    Fault.ExpireSession _,
                    Fault.FlipBit _,
                    Fault.Abort _,
                    Fault.Usurp _,
                    Fault.CancelJob _,
                    Fault.Words _ -> {
                // Cured, or nothing that lasts.
            }
        }
    }

    private void startAgain(Ailment ailment) {
        ailment.victims().forEach(victim -> healers.execute(() -> startAgain(victim)));
    }

    /** Undoes what stands still or is cut; what is dead stays dead. */
    static void cure(Ailment ailment) {
        ailment.setHealed();
        for (FaultPort.Cure cure : ailment.cures()) {
            try {
                cure.heal();
            } catch (IOException e) {
                LOG.warn("a fault does not heal: {}", ailment.rule().text(), e);
            }
        }
    }
}
