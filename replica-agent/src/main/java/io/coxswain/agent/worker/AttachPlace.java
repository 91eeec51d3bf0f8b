package io.coxswain.agent.worker;

import io.coxswain.bridge.host.SocketPath;

import java.nio.file.Path;

/**
 * Where workers that somebody else starts come.
 *
 * @param folder for what they must know; made with mode 0700, and removed with all in it
 * @param socketFolder where the socket is if the folder's path is too long for one
 * @param jobId of the job
 */
public record AttachPlace(Path folder, Path socketFolder, String jobId) {
    /** What a worker must know, in the folder. */
    public static final String FILE = "worker.env";

    static final String SOCKET = "socket";

    Path socket() {
        Path usual = folder.resolve(SOCKET);
        return SocketPath.fits(usual) ? usual : socketFolder.resolve("attach.sock");
    }
}
