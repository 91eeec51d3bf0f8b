package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.app.ArenaPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.HeldCopies;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.chaos.simulation.worker.SimWorker;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The agent's arena behind its port, and the shelf of copies: what the data plane may read and
 * where it may write, as {@link HeldCopies} decides.
 */
final class AgentMemory implements ArenaPort {
    private static final long CREATE_NANOS = 2_000_000L;

    private final SimAgent agent;
    private final Arena arena;
    private final Facts facts;
    private final Randomness random;
    private final HeldCopies held = new HeldCopies();
    private final Map<StateName, SlotRef> shared = new LinkedHashMap<>();
    private final Set<String> making = new HashSet<>();
    private final Set<String> doomed = new HashSet<>();
    private @Nullable DataEnd data;

    AgentMemory(SimAgent agent, Arena arena, Facts facts, Randomness random) {
        this.agent = agent;
        this.arena = arena;
        this.facts = facts;
        this.random = random;
    }

    void transfers(DataEnd end) {
        data = end;
    }

    int kept() {
        return shared.size() + making.size() + doomed.size();
    }

    Arena arena() {
        return arena;
    }

    private void tell(long delay, String label, AgentEvent event) {
        agent.kernel().after(delay, label, () -> agent.deliver(() -> agent.post(event)));
    }

    @Override
    public void create(String file, ArenaShape shape) {
        agent.called();
        making.add(file);
        agent.kernel()
                .after(
                        random.between(CREATE_NANOS / 4, CREATE_NANOS),
                        "create",
                        () -> make(file, shape));
    }

    private void make(String file, ArenaShape shape) {
        if (!agent.isAlive()) {
            return;
        }
        making.remove(file);
        boolean unwanted = doomed.remove(file);
        if (!unwanted) {
            var made =
                    arena.create(
                            file, shape.slots(), shape.tensorBytes(), shape.gradientBuffers() > 0);
            AgentEvent told =
                    made == null
                            ? new AgentEvent.FileFailed(file, "no room")
                            : new AgentEvent.FileReady(file);
            agent.deliver(() -> agent.post(told));
        }
    }

    @Override
    public void delete(String file) {
        agent.called();
        if (making.contains(file)) {
            doomed.add(file);
            return;
        }
        held.forget(file);
        shared.values().removeIf(slot -> slot.file().equals(file));
        DataEnd transfers = data;
        Arena.File gone = arena.file(file);
        if (gone != null) {
            if (transfers != null) {
                transfers.cancel(slot -> slot.file().equals(file), "its memory goes");
            }
            for (Arena.Cell cell : gone.cells()) {
                givenUp(cell);
            }
            arena.delete(file);
        }
    }

    private void givenUp(Arena.Cell cell) {
        StateName name = cell.name();
        if (cell.isCommitted() && name != null) {
            JobHistory job = facts.job(name.jobId());
            if (job != null) {
                facts.freed(job, agent, cell);
            }
        }
    }

    @Override
    public void free(SlotRef slot) {
        agent.called();
        release(slot);
    }

    private void release(SlotRef slot) {
        Arena.Cell cell = arena.cell(slot);
        if (cell != null) {
            givenUp(cell);
            cell.free();
        }
    }

    @Override
    public void inspect(String file) {
        agent.called();
        agent.kernel()
                .after(
                        random.between(100_000, CREATE_NANOS),
                        "inspect",
                        () -> {
                            if (agent.isAlive()) {
                                var found = SimWorker.inspect(arena, file, facts, agent.name());
                                agent.deliver(() ->
                                        agent.post(new AgentEvent.FileInspected(file, found)));
                            }
                        });
    }

    @Override
    public void share(StateName state, SlotRef slot) {
        agent.called();
        shared.put(state, slot);
    }

    @Override
    public void unshare(StateName state) {
        agent.called();
        shared.remove(state);
    }

    @Override
    public void holdCopies(String jobId, int shard, String file) {
        agent.called();
        held.hold(jobId, shard, file);
    }

    @Override
    public void releaseCopies(int shard, String file, boolean forget) {
        agent.called();
        held.release(shard, file);
        if (forget) {
            held.forget(file);
        }
    }

    @Override
    public void dropCopy(StateName state, SlotRef slot) {
        agent.called();
        if (held.drop(state, slot)) {
            release(slot);
        }
    }

    @Override
    public void admitCopies(long epoch) {
        agent.called();
        held.admit(epoch);
    }

    // ---------------------------------------------------------------- the data plane's side

    void fenceCopies() {
        held.fence();
    }

    /** The committed slot that peers may read under that name, null if there is none. */
    @Nullable SlotRef find(StateName state) {
        SlotRef slot = shared.get(state);
        if (slot == null) {
            slot = held.find(state);
        }
        Arena.Cell cell = slot == null ? null : arena.cell(slot);
        return cell != null && cell.isCommitted() ? slot : null;
    }

    /** A slot for a copy that is about to come, null to refuse it. */
    @Nullable SlotRef admit(StateName state, CopyTerms terms) {
        HeldCopies.Admission admission = held.admit(state, terms);
        for (HeldCopies.Dropped dropped : admission.dropped()) {
            release(dropped.slot());
            tell(0, "dropped", new AgentEvent.CopyDropped(dropped.name(), dropped.slot()));
        }
        SlotRef slot = admission.slot();
        Arena.Cell cell = slot == null ? null : arena.cell(slot);
        if (slot == null || cell == null) {
            if (slot != null) {
                held.damaged(state, slot);
            }
            return null;
        }
        if (cell.stage() != Arena.Stage.EMPTY) {
            cell.free();
        }
        cell.begin(state);
        return slot;
    }

    /** The copy is whole and verified. False if nobody waits for it any more. */
    boolean received(StateName state, SlotRef slot) {
        return held.received(state, slot);
    }

    void damaged(StateName state, SlotRef slot) {
        held.damaged(state, slot);
        Arena.Cell cell = arena.cell(slot);
        if (cell != null && cell.stage() == Arena.Stage.WRITING) {
            cell.free();
        }
    }
}
