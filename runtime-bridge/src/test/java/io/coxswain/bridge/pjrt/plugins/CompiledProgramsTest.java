package io.coxswain.bridge.pjrt.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.plugins.CompiledPrograms.Limits;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

class CompiledProgramsTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Duration DAYS = Duration.ofDays(10);

    @TempDir Path folder;

    private Path file(String name, int bytes, long daysAgo) throws IOException {
        Path file = Files.write(folder.resolve(name), new byte[bytes]);
        return Files.setLastModifiedTime(file, FileTime.from(NOW.minus(Duration.ofDays(daysAgo))));
    }

    private List<String> left() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private CompiledPrograms programs() {
        return new CompiledPrograms(folder);
    }

    @Test
    void whatWasUsedLongestAgoGoesFirst() throws IOException {
        file("a.pjrt", 40, 3);
        file("b.pjrt", 40, 1);
        file("c.pjrt", 40, 2);
        file("d.pjrt", 10, 4);
        assertThat(programs().usage()).isEqualTo(new CompiledPrograms.Usage(4, 130));

        assertThat(programs().prune(new Limits(100, DAYS), NOW))
                .isEqualTo(new CompiledPrograms.Usage(1, 40));
        assertThat(left()).containsExactly("b.pjrt", "c.pjrt", "d.pjrt");
    }

    @Test
    void whatIsOldGoesHoweverSmall() throws IOException {
        file("a.pjrt", 1, 9);
        file("b.pjrt", 1, 11);
        programs().prune(new Limits(100, DAYS), NOW);
        assertThat(left()).containsExactly("a.pjrt");
    }

    @Test
    void theNewestIsKeptWhateverTheLimits() throws IOException {
        file("a.pjrt", 500, 99);
        file("b.pjrt", 500, 98);
        programs().prune(Limits.NOTHING, NOW);
        assertThat(left()).containsExactly("b.pjrt");
        assertThat(programs().clear().programs()).isEqualTo(1);
        assertThat(left()).isEmpty();
    }

    @Test
    void whatADeadWriterLeftGoesAndWhatIsBeingWrittenStays() throws IOException {
        file("a.new", 5, 1);
        file("b.new", 5, 0);
        file("notes.txt", 5, 99);
        programs().prune(Limits.DEFAULT, NOW);
        assertThat(left()).containsExactly("b.new", "notes.txt");
    }

    @Test
    void aProgramThatIsUsedIsNewAgain() throws IOException {
        Path old = file("a.pjrt", 1, 50);
        CompiledPrograms.used(old);
        assertThat(Files.getLastModifiedTime(old).toInstant())
                .isAfter(NOW.minus(Duration.ofDays(49)));
        CompiledPrograms.used(folder.resolve("gone.pjrt"));
        assertThat(left()).containsExactly("a.pjrt");
    }

    @Test
    void aFolderThatIsNotThereIsEmpty() throws IOException {
        var none = new CompiledPrograms(folder.resolve("none"));
        assertThat(none.usage().programs()).isZero();
        assertThat(none.prune(Limits.NOTHING, NOW).programs()).isZero();
        assertThat(none.clear().programs()).isZero();
    }

    @Test
    void limitsAreTextsForPeople() {
        assertThat(Limits.of("", "")).isEqualTo(Limits.DEFAULT);
        assertThat(Limits.of("500M", "7")).isEqualTo(new Limits(500L << 20, Duration.ofDays(7)));
        assertThat(Limits.of("1000", "").bytes()).isEqualTo(1000);
        assertThat(Limits.of("3 GiB", "").bytes()).isEqualTo(3L << 30);
        assertThat(Limits.of("999999999999999T", "").bytes()).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> Limits.of("a lot", ""))
                .hasMessageContaining("COXSWAIN_CACHE_BYTES is 'a lot'")
                .hasMessageContaining("2G");
        assertThatThrownBy(() -> Limits.of("", "-1")).hasMessageContaining("number of days");
        assertThat(Limits.flags(Map.of("COXSWAIN_CACHE_BYTES", "2G")))
                .containsExactly("-Dcoxswain.cache.bytes=2G");
    }
}
