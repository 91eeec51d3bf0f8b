package io.coxswain.coordinator.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

final class JournalTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path folder = Path.of("");

    private final List<String> complaints = new ArrayList<>();

    private Path file() {
        return folder.resolve("events.jsonl");
    }

    private Journal open() throws IOException {
        return open(JournalSettings.of(file()), Medium::file);
    }

    private static Journal open(JournalSettings settings, Medium.Opener opener) throws IOException {
        return Journal.open(settings, opener, "c1", TraceLookup.NONE, () -> 7, () -> 1_000);
    }

    private static SequencedEvent event(long sequence) {
        return event(sequence, sequence, new CoordinatorEvent.JobWaiting("j", "for\nagents"));
    }

    private static SequencedEvent event(long sequence, long nanos, CoordinatorEvent event) {
        return new SequencedEvent(sequence, nanos, 1_000 + sequence, 3, "j", 2, 40, event);
    }

    private List<JournalLine> lines() throws IOException {
        var lines = new ArrayList<JournalLine>();
        JournalReader.read(file(), lines::add, complaints::add);
        return lines;
    }

    private static List<Long> sequences(List<JournalLine> lines) {
        return lines.stream().map(JournalLine::sequence).toList();
    }

    @Test
    void anEventIsALineThatCanBeReadBack() throws Exception {
        try (Journal journal = open()) {
            journal.on(event(1));
        }
        List<JournalLine> lines = lines();
        assertThat(lines)
                .extracting(JournalLine::kind)
                .containsExactly("JournalOpened", "JobWaiting", "JournalClosed");
        assertThat(lines.get(1))
                .isEqualTo(
                        new JournalLine(
                                1,
                                1,
                                1_001,
                                3,
                                "j",
                                2,
                                40,
                                0,
                                "",
                                "JobWaiting",
                                "{\"job\":\"j\",\"reason\":\"for\\nagents\"}"));
        assertThat(lines.get(1).event())
                .isEqualTo(new CoordinatorEvent.JobWaiting("j", "for\nagents"));
        assertThat(lines.get(1).text()).isEqualTo("job j waits: for agents");
        assertThat(Files.readAllLines(file())).hasSize(3);
        assertThat(complaints).isEmpty();
    }

    @Test
    void aRestartGoesOnAtTheEnd() throws Exception {
        for (int life = 0; life < 3; life++) {
            try (Journal journal = open()) {
                journal.on(event(1));
                journal.on(event(2));
            }
        }
        assertThat(sequences(lines()))
                .containsExactly(0L, 1L, 2L, 0L, 0L, 1L, 2L, 0L, 0L, 1L, 2L, 0L);
    }

    @Test
    void whatACrashLeftOfALineIsCutOffAndTold() throws Exception {
        try (Journal journal = open()) {
            journal.on(event(1));
        }
        Files.writeString(file(), "{\"sequence\":2,\"monoton", StandardOpenOption.APPEND);
        try (Journal journal = open()) {
            journal.on(event(1));
        }
        List<JournalLine> lines = lines();
        assertThat(sequences(lines)).containsExactly(0L, 1L, 0L, 0L, 1L, 0L);
        assertThat(lines.get(3).data()).contains("\"tornBytes\":22");
        assertThat(complaints).isEmpty();
    }

    @Test
    void aFirstLineThatIsTornIsCutOffToo() throws Exception {
        Files.writeString(file(), "{\"sequ");
        try (Journal journal = open()) {
            journal.on(event(1));
        }
        assertThat(sequences(lines())).containsExactly(0L, 1L, 0L);
    }

    @Test
    void aFileOfSomethingElseIsLeftAlone() throws Exception {
        Files.writeString(file(), "{ \"completed\": true }");
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("events.jsonl")
                .hasMessageContaining("no journal: name another file");
        assertThat(Files.readString(file())).isEqualTo("{ \"completed\": true }");
    }

    @Test
    void oneCoordinatorWritesAJournal() throws Exception {
        try (Journal journal = open()) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another coordinator writes it");
            journal.on(event(1));
        }
        open().close();
        assertThat(complaints).isEmpty();
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        var settings = JournalSettings.of(folder.resolve("none/events.jsonl"));
        assertThatThrownBy(() -> open(settings, Medium::file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its folder does not exist");
        assertThatThrownBy(() -> open(JournalSettings.of(folder), Medium::file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("it is a folder");
    }

    @Test
    void filesTurnOverAndTheOldestGo() throws Exception {
        var settings = new JournalSettings(file(), 64 << 10, 3);
        try (Journal journal = open(settings, Medium::file)) {
            for (int i = 1; i <= 3_000; i++) {
                journal.on(event(i));
            }
        }
        try (var files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(3);
            for (Path one : all) {
                assertThat(Files.size(one)).isLessThanOrEqualTo(64 << 10);
            }
        }
        List<Long> kept = sequences(lines());
        assertThat(kept.subList(0, kept.size() - 1)).isSorted();
        assertThat(kept).contains(3_000L).doesNotContain(1L);
        long first = kept.getFirst();
        assertThat(kept).hasSize((int) (3_000 - first + 2));
        assertThat(complaints).isEmpty();
    }

    @Test
    void aSingleFileBeginsAnew() throws Exception {
        var settings = new JournalSettings(file(), 64 << 10, 1);
        try (Journal journal = open(settings, Medium::file)) {
            for (int i = 1; i <= 1_000; i++) {
                journal.on(event(i));
            }
        }
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
        assertThat(sequences(lines())).contains(1_000L).doesNotContain(1L);
    }

    @Test
    void aFullDiskCostsEventsAndSaysWhich() throws Exception {
        var disk = new SmallDisk(1_000);
        try (Journal journal = open(JournalSettings.of(file()), disk::open)) {
            for (int i = 1; i <= 20; i++) {
                journal.on(event(i, i, new CoordinatorEvent.JobWaiting("j", "x".repeat(100))));
            }
            assertThat(sequences(lines())).doesNotContain(20L);
            int before = lines().size();
            // Not yet tried again.
            disk.room = 1_000_000;
            journal.on(event(21, 21, new CoordinatorEvent.JobWaiting("j", "y")));
            assertThat(lines()).hasSize(before);
            journal.on(event(22, 30 + SECOND, new CoordinatorEvent.JobWaiting("j", "z")));
            journal.on(event(23));
        }
        List<JournalLine> lines = lines();
        assertThat(complaints).isEmpty();
        JournalLine gap =
                lines.stream().filter(line -> line.kind().equals("Gap")).findFirst().orElseThrow();
        int at = lines.indexOf(gap);
        long lastBefore = lines.get(at - 1).sequence();
        assertThat(gap.event()).isEqualTo(new CoordinatorEvent.Gap(lastBefore + 1, 21));
        assertThat(sequences(lines.subList(at + 1, lines.size()))).containsExactly(22L, 23L, 0L);
    }

    @Test
    void aDiskThatIsFullAtTheBeginningIsNoReasonNotToStart() throws Exception {
        var disk = new SmallDisk(10);
        try (Journal journal = open(JournalSettings.of(file()), disk::open)) {
            journal.on(event(1));
            journal.on(event(2, 2 * SECOND, new CoordinatorEvent.JobWaiting("j", "")));
            disk.room = 1_000_000;
            journal.on(event(3, 4 * SECOND, new CoordinatorEvent.JobWaiting("j", "")));
        }
        assertThat(lines())
                .extracting(JournalLine::kind)
                .containsExactly("JournalOpened", "Gap", "JobWaiting", "JournalClosed");
        assertThat(lines().get(1).event()).isEqualTo(new CoordinatorEvent.Gap(1, 2));
    }

    @Test
    void whatTheRingHadLostIsInTheGapToo() throws Exception {
        try (Journal journal = open()) {
            journal.on(event(9, 1, new CoordinatorEvent.Gap(1, 9)));
            journal.on(event(10));
        }
        assertThat(lines().get(1).event()).isEqualTo(new CoordinatorEvent.Gap(1, 9));

        var disk = new SmallDisk(0);
        Files.delete(file());
        try (Journal journal = open(JournalSettings.of(file()), disk::open)) {
            journal.on(event(9, 1, new CoordinatorEvent.Gap(1, 9)));
            disk.room = 1_000_000;
            journal.on(event(10, 2 * SECOND, new CoordinatorEvent.JobWaiting("j", "")));
        }
        assertThat(lines().get(1).event()).isEqualTo(new CoordinatorEvent.Gap(1, 9));
    }

    @Test
    void anIncidentOfVeryManyRanksIsWrittenWithoutTheirSources() throws Exception {
        var source = new Incident.Source(0, "a", "local", "a", 1);
        var incident =
                new Incident(
                        1,
                        "died",
                        List.of("a"),
                        1,
                        1,
                        0,
                        Collections.nCopies(100_000, source),
                        Incident.Phases.NONE,
                        true,
                        Incident.Kind.HOST,
                        0,
                        List.of(),
                        null,
                        1,
                        null);
        try (Journal journal = open()) {
            journal.on(event(1, 1, new CoordinatorEvent.IncidentClosed("j", incident)));
        }
        assertThat(Files.size(file())).isLessThan(2_000);
        assertThat(lines().get(1).incident()).isEqualTo(1);
        assertThat(lines().get(1).event())
                .isEqualTo(new CoordinatorEvent.IncidentClosed("j", incident.withoutSources()));
    }

    @Test
    void whatIsNoLineIsToldAndLeftOut() throws Exception {
        try (Journal journal = open()) {
            journal.on(event(1));
        }
        Files.writeString(file(), "nonsense\n[]\n{}\n", StandardOpenOption.APPEND);
        assertThat(lines()).hasSize(3);
        assertThat(complaints).hasSize(3);
        assertThat(complaints.getFirst()).contains("events.jsonl, line 4: not JSON");
        assertThat(complaints.get(1)).contains("line 5: not a JSON object");
        assertThat(complaints.get(2)).contains("line 6: the field data is missing");
    }

    @Test
    void settingsHaveBounds() {
        assertThatThrownBy(() -> new JournalSettings(file(), 1, 1))
                .hasMessageContaining("65536 to 1073741824 bytes each, got 1");
        assertThatThrownBy(() -> new JournalSettings(file(), 1 << 20, 0))
                .hasMessageContaining("1 to 1000 files, got 0");
        assertThatThrownBy(() -> JournalSettings.of(Path.of("")))
                .hasMessageContaining("a journal needs a file's name");
    }

    /** A disk with little room: a line that does not fit is written in part, as on a real one. */
    private static final class SmallDisk {
        private long room;

        SmallDisk(long room) {
            this.room = room;
        }

        Medium open(Path file) throws IOException {
            Medium real = Medium.file(file);
            return new Medium() {
                @Override
                public long size() throws IOException {
                    return real.size();
                }

                @Override
                public void read(ByteBuffer into, long position) throws IOException {
                    real.read(into, position);
                }

                @Override
                public void write(ByteBuffer from, long position) throws IOException {
                    if (room <= position) {
                        throw new IOException("No space left on device");
                    }
                    int some = (int) Math.min(from.remaining(), room - position);
                    ByteBuffer part = from.slice(from.position(), some);
                    real.write(part, position);
                    from.position(from.position() + some);
                }

                @Override
                public void truncate(long size) throws IOException {
                    real.truncate(size);
                }

                @Override
                public void force() throws IOException {
                    real.force();
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        }
    }
}
