package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.WriteOutcome;

import org.apache.curator.framework.api.CuratorEvent;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.zookeeper.KeeperException.Code;

import java.util.List;

/**
 * How a multi ended that began with the check of a term.
 *
 * @param outcome durable; refused, since the term is over; or not known, which covers everything
 *     that may come out otherwise when it is tried again
 * @param cause of the operation at fault
 * @param detail for people; empty if it is durable
 */
record MultiEnd(WriteOutcome outcome, Code cause, String detail) {
    static MultiEnd of(CuratorEvent done, ZkFence check) {
        Code cause = cause(done);
        return switch (cause) {
            case OK -> new MultiEnd(WriteOutcome.DURABLE, cause, "");
            case BADVERSION ->
                    new MultiEnd(
                            WriteOutcome.REFUSED,
                            cause,
                            "the term is not " + check.term() + " any more");
            default -> new MultiEnd(WriteOutcome.UNKNOWN, cause, cause.toString());
        };
    }

    // A failed multi names the operation at fault among its results; the others say "runtime
    // inconsistency".
    private static Code cause(CuratorEvent done) {
        Code code = Code.get(done.getResultCode());
        List<CuratorTransactionResult> results = done.getOpResults();
        if (code != Code.OK && results != null) {
            for (CuratorTransactionResult result : results) {
                Code one = Code.get(result.getError());
                if (one != Code.OK && one != Code.RUNTIMEINCONSISTENCY) {
                    return one;
                }
            }
        }
        return code == null ? Code.SYSTEMERROR : code;
    }
}
