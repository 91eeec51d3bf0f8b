import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.JavaFormatterOptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Holds the Java sources to the form of the house: google-java-format's AOSP style, at most 600
 * lines, and a null-marked package for all that is no test.
 *
 * <p>Usage, from the root of the checkout: {@code Format --check|--write [FILE...]}. Without files,
 * all sources.
 */
public final class Format {
    private static final int MAX_LINES = 600;

    private final Formatter formatter =
            new Formatter(
                    JavaFormatterOptions.builder().style(JavaFormatterOptions.Style.AOSP).build());
    private final boolean write;

    private Format(boolean write) {
        this.write = write;
    }

    public static void main(String[] args) throws IOException {
        if (args.length == 0 || !List.of("--check", "--write").contains(args[0])) {
            System.err.println("usage: Format --check|--write [FILE...]");
            System.exit(2);
        }
        Format format = new Format(args[0].equals("--write"));
        List<Path> files =
                args.length > 1 ? Stream.of(args).skip(1).map(Path::of).toList() : sources();
        List<String> problems = files.parallelStream().flatMap(format::problemsOf).toList();
        problems.forEach(System.err::println);
        if (!problems.isEmpty()) {
            System.err.println(problems.size() + " of " + files.size() + " files; run dev/format");
            System.exit(1);
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> tree =
                Files.find(
                        Path.of(""),
                        32,
                        (path, attributes) ->
                                attributes.isRegularFile()
                                        && path.toString().endsWith(".java")
                                        && !isBuilt(path))) {
            return tree.sorted().toList();
        }
    }

    private static boolean isBuilt(Path path) {
        for (Path name : path) {
            if (name.toString().equals("target") || name.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isMain(Path file) {
        return file.toString().replace('\\', '/').contains("src/main/java/");
    }

    private Stream<String> problemsOf(Path file) {
        try {
            String source = Files.readString(file);
            long lines = source.lines().count();
            if (lines > MAX_LINES) {
                return Stream.of(
                        file + ": " + lines + " lines, at most " + MAX_LINES + ": split it");
            }
            Path description = file.resolveSibling("package-info.java");
            if (isMain(file)
                    && !(Files.exists(description)
                            && Files.readString(description).contains("@NullMarked"))) {
                return Stream.of(file + ": its package needs a @NullMarked package-info.java");
            }
            String formatted = formatter.formatSourceAndFixImports(source);
            if (formatted.equals(source)) {
                return Stream.empty();
            }
            if (!write) {
                return Stream.of(file + ": not formatted");
            }
            Files.writeString(file, formatted);
            System.out.println(file);
            return Stream.empty();
        } catch (FormatterException e) {
            return Stream.of(file + ":" + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
