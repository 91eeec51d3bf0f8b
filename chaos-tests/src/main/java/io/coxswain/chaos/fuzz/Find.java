package io.coxswain.chaos.fuzz;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HexFormat;

/**
 * An input on which a parser did not behave.
 *
 * @param iteration with target and seed it says which input it was
 * @param what happened
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record Find(String target, long seed, long iteration, byte[] input, Throwable what) {
    private static final int SHOWN_BYTES = 256;

    /** One line that does it again. */
    public String replay() {
        return "coxswain fuzz --target " + target + " --seed " + seed + " --input " + iteration;
    }

    /** All that is known, for a person. */
    public String text() {
        var trace = new StringWriter();
        what.printStackTrace(new PrintWriter(trace));
        String hex =
                HexFormat.of().formatHex(input, 0, Math.min(SHOWN_BYTES, input.length))
                        + (input.length > SHOWN_BYTES ? "…" : "");
        return target
                + ", input "
                + iteration
                + " ("
                + input.length
                + " bytes: "
                + hex
                + "): "
                + trace
                + "replay: "
                + replay();
    }
}
