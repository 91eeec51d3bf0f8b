package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.StoredJob;
import io.coxswain.coordinator.app.WriteOutcome;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The records of jobs as znodes. Each write is one multi: the check of the term's version, then the
 * record. Requests run in the background; answers come as inputs. Thread-safe.
 */
final class ZkStore implements StorePort {
    private static final Logger LOG = LoggerFactory.getLogger(ZkStore.class);

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final Inputs inputs;
    // Paths known to exist; wrong guesses are corrected by the answer.
    private final Set<String> existing = ConcurrentHashMap.newKeySet();
    private final ZkForgetting forgetting;
    private final ZkTermCheck termCheck;
    private final ZkTermCheck termQuestions;
    private final ZkWrites writes = new ZkWrites();
    private final NewerFields newer = new NewerFields();
    private volatile @Nullable ZkFence fence;

    ZkStore(CuratorFramework client, ZkPaths paths, Inputs inputs) {
        this.client = client;
        this.paths = paths;
        this.inputs = inputs;
        this.forgetting = new ZkForgetting(client, paths, this::answer);
        this.termCheck = new ZkTermCheck(client, paths, this::answer);
        this.termQuestions = new ZkTermCheck(client, paths, this::verdict);
    }

    /** What was written, and how often. */
    ZkWrites writes() {
        return writes;
    }

    /** From now on writes carry this check. */
    void fence(@Nullable ZkFence newFence) {
        existing.clear();
        newer.clear();
        existing.add(paths.controller());
        fence = newFence;
    }

    @Override
    public void write(long writeId, StoreRecord record) {
        ZkFence current = fence;
        if (current == null) {
            answer(writeId, WriteOutcome.REFUSED, "no term is held");
            return;
        }
        if (record instanceof StoreRecord.Forgotten(String jobId)) {
            existing.removeIf(path -> path.startsWith(paths.job(jobId) + "/"));
            existing.remove(paths.job(jobId));
            writes.count(record.kind());
            forgetting.forget(writeId, jobId, current);
            return;
        }
        if (record instanceof StoreRecord.TermCheck) {
            writes.count(record.kind());
            termCheck.ask(writeId, current);
            return;
        }
        write(writeId, record, current, 0);
    }

    private void write(long writeId, StoreRecord record, ZkFence check, int attempt) {
        writes.count(record.kind());
        String path = paths.record(record.jobId(), record.kind());
        byte[] bytes = newer.with(path, StoreCodec.encode(record));
        try {
            var operations = new ArrayList<CuratorOp>();
            operations.add(
                    client.transactionOp()
                            .check()
                            .withVersion(check.version())
                            .forPath(paths.term()));
            String parent = paths.folder(record);
            if (existing.contains(path)) {
                operations.add(client.transactionOp().setData().forPath(path, bytes));
            } else {
                if (!existing.contains(parent)) {
                    operations.add(client.transactionOp().create().forPath(parent, new byte[0]));
                }
                operations.add(client.transactionOp().create().forPath(path, bytes));
            }
            client.transaction()
                    .inBackground((_, event) -> written(writeId, record, check, attempt, event))
                    .forOperations(operations);
        } catch (Exception failed) {
            // Curator's background calls throw only when the client is closed or misused.
            answer(writeId, WriteOutcome.UNKNOWN, failed.toString());
        }
    }

    private void written(
            long writeId, StoreRecord record, ZkFence check, int attempt, CuratorEvent event) {
        String path = paths.record(record.jobId(), record.kind());
        String parent = paths.folder(record);
        MultiEnd end = MultiEnd.of(event, check);
        switch (end.cause()) {
            case OK -> {
                existing.add(parent);
                existing.add(path);
            }
            case BADVERSION ->
                    LOG.info("ZooKeeper refused a write of term {} to {}", check.term(), path);
            case NODEEXISTS, NONODE -> {
                if (attempt < 2) {
                    lookAndWrite(writeId, record, check, attempt + 1);
                    return;
                }
                answer(writeId, WriteOutcome.UNKNOWN, end.detail() + " at " + path);
                return;
            }
            default -> {}
        }
        answer(writeId, end.outcome(), end.detail());
    }

    // What exists was guessed wrong: after a takeover, or when a write landed whose answer was
    // lost.
    private void lookAndWrite(long writeId, StoreRecord record, ZkFence check, int attempt) {
        String path = paths.record(record.jobId(), record.kind());
        String parent = paths.folder(record);
        try {
            client.checkExists()
                    .inBackground((_, parentSeen) -> {
                        note(parent, parentSeen);
                        client.checkExists()
                                .inBackground((_, seen) -> {
                                    note(path, seen);
                                    write(writeId, record, check, attempt);
                                })
                                .forPath(path);
                    })
                    .forPath(parent);
        } catch (Exception failed) {
            answer(writeId, WriteOutcome.UNKNOWN, failed.toString());
        }
    }

    private void note(String path, CuratorEvent seen) {
        if (seen.getResultCode() == Code.OK.intValue() && seen.getStat() != null) {
            existing.add(path);
        } else {
            existing.remove(path);
        }
    }

    /** Says whether the term is held still. */
    void askTerm(long question) {
        ZkFence current = fence;
        if (current == null) {
            verdict(question, WriteOutcome.REFUSED, "no term is held");
            return;
        }
        writes.count(ZkWrites.CHECK);
        termQuestions.ask(question, current);
    }

    private void verdict(long question, WriteOutcome outcome, String detail) {
        TermVerdict verdict =
                switch (outcome) {
                    case DURABLE -> TermVerdict.HELD;
                    case REFUSED -> TermVerdict.MOVED;
                    case UNKNOWN, ABSENT -> TermVerdict.UNKNOWN;
                };
        inputs.offer(new CoordinatorInput.TermAnswered(question, verdict, detail));
    }

