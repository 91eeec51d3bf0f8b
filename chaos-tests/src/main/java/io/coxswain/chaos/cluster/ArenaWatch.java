package io.coxswain.chaos.cluster;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.chaos.checker.StateKey;
import io.coxswain.chaos.scenario.Fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads the slots of every agent's shared memory from outside and remembers the digest of each
 * (shard, step) that it ever saw committed: of snapshots, of copies, and of what was restored.
 * Thread-safe.
 */
final class ArenaWatch {
    private static final String AGENT_PREFIX = "coxswain-";
    private static final String SNAPSHOTS = "region-";
    private static final String COPIES = "copies-";
    private static final int INCARNATION_DIGITS = 8;

    private final Path arenas;
    private final Map<StateKey, Set<String>> digests = new TreeMap<>();

    ArenaWatch(Path arenas) {
        this.arenas = arenas;
    }

    /** Files of that kind in the agent's shared memory. */
    static List<Path> files(Path arenas, String agent, Fault.Memory memory) throws IOException {
        String prefix = memory == Fault.Memory.SNAPSHOT ? SNAPSHOTS : COPIES;
        var files = new ArrayList<Path>();
        for (Path folder : list(arenas)) {
            String name = folder.getFileName().toString();
            boolean its =
                    name.startsWith(AGENT_PREFIX + agent + "-")
                            && name.length()
                                    == AGENT_PREFIX.length()
                                            + agent.length()
                                            + 1
                                            + INCARNATION_DIGITS;
            if (its) {
                list(folder).stream()
                        .filter(file -> file.getFileName().toString().startsWith(prefix))
                        .forEach(files::add);
            }
        }
        return files;
    }

    private static List<Path> list(Path folder) {
        try (var entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException | java.io.UncheckedIOException e) {
            // Deleted meanwhile.
            return List.of();
        }
    }

    /** Looks at everything once. */
    void look() {
        for (Path folder : list(arenas)) {
            for (Path file : list(folder)) {
                String name = file.getFileName().toString();
                if (name.startsWith(SNAPSHOTS) || name.startsWith(COPIES)) {
                    look(file);
                }
            }
        }
    }

    private void look(Path file) {
        try (ArenaFile arena = ArenaFile.open(file)) {
            for (int i = 0; i < arena.slots(); i++) {
                Slot slot = arena.slot(i);
                if (slot.state() == Slot.State.COMMITTED) {
                    try {
                        SlotTable table = slot.table();
                        // Nobody keeps the slot from being freed and written again while it is
                        // read, and after its CRC was compared nothing shows: what two readings
                        // agree on was there.
                        if (same(table, slot.table())) {
                            note(table);
                        }
                    } catch (IllegalStateException e) {
                        // Freed while it was read: its header does not match its CRC.
                    }
                }
            }
        } catch (IOException e) {
            // Not finished, or deleted meanwhile.
        }
    }

    private static boolean same(SlotTable one, SlotTable other) {
        return one.meta().shard() == other.meta().shard()
                && one.meta().step() == other.meta().step()
                && Arrays.equals(one.digest(), other.digest());
    }

    private synchronized void note(SlotTable table) {
        digests.computeIfAbsent(
                        new StateKey(table.meta().shard(), table.meta().step()),
                        _ -> new TreeSet<>())
                .add(HexFormat.of().formatHex(table.digest()));
    }

    /** All that was seen. */
    synchronized Map<StateKey, Set<String>> digests() {
        var copy = new TreeMap<StateKey, Set<String>>();
        digests.forEach((key, seen) -> copy.put(key, Set.copyOf(seen)));
        return copy;
    }
}
