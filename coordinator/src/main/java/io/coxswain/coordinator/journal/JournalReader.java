package io.coxswain.coordinator.journal;

import org.jspecify.annotations.Nullable;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Reads a journal, its older files first. */
public final class JournalReader {
    private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,3}");

    private static final int BUFFER = 64 << 10;
    private static final int MOST_BYTES = 64 << 20;

    private JournalReader() {}

    /**
     * Reads all lines in order.
     *
     * @param file the newest file; those before it are found beside it
     * @param complaints told of each line that is none, which is left out
     * @throws IOException if the file does not exist or cannot be read
     */
    public static void read(Path file, Consumer<JournalLine> lines, Consumer<String> complaints)
            throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        for (Path one : oldestFirst(file)) {
            readOne(one, lines, complaints);
        }
    }

    private static List<Path> oldestFirst(Path file) throws IOException {
        String prefix = file.getFileName() + ".";
        var older = new ArrayList<Path>();
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            try (var siblings = Files.newDirectoryStream(folder)) {
                for (Path sibling : siblings) {
                    String name = String.valueOf(sibling.getFileName());
                    if (name.startsWith(prefix)
                            && NUMBER.matcher(name.substring(prefix.length())).matches()) {
                        older.add(sibling);
                    }
                }
            }
        }
        older.sort(Comparator.comparingInt((Path former) -> number(former, prefix)).reversed());
        older.add(file);
        return older;
    }

    private static int number(Path former, String prefix) {
        return Integer.parseInt(String.valueOf(former.getFileName()).substring(prefix.length()));
    }

    private static void readOne(Path file, Consumer<JournalLine> lines, Consumer<String> complaints)
            throws IOException {
        try (var in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            long number = 0;
            for (String text = line(in); text != null; text = line(in)) {
                number++;
                try {
                    lines.accept(JournalLine.parse(text));
                } catch (IllegalArgumentException | ArithmeticException broken) {
                    complaints.accept(
                            file
                                    + ", line "
                                    + number
                                    + ": "
                                    + broken.getMessage()
                                    + "; the line is left out");
                }
            }
        }
    }

    // A file that is no journal may be one line of gigabytes: what is too long is cut, and no line
    // then. Bytes that are no UTF-8 become signs that no line contains.
    private static @Nullable String line(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = in.read()) {
            if (line.size() < MOST_BYTES) {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
