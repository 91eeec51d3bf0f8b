package io.coxswain.chaos.simulation.process;

import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.chaos.simulation.zookeeper.Tree.Operation;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient.Reply;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.WriteOutcome;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Fenced records: each write is one multi of the check of the term's version and the record. */
final class SimStore implements StorePort {
    private final SimCoordinator coordinator;
    private final Facts facts;
    private final Interceptor interceptor;
    private @Nullable ZooKeeperClient client;
    private SimLeadership.@Nullable Fence fence;

    SimStore(SimCoordinator coordinator, Facts facts, Interceptor interceptor) {
        this.coordinator = coordinator;
        this.facts = facts;
        this.interceptor = interceptor;
    }

    void client(ZooKeeperClient zookeeper) {
        client = zookeeper;
    }

    void fence(SimLeadership.@Nullable Fence held) {
        fence = held;
    }

    private void answer(long writeId, WriteOutcome outcome, String detail) {
        coordinator.offer(new CoordinatorInput.StoreAnswered(writeId, outcome, detail));
    }

    private void answer(long writeId, Reply<Boolean> reply) {
        switch (reply) {
            case Reply.Done<Boolean> _ -> answer(writeId, WriteOutcome.DURABLE, "");
            case Reply.Denied<Boolean>(Tree.Code code) ->
                    answer(writeId, WriteOutcome.REFUSED, code.toString());
            case Reply.Unknown<Boolean> _ ->
                    answer(writeId, WriteOutcome.UNKNOWN, "connection loss");
        }
    }

    @Override
    public void write(long writeId, StoreRecord record) {
        coordinator.called();
        if (record instanceof StoreRecord.ViewRecord view) {
            switch (view.state()) {
                case PREPARING -> coordinator.phase(ProtocolPhase.PERSISTING);
                case ACTIVE -> {
                    // Else a placement is made durable while members step.
                    if (coordinator.phase() != ProtocolPhase.STEPPING) {
                        coordinator.phase(ProtocolPhase.ACTIVATING);
                    }
                }
                case FINISHING -> {}
            }
        } else if (record instanceof StoreRecord.Account account) {
            facts.accountMade(account);
        } else if (record instanceof StoreRecord.Result) {
            coordinator.phase(ProtocolPhase.RECORDING);
        }
        SimLeadership.Fence held = fence;
        ZooKeeperClient zookeeper = client;
        if (held == null || zookeeper == null) {
            answer(writeId, WriteOutcome.REFUSED, "no term is held");
            return;
        }
        if (record instanceof StoreRecord.Forgotten(String jobId)) {
            forget(zookeeper, held, writeId, jobId);
            return;
        }
        if (record instanceof StoreRecord.TermCheck) {
            checkTerm(zookeeper, held, writeId);
            return;
        }
        String path = Paths.record(record.jobId(), record.kind());
        zookeeper.ask(
                "write",
                tree -> {
                    Operation put =
                            tree.read(path) == null
                                    ? new Operation.Create(path, record, 0)
                                    : new Operation.Set(path, record, Tree.ANY);
                    tree.multi(
                            interceptor.storeWrite(
                                    List.of(new Operation.Check(Paths.TERM, held.version()), put)));
                    coordinator.kernel().trace().content(record);
                    facts.storeApplied(
                            coordinator.name(), held.term(), SimLeadership.termIn(tree), record);
                    return true;
                },
                reply -> answer(writeId, reply));
    }

    // As in production: the result first, so that a job without one stays.
    private void forget(
            ZooKeeperClient zookeeper, SimLeadership.Fence held, long writeId, String jobId) {
        zookeeper.ask(
                "forget",
                tree -> {
                    var operations = new ArrayList<Operation>();
                    operations.add(new Operation.Check(Paths.TERM, held.version()));
                    String result = Paths.record(jobId, StoreRecord.Kind.RESULT);
                    if (tree.read(result) != null) {
                        for (Tree.Node node : tree.below(Paths.JOBS + jobId + "/")) {
                            operations.add(new Operation.Delete(node.path()));
                        }
                    }
                    tree.multi(operations);
                    return true;
                },
                reply -> answer(writeId, reply));
    }

    private void checkTerm(ZooKeeperClient zookeeper, SimLeadership.Fence held, long writeId) {
        zookeeper.ask(
                "term?",
                tree -> {
                    tree.multi(List.of(new Operation.Check(Paths.TERM, held.version())));
                    return true;
                },
                reply -> answer(writeId, reply));
    }

    @Override
    public void verify(long writeId, StoreRecord record) {
        coordinator.called();
        SimLeadership.Fence held = fence;
        ZooKeeperClient zookeeper = client;
        if (held == null || zookeeper == null) {
            answer(writeId, WriteOutcome.REFUSED, "no term is held");
            return;
        }
        if (record instanceof StoreRecord.Forgotten(String jobId)) {
            forget(zookeeper, held, writeId, jobId);
            return;
        }
        if (record instanceof StoreRecord.TermCheck) {
            checkTerm(zookeeper, held, writeId);
            return;
        }
        String path = Paths.record(record.jobId(), record.kind());
        zookeeper.ask(
                "verify",
                tree -> {
                    Tree.Node term = tree.read(Paths.TERM);
                    if (term == null || term.version() != held.version()) {
                        return WriteOutcome.REFUSED;
                    }
                    Tree.Node node = tree.read(path);
                    return node != null && node.data().equals(record)
                            ? WriteOutcome.DURABLE
                            : WriteOutcome.ABSENT;
                },
                reply ->
                        answer(
                                writeId,
                                reply instanceof Reply.Done<WriteOutcome>(WriteOutcome outcome)
                                        ? outcome
                                        : WriteOutcome.UNKNOWN,
                                "read again"));
    }
}
