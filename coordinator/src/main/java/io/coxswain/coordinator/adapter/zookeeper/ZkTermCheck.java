package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.WriteOutcome;

import org.apache.curator.framework.CuratorFramework;

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
                        MultiEnd end = MultiEnd.of(done, check);
                        answers.answer(writeId, end.outcome(), end.detail());
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
