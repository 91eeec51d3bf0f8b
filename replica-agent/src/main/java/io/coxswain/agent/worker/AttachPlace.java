package io.coxswain.agent.worker;

import java.nio.charset.StandardCharsets;
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

    /** The longest path of a socket that Java binds, in bytes: one less than Linux would. */
    private static final int MOST_SOCKET_PATH = 106;

    Path socket() {
        Path usual = folder.resolve(SOCKET);
        return usual.toString().getBytes(StandardCharsets.UTF_8).length <= MOST_SOCKET_PATH
                ? usual
                : socketFolder.resolve("attach.sock");
    }
}
