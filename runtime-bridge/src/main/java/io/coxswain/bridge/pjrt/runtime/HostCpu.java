package io.coxswain.bridge.pjrt.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The instructions that this machine's processor has, as far as compiled programs use them. Two
 * machines with different ones may round differently, and must not run each other's programs.
 */
final class HostCpu {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");
    private static final Pattern X86 =
            Pattern.compile(
                    "sse.*|ssse.*|avx.*|amx.*|fma.*|f16c|bmi\\d|abm|popcnt|movbe|adx|xop|tbm|gfni|"
                            + "aes|vaes|pclmulqdq|vpclmulqdq|sha_ni|pni|3dnow.*");

    private HostCpu() {}

    /** Architecture and instructions, the same text on equal processors. */
    static String instructions() {
        String architecture = System.getProperty("os.arch");
        try {
            return architecture + " " + instructions(Files.readString(CPUINFO));
        } catch (IOException e) {
            return architecture;
        }
    }

    /** The instructions of the first processor that a {@code /proc/cpuinfo} describes, sorted. */
    static String instructions(String cpuinfo) {
        for (String line : cpuinfo.split("\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String key = line.substring(0, colon).strip();
                boolean x86 = key.equals("flags");
                if (x86 || key.equals("Features")) {
                    TreeSet<String> names =
                            new TreeSet<>(
                                    Arrays.asList(
                                            line.substring(colon + 1).strip().split(" ", -1)));
                    names.removeIf(name -> x86 && !X86.matcher(name).matches());
                    return String.join(" ", names);
                }
            }
        }
        return "";
    }
}
