package io.coxswain.coordinator.journal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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
        // Bytes that are no UTF-8 become signs that no line contains: one line is lost, not the
        // file.
        try (var reader =
                new BufferedReader(
                        new InputStreamReader(
                                Files.newInputStream(file), StandardCharsets.UTF_8))) {
            long number = 0;
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
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
}
