package io.coxswain.bridge.pjrt.plugins;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder of compiled programs, kept within bounds: the time of a file is the time of its last
 * use, and those used longest ago go first. Several processes may prune at once; a program that is
 * being read is read in full, whoever deletes it meanwhile.
 */
public final class CompiledPrograms {
    /** How a compiled program's file name ends. */
    public static final String SUFFIX = ".pjrt";

    private static final Logger LOG = LoggerFactory.getLogger(CompiledPrograms.class);

    /** How the name of one that is being written ends. */
    private static final String UNFINISHED = ".new";

    /** Nobody writes for so long: its writer died. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final Path folder;

    public CompiledPrograms(Path folder) {
        this.folder = folder;
    }

    /**
     * What is kept. The program that was used last always is.
     *
     * @param bytes of all files together
     * @param age since the last use
     */
    public record Limits(long bytes, Duration age) {
        /** Without being told otherwise. */
        public static final Limits DEFAULT = new Limits(2L << 30, Duration.ofDays(30));

        /** Nothing but what was used last. */
        public static final Limits NOTHING = new Limits(0, Duration.ZERO);

        /** System property with the bytes; agents hand it to their workers. */
        public static final String BYTES_PROPERTY = "coxswain.cache.bytes";

        /** System property with the days. */
        public static final String DAYS_PROPERTY = "coxswain.cache.days";

        /** Environment variable with the bytes, for people: a number, perhaps with K, M, G or T. */
        public static final String BYTES_VARIABLE = "COXSWAIN_CACHE_BYTES";

        /** Environment variable with the days. */
        public static final String DAYS_VARIABLE = "COXSWAIN_CACHE_DAYS";

        private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})\\s*([KMGT]?)(i?B)?");
        private static final String UNITS = "KMGT";

        public Limits {
            if (bytes < 0 || age.isNegative()) {
                throw new IllegalArgumentException("limits of a cache are not negative");
            }
        }

        /**
         * Those of this process: properties before variables before {@link #DEFAULT}.
         *
         * @throws IllegalArgumentException for a value that is none, naming it
         */
        public static Limits ofThisProcess() {
            return of(
                    System.getProperty(
                            BYTES_PROPERTY, System.getenv().getOrDefault(BYTES_VARIABLE, "")),
                    System.getProperty(
                            DAYS_PROPERTY, System.getenv().getOrDefault(DAYS_VARIABLE, "")));
        }

        /** Of texts; an empty one stands for the default. */
        static Limits of(String bytes, String days) {
            return new Limits(
                    bytes.isEmpty() ? DEFAULT.bytes() : size(bytes),
                    days.isEmpty() ? DEFAULT.age() : Duration.ofDays(days(days)));
        }

        private static long days(String text) {
            if (!text.strip().matches("[0-9]{1,5}")) {
                throw new IllegalArgumentException(
                        "%s is '%s', expected a number of days, such as 30"
                                .formatted(DAYS_VARIABLE, text));
            }
            return Long.parseLong(text.strip());
        }

        private static long size(String text) {
            Matcher size = SIZE.matcher(text.strip());
            if (!size.matches()) {
                throw new IllegalArgumentException(
                        "%s is '%s', expected a number of bytes, such as 2G or 500M"
                                .formatted(BYTES_VARIABLE, text));
            }
            long unit =
                    size.group(2).isEmpty() ? 1 : 1L << (10 * (1 + UNITS.indexOf(size.group(2))));
            long number = Long.parseLong(size.group(1));
            return number > Long.MAX_VALUE / unit ? Long.MAX_VALUE : number * unit;
        }

        /** What a worker is to be told of the variables of this process, as flags of its JVM. */
        public static List<String> flags(Map<String, String> environment) {
            var flags = new ArrayList<String>();
            flag(flags, BYTES_PROPERTY, environment.getOrDefault(BYTES_VARIABLE, ""));
            flag(flags, DAYS_PROPERTY, environment.getOrDefault(DAYS_VARIABLE, ""));
            return flags;
        }

        private static void flag(List<String> flags, String property, String value) {
            if (!value.isEmpty()) {
                flags.add("-D" + property + "=" + value);
            }
        }
    }

    /** How many programs there are, and their bytes. */
    public record Usage(int programs, long bytes) {
        static final Usage NONE = new Usage(0, 0);

        private Usage and(long more) {
            return new Usage(programs + 1, bytes + more);
        }
    }

    private record Entry(Path file, long bytes, FileTime used) {}

    /** What is there. A folder that is not there is empty. */
    public Usage usage() throws IOException {
        Usage usage = Usage.NONE;
        for (Entry entry : entries(SUFFIX)) {
            usage = usage.and(entry.bytes());
        }
        return usage;
    }

    /** A program was used. Nothing depends on it but how long it is kept. */
    public static void used(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) {
            LOG.debug("the time of {} cannot be set", file, e);
        }
    }

    /**
     * Deletes what is beyond the limits, and what a writer that died left behind.
     *
     * @param now the present
     * @return what was deleted
     */
    public Usage prune(Limits limits, Instant now) throws IOException {
        for (Entry unfinished : entries(UNFINISHED)) {
            if (isOlder(unfinished, ABANDONED, now)) {
                Files.deleteIfExists(unfinished.file());
            }
        }
        List<Entry> programs = entries(SUFFIX);
        programs.sort(Comparator.comparing(Entry::used).reversed());
        Usage deleted = Usage.NONE;
        long kept = 0;
        for (int i = 0; i < programs.size(); i++) {
            Entry program = programs.get(i);
            boolean goes =
                    i > 0
                            && (program.bytes() > limits.bytes() - kept
                                    || isOlder(program, limits.age(), now));
            if (!goes) {
                kept += program.bytes();
            } else if (Files.deleteIfExists(program.file())) {
                deleted = deleted.and(program.bytes());
            }
        }
        return deleted;
    }

    /** Deletes all of them. */
    public Usage clear() throws IOException {
        Usage deleted = Usage.NONE;
        for (Entry program : entries(SUFFIX)) {
            if (Files.deleteIfExists(program.file())) {
                deleted = deleted.and(program.bytes());
            }
        }
        return deleted;
    }

    private static boolean isOlder(Entry entry, Duration age, Instant now) {
        return entry.used().toInstant().isBefore(now.minus(age));
    }

    private List<Entry> entries(String suffix) throws IOException {
        var entries = new ArrayList<Entry>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + suffix)) {
            for (Path file : files) {
                try {
                    BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
                    if (is.isRegularFile()) {
                        entries.add(new Entry(file, is.size(), is.lastModifiedTime()));
                    }
                } catch (NoSuchFileException e) {
                    // Another process was faster.
                }
            }
        } catch (NoSuchFileException e) {
            return new ArrayList<>();
        }
        return entries;
    }
}
