package io.coxswain.agent.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The line of a dead process's output that says most about its death. Usually that is the last one;
 * but a failed check of a native library is followed by the frames of its stack, a crash by the
 * JVM's advice where to report it, and an exception by its own frames.
 */
public final class LastWords {
    private static final int MOST_CHARACTERS = 400;

    /** Lines that name a cause, the most telling kinds first. */
    private static final List<Pattern> TELLING =
            List.of(
                    // A failed check or a fatal log line: of glog, of Abseil, and of TSL.
                    Pattern.compile("^F\\d{4,8} .*"),
                    Pattern.compile("^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d+: F .*"),
                    Pattern.compile(".*\\bCheck failed: .*"),
                    // Uncaught in C++: the type on one line, the text on the next.
                    Pattern.compile("^\\s*what\\(\\): .*"),
                    Pattern.compile("^terminate called .*"),
                    // The C library gives up on its heap, or an assertion fails.
                    Pattern.compile(
                            "^(double free or corruption|free\\(\\): |malloc\\(\\):"
                                    + " |malloc_|realloc\\(\\): |corrupted |munmap_chunk\\(\\):"
                                    + " |\\*\\*\\* stack smashing).*"),
                    Pattern.compile(".*: Assertion `.*' failed\\.$"));

    /** The JVM's crash report, each line behind a hash: the signal, then the frame. */
    private static final Pattern CRASH =
            Pattern.compile(
                    "^#\\s+(SIG[A-Z]+ \\(0x[0-9a-f]+\\)|Internal Error|There is insufficient"
                            + " memory).*");

    private static final String FRAME = "# Problematic frame:";

    /** Frames of stacks, the JVM's advice, and marks around them. */
    private static final Pattern NOISE =
            Pattern.compile(
                    "^(#.*|\\s*@\\s+0x.*|\\s+at .*|\\s*\\.\\.\\. \\d+ more|\\*\\*\\*"
                        + " .*|\\[\\w+:\\d+\\] \\*\\*\\* .*|\\s*|Aborted.*|Segmentation fault.*)$");

    /** Stands before a JVM's stacks. */
    private static final Pattern TIME =
            Pattern.compile("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");

    private LastWords() {}

    /**
     * Chooses it.
     *
     * @param words the end of the output; its first line may be cut
     * @return one line, cut to {@value #MOST_CHARACTERS} characters; empty if there is none
     */
    public static String telling(String words) {
        List<String> lines = withoutStacks(words);
        String crash = crash(lines);
        if (!crash.isEmpty()) {
            return cut(crash);
        }
        for (Pattern pattern : TELLING) {
            // The first: what fails afterwards fails because of it.
            for (String line : lines) {
                if (pattern.matcher(line).matches()) {
                    return cut(line.strip());
                }
            }
        }
        for (String line : lines.reversed()) {
            if (!NOISE.matcher(line).matches()) {
                return cut(line.strip());
            }
        }
        return cut(words.strip().lines().reduce("", (_, last) -> last).strip());
    }

    /** A JVM that was asked for its stacks printed them: they are nobody's words. */
    private static List<String> withoutStacks(String words) {
        var lines = new ArrayList<String>();
        boolean stacks = false;
        for (String line : words.lines().toList()) {
            boolean begins = line.startsWith("Full thread dump ");
            if (begins && !lines.isEmpty() && TIME.matcher(lines.getLast()).matches()) {
                lines.removeLast();
            }
            stacks |= begins;
            if (!stacks) {
                lines.add(line);
            }
            // The heap's last line, in every collector.
            stacks &= !line.strip().startsWith("class space ");
        }
        return lines;
    }

    private static String crash(List<String> lines) {
        String signal = "";
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (signal.isEmpty() && CRASH.matcher(line).matches()) {
                signal = line.substring(1).strip();
            } else if (line.startsWith(FRAME) && i + 1 < lines.size()) {
                return signal + " in " + lines.get(i + 1).substring(1).strip();
            }
        }
        return signal;
    }

    private static String cut(String line) {
        return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "…";
    }
}
