package io.coxswain.agent.app;

import io.coxswain.agent.AgentObserver;
import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.Phase;

import java.util.List;
import java.util.function.Consumer;

/**
 * Gives events to the machine and carries its effects out, in order. No threads: a loop or a
 * simulator drives it.
 */
public final class EffectRunner {
    private final AgentMachine machine;
    private final AgentPorts ports;
    private final AgentObserver observer;
    private final Consumer<AgentEffect.MayEnd> leaver;

    public EffectRunner(AgentMachine machine, AgentPorts ports, AgentObserver observer) {
        this(machine, ports, observer, end -> {});
    }

    /**
     * @param leaver told once after a notice that the process may end; must not block
     */
    public EffectRunner(
            AgentMachine machine,
            AgentPorts ports,
            AgentObserver observer,
            Consumer<AgentEffect.MayEnd> leaver) {
        this.machine = machine;
        this.ports = ports;
        this.observer = observer;
        this.leaver = leaver;
    }

    /** One event. {@code nowNanos} never falls and starts at or above zero. */
    public void handle(AgentEvent event, long nowNanos) {
        List<AgentEffect> effects = machine.step(event, nowNanos);
        for (int i = 0; i < effects.size(); i++) {
            carryOut(effects.get(i));
        }
    }

    /** When a {@link AgentEvent.Tick} is due. */
    public long nextDeadlineNanos(long nowNanos) {
        return machine.nextDeadlineNanos(nowNanos);
    }

    long termSeen() {
        return machine.termSeen();
    }

    /** Words of leaders that were succeeded, none of which was followed. */
    long staleWords() {
        return machine.staleWords();
    }

    long promisedEpoch() {
        return machine.promisedEpoch();
    }

    long floor() {
        return machine.floor();
    }

    Phase phase() {
        return machine.phase();
    }

    private void carryOut(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.Report report ->
                    ports.control().report(complete(report.report()), machine.termSeen());
            case AgentEffect.LeaveStream leave -> ports.control().leave(leave.reason());
            case AgentEffect.StartWorker start ->
                    ports.worker().start(start.generation(), start.job());
            case AgentEffect.StopWorker stop -> ports.worker().stop(stop.generation());
            case AgentEffect.KillWorker kill ->
                    ports.worker().kill(kill.generation(), kill.reason(), kill.hung());
            case AgentEffect.ReplaceWorker replace ->
                    ports.worker().replace(replace.generation(), replace.reason());
            case AgentEffect.AbortWorker abort ->
                    ports.worker().abort(abort.generation(), abort.belowEpoch());
            case AgentEffect.AskWorker ask -> ports.worker().ask(ask.generation(), ask.request());
            case AgentEffect.AnswerKeyValue answer ->
                    ports.worker().answer(answer.generation(), answer.requestId(), answer.reply());
            case AgentEffect.FenceData fence -> ports.data().fence(fence);
            case AgentEffect.ConfigureCollective view -> ports.data().configure(view);
            case AgentEffect.Reduce reduce -> ports.data().reduce(reduce);
            case AgentEffect.Gather gather -> ports.data().gather(gather);
            case AgentEffect.PushCopy push -> ports.data().push(push);
            case AgentEffect.CancelPushes cancel -> ports.data().cancelPushes(cancel.slot());
            case AgentEffect.FetchState fetch -> ports.data().fetch(fetch);
            case AgentEffect.CreateFile create ->
                    ports.arena().create(create.file(), create.shape());
            case AgentEffect.DeleteFile delete -> ports.arena().delete(delete.file());
            case AgentEffect.FreeSlot free -> ports.arena().free(free.slot());
            case AgentEffect.InspectFile inspect -> ports.arena().inspect(inspect.file());
            case AgentEffect.ShareState share -> ports.arena().share(share.state(), share.slot());
            case AgentEffect.UnshareState unshare -> ports.arena().unshare(unshare.state());
            case AgentEffect.HoldCopies hold ->
                    ports.arena().holdCopies(hold.jobId(), hold.shard(), hold.file());
            case AgentEffect.ReleaseCopies release ->
                    ports.arena().releaseCopies(release.shard(), release.file(), release.forget());
            case AgentEffect.DropCopy drop -> ports.arena().dropCopy(drop.state(), drop.slot());
            case AgentEffect.AdmitCopies admit -> ports.arena().admitCopies(admit.epoch());
            case AgentEffect.MayEnd end -> leaver.accept(end);
            case AgentEffect.Reached reached ->
                    observer.reached(new AgentObserver.Coordinate(reached.step(), reached.phase()));
        }
    }

    /** Whom a collective operation waits for is known outside the machine only. */
    private AgentReport complete(AgentReport report) {
        if (report instanceof AgentReport.Heartbeat beat
                && (beat.operation().equals("reduce") || beat.operation().equals("gather"))) {
            return new AgentReport.Heartbeat(
                    beat.sequence(),
                    beat.answered(),
                    beat.jobTimeNanos(),
                    beat.operation(),
                    beat.step(),
                    ports.data().waitingForRanks(),
                    beat.operationNanos(),
                    beat.entered(),
                    beat.waitsFor(),
                    beat.part());
        }
        return report;
    }
}
