package io.coxswain.launcher.evidence;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.console.Texts;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.control.v1.AskKind;
import io.coxswain.proto.control.v1.EvidencePiece;

import java.io.PrintStream;
import java.time.Duration;

/** Prints the end of a worker's output, and what comes. */
public final class LogTail {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    /** Looks without an answer before one who follows gives up: an agent may be starting again. */
    private static final int PATIENCE_LOOKS = 60;

    private LogTail() {}

    /**
     * Prints it.
     *
     * @param whom rank or agent
     * @return false if there was nothing to print; the reason was told
     */
    public static boolean print(
            AdminClient client,
            LookRequest.Builder whom,
            int lines,
            boolean follow,
            PrintStream out,
            PrintStream err)
            throws EnvironmentException, InterruptedException {
        LookRequest.Builder request = whom.setKind(AskKind.ASK_KIND_LOG).setLines(lines);
        int failures = 0;
        boolean begun = false;
        while (true) {
            LookResponse response = client.look(request.build());
            if (!response.getError().isEmpty()) {
                if (!begun || ++failures >= PATIENCE_LOOKS) {
                    err.println("coxswain: " + response.getError());
                    return false;
                }
            } else {
                failures = 0;
                begun = true;
                if (response.getSkippedBytes() > 0) {
                    out.println(
                            "… "
                                    + Texts.bytes(response.getSkippedBytes())
                                    + " are gone: they were printed faster than they were read");
                }
                long printed = 0;
                for (EvidencePiece piece : response.getPiecesList()) {
                    byte[] content = piece.getContent().toByteArray();
                    printed += content.length;
                    out.write(content, 0, content.length);
                }
                out.flush();
                if (response.hasNext()) {
                    request.setAfter(response.getNext());
                }
                if (follow && request.hasAfter() && printed > Byte.MAX_VALUE * 1024L) {
                    // There is more already.
                    continue;
                }
            }
            if (!follow || out.checkError()) {
                return true;
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
    }
}
