package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.StoreRecord;

import org.apache.zookeeper.common.PathUtils;

/**
 * Where things stand below the chroot (see {@code store.proto}).
 *
 * @param root empty, or a path that begins with a slash and does not end with one
 */
record ZkPaths(String root) {
    static ZkPaths of(String chroot) {
        String root = chroot.equals("/") ? "" : chroot;
        if (!root.isEmpty()) {
            try {
                PathUtils.validatePath(root);
            } catch (IllegalArgumentException broken) {
                throw new IllegalArgumentException(
                        "the ZooKeeper chroot '"
                                + chroot
                                + "' is not a path such as /coxswain: "
                                + broken.getMessage(),
                        broken);
            }
        }
        return new ZkPaths(root);
    }

    String controller() {
        return root + "/controller";
    }

    String term() {
        return root + "/controller/term";
    }

    String leader() {
        return root + "/controller/leader";
    }

    String election() {
        return root + "/controller/election";
    }

    String agents() {
        return root + "/agents";
    }

    String jobs() {
        return root + "/jobs";
    }

    String job(String jobId) {
        return root + "/jobs/" + jobId;
    }

    String maintenance() {
        return root + "/controller/maintenance";
    }

    String record(String jobId, StoreRecord.Kind kind) {
        return switch (kind) {
            case SPEC -> job(jobId) + "/spec";
            case VIEW -> job(jobId) + "/view";
            case ACCOUNT -> job(jobId) + "/account";
            case RESULT -> job(jobId) + "/result";
            case PAUSE -> job(jobId) + "/pause";
            case FORGOTTEN -> job(jobId);
            case TERM_CHECK -> term();
            case SET_ASIDES -> maintenance();
        };
    }

    /** In which a record stands. */
    String folder(StoreRecord record) {
        return record.kind() == StoreRecord.Kind.SET_ASIDES ? controller() : job(record.jobId());
    }
}
