package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.WriteOutcome;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.KeeperException.Code;

import java.util.ArrayList;
import java.util.List;

/**
 * Takes finished jobs out of the store. One multi each: the check of the term's version, the result
 * first, then whatever else stands below the job, known to this version or not, and its folder. A
 * job without a result is not finished: its multi changes nothing. Thread-safe.
 */
final class ZkForgetting {
    private static final String RESULT = "result";

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final Answers answers;

    /** Where outcomes go. */
    interface Answers {
        void answer(long writeId, WriteOutcome outcome, String detail);
    }

    ZkForgetting(CuratorFramework client, ZkPaths paths, Answers answers) {
        this.client = client;
        this.paths = paths;
        this.answers = answers;
    }

    void forget(long writeId, String jobId, ZkFence check) {
        String folder = paths.job(jobId);
        try {
            client.getChildren()
                    .inBackground((_, listed) -> {
                        Code code = Code.get(listed.getResultCode());
                        if (code == Code.NONODE) {
                            answers.answer(writeId, WriteOutcome.DURABLE, "nothing is kept");
                        } else if (code != Code.OK) {
                            answers.answer(writeId, WriteOutcome.UNKNOWN, String.valueOf(code));
                        } else if (!listed.getChildren().contains(RESULT)) {
                            // It is not finished after all: it stays, and is not asked for again.
                            answers.answer(writeId, WriteOutcome.DURABLE, "it has no result");
                        } else {
                            delete(writeId, jobId, folder, listed.getChildren(), check);
                        }
                    })
                    .forPath(folder);
        } catch (Exception failed) {
            answers.answer(writeId, WriteOutcome.UNKNOWN, failed.toString());
        }
    }

    private void delete(
            long writeId, String jobId, String folder, List<String> children, ZkFence check)
            throws Exception {
        var operations = new ArrayList<CuratorOp>();
        operations.add(
                client.transactionOp().check().withVersion(check.version()).forPath(paths.term()));
        operations.add(
                client.transactionOp()
                        .delete()
                        .forPath(paths.record(jobId, StoreRecord.Kind.RESULT)));
        for (String child : children) {
            if (!child.equals(RESULT)) {
                operations.add(client.transactionOp().delete().forPath(folder + "/" + child));
            }
        }
        operations.add(client.transactionOp().delete().forPath(folder));
        client.transaction()
                .inBackground((_, done) -> {
                    // Unknown: something came or went meanwhile, and it is looked at again.
                    MultiEnd end = MultiEnd.of(done, check);
                    answers.answer(writeId, end.outcome(), end.detail());
                })
                .forOperations(operations);
    }
}
