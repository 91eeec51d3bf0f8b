package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.WriteOutcome;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException.Code;

/**
 * Asks whether a term still stands: a multi of nothing but the check, which goes through the
 * ensemble's leader as any write does, so that no server that lags can answer it. Thread-safe.
 */
final class ZkTermCheck {
    private final CuratorFramework client;
    private final ZkPaths paths;
    private final ZkForgetting.Answers answers;

    ZkTermCheck(CuratorFramework client, ZkPaths paths, ZkForgetting.Answers answers) {
        this.client = client;
        this.paths = paths;
        this.answers = answers;
    }

    void ask(long writeId, ZkFence check) {
        try {
            client.transaction()
                    .inBackground((_, done) -> {
                        Code code = Code.get(done.getResultCode());
                        Code cause = code == Code.OK ? code : ZkStore.cause(done, code);
                        switch (cause) {
                            case OK -> answers.answer(writeId, WriteOutcome.DURABLE, "");
                            case BADVERSION ->
                                    answers.answer(
                                            writeId,
                                            WriteOutcome.REFUSED,
                                            "the term is not " + check.term() + " any more");
                            default ->
                                    answers.answer(
                                            writeId, WriteOutcome.UNKNOWN, String.valueOf(cause));
                        }
                    })
                    .forOperations(
                            client.transactionOp()
                                    .check()
                                    .withVersion(check.version())
                                    .forPath(paths.term()));
        } catch (Exception failed) {
            // Curator's background calls throw only when the client is closed or misused.
            answers.answer(writeId, WriteOutcome.UNKNOWN, failed.toString());
        }
    }
}