    @Override
    public void verify(long writeId, StoreRecord record) {
        ZkFence current = fence;
        if (current == null) {
            answer(writeId, WriteOutcome.REFUSED, "no term is held");
            return;
        }
        if (record instanceof StoreRecord.Forgotten(String jobId)) {
            // Done or not, the same again does no harm.
            forgetting.forget(writeId, jobId, current);
            return;
        }
        if (record instanceof StoreRecord.TermCheck) {
            termCheck.ask(writeId, current);
            return;
        }
        String path = paths.record(record.jobId(), record.kind());
        byte[] expected = newer.with(path, StoreCodec.encode(record));
        try {
            // Sync first: a server that lags would show the state before the write.
            client.sync()
                    .inBackground((_, synced) -> {
                        if (synced.getResultCode() != Code.OK.intValue()) {
                            answer(
                                    writeId,
                                    WriteOutcome.UNKNOWN,
                                    String.valueOf(Code.get(synced.getResultCode())));
                            return;
                        }
                        verifyTerm(writeId, path, expected, current);
                    })
                    .forPath(paths.term());
        } catch (Exception failed) {
            answer(writeId, WriteOutcome.UNKNOWN, failed.toString());
        }
    }

    private void verifyTerm(long writeId, String path, byte[] expected, ZkFence check)
            throws Exception {
        client.checkExists()
                .inBackground((_, seen) -> {
                    if (seen.getResultCode() != Code.OK.intValue()) {
                        answer(
                                writeId,
                                WriteOutcome.UNKNOWN,
                                String.valueOf(Code.get(seen.getResultCode())));
                    } else if (seen.getStat() == null
                            || seen.getStat().getVersion() != check.version()) {
                        answer(
                                writeId,
                                WriteOutcome.REFUSED,
                                "the term is not " + check.term() + " any more");
                    } else {
                        verifyRecord(writeId, path, expected);
                    }
                })
                .forPath(paths.term());
    }

    private void verifyRecord(long writeId, String path, byte[] expected) throws Exception {
        client.getData()
                .inBackground((_, read) -> {
                    Code code = Code.get(read.getResultCode());
                    if (code == Code.OK) {
                        existing.add(path);
                        boolean same = Arrays.equals(read.getData(), expected);
                        answer(
                                writeId,
                                same ? WriteOutcome.DURABLE : WriteOutcome.ABSENT,
                                "read again");
                    } else if (code == Code.NONODE) {
                        existing.remove(path);
                        answer(writeId, WriteOutcome.ABSENT, "read again");
                    } else {
                        answer(writeId, WriteOutcome.UNKNOWN, String.valueOf(code));
                    }
                })
                .forPath(path);
    }

    private void answer(long writeId, WriteOutcome outcome, String detail) {
        inputs.offer(new CoordinatorInput.StoreAnswered(writeId, outcome, detail));
    }

    /** Reads all jobs, in submission order. Blocks; for a new leader, after {@link #fence}. */
    List<StoredJob> load() throws Exception {
        client.sync().forPath(paths.jobs());
        var jobs = new ArrayList<StoredJob>();
        for (String jobId : client.getChildren().forPath(paths.jobs())) {
            StoredJob job = load(jobId);
            if (job != null) {
                jobs.add(job);
            }
        }
        jobs.sort(Comparator.comparingLong(job -> job.spec().submittedOrder()));
        return jobs;
    }

    /** Reads which agents are out of service. Blocks, as {@link #load}. */
    List<SetAside> loadSetAsides() throws Exception {
        try {
            byte[] bytes = read("", StoreRecord.Kind.SET_ASIDES);
            return bytes == null ? List.of() : StoreCodec.setAsides(bytes);
        } catch (InvalidProtocolBufferException unreadable) {
            LOG.error(
                    "{} cannot be read by this version: all agents serve",
                    paths.maintenance(),
                    unreadable);
            return List.of();
        }
    }

    private @Nullable StoredJob load(String jobId) throws Exception {
        try {
            byte[] spec = read(jobId, StoreRecord.Kind.SPEC);
            if (spec == null) {
                return null;
            }
            byte[] view = read(jobId, StoreRecord.Kind.VIEW);
            byte[] account = read(jobId, StoreRecord.Kind.ACCOUNT);
            byte[] result = read(jobId, StoreRecord.Kind.RESULT);
            byte[] pause = read(jobId, StoreRecord.Kind.PAUSE);
            Stat ended =
                    result == null
                            ? null
                            : client.checkExists()
                                    .forPath(paths.record(jobId, StoreRecord.Kind.RESULT));
            return new StoredJob(
                    StoreCodec.spec(spec),
                    view == null ? null : StoreCodec.view(jobId, view),
                    account == null ? null : StoreCodec.account(jobId, account),
                    result == null ? null : StoreCodec.result(jobId, result),
                    pause == null ? null : StoreCodec.pause(jobId, pause),
                    ended == null ? 0 : ended.getMtime());
        } catch (InvalidProtocolBufferException | IllegalArgumentException unreadable) {
            LOG.error(
                    "the records of job {} below {} cannot be read by this version and are left"
                            + " alone",
                    jobId,
                    paths.job(jobId),
                    unreadable);
            return null;
        }
    }

    private byte @Nullable [] read(String jobId, StoreRecord.Kind kind) throws Exception {
        try {
            String path = paths.record(jobId, kind);
            byte[] bytes = client.getData().forPath(path);
            if (newer.read(path, kind, bytes)) {
                LOG.info("{} was written by a newer version: what is not known here is kept", path);
            }
            return bytes;
        } catch (KeeperException.NoNodeException absent) {
            return null;
        }
    }
}
