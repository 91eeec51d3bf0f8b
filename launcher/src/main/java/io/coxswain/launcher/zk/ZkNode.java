package io.coxswain.launcher.zk;

import java.util.List;

/**
 * One node as it was read.
 *
 * @param path from the chroot on; {@code /} for that itself
 * @param owner session that it lives with; 0: it stays
 * @param data as it stands there; of one that may not be read, nothing
 * @param acls who may do what, without secrets
 * @param problem why it could not be read whole; empty: it was
 */
@SuppressWarnings("ArrayRecordComponent")
record ZkNode(
        String path,
        int version,
        long createdMillis,
        long changedMillis,
        long owner,
        int children,
        byte[] data,
        List<String> acls,
        String problem) {
    ZkNode {
        acls = List.copyOf(acls);
    }
}
