package io.coxswain.launcher.doctor;

import io.coxswain.launcher.bench.ProcFiles;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.doctor.Finding.Area;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Looks at the machine by its files. */
final class MachineCheck {
    private static final int JAVA = 25;
    private static final Pattern NVIDIA = Pattern.compile("nvidia\\d+");
    private static final Pattern TPU = Pattern.compile("accel\\d+");
    private static final Pattern VFIO = Pattern.compile("\\d+");

    private final Path root;
    private final Path arenas;

    /**
     * @param root of the file system
     * @param arenas folder for shared memory
     */
    MachineCheck(Path root, Path arenas) {
        this.root = root;
        this.arenas = arenas;
    }

    List<Finding> findings() {
        return List.of(java(), processors(), memory(), sharedMemory(), accelerators(), zookeeper());
    }

    private static Finding java() {
        Runtime.Version version = Runtime.version();
        String text =
                version
                        + ", "
                        + System.getProperty("java.vendor", "")
                        + ", "
                        + System.getProperty("java.home", "");
        return version.feature() >= JAVA
                ? Finding.ok(Area.MACHINE, "java", text)
                : Finding.wrong(
                        Area.MACHINE,
                        "java",
                        text,
                        "install a JDK " + JAVA + ", and name it with COXSWAIN_JAVA_HOME");
    }

    private Finding processors() {
        String model = ProcFiles.value(root.resolve("proc/cpuinfo"), "model name");
        return Finding.ok(
                Area.MACHINE,
                "processors",
                Runtime.getRuntime().availableProcessors()
                        + (model.isEmpty() ? "" : " × " + model)
                        + ", "
                        + System.getProperty("os.name", "")
                        + " on "
                        + System.getProperty("os.arch", ""));
    }

    private Finding memory() {
        Path file = root.resolve("proc/meminfo");
        String total = ProcFiles.value(file, "MemTotal");
        String available = ProcFiles.value(file, "MemAvailable");
        return total.isEmpty()
                ? Finding.absent(Area.MACHINE, "memory", "unknown: no /proc/meminfo", "")
                : Finding.ok(
                        Area.MACHINE,
                        "memory",
                        kilobytes(total) + ", " + kilobytes(available) + " available");
    }

    private static String kilobytes(String text) {
        int end = text.indexOf(' ');
        try {
            return Texts.bytes(Long.parseLong(end < 0 ? text : text.substring(0, end)) * 1_024);
        } catch (NumberFormatException e) {
            return text;
        }
    }

    private Finding sharedMemory() {
        String other =
                "name another folder, best on tmpfs: --arena-dir of train, arena.folder of an"
                        + " agent";
        if (!Files.isDirectory(arenas) || !Files.isWritable(arenas)) {
            return Finding.wrong(
                    Area.MACHINE,
                    "shared memory",
                    arenas + " is not there or cannot be written to",
                    other);
        }
        try {
            FileStore store = Files.getFileStore(arenas);
            String text =
                    arenas
                            + " ("
                            + store.type()
                            + "): "
                            + Texts.bytes(store.getTotalSpace())
                            + ", "
                            + Texts.bytes(store.getUsableSpace())
                            + " free";
            return store.type().equals("tmpfs")
                    ? Finding.ok(Area.MACHINE, "shared memory", text)
                    : Finding.absent(
                            Area.MACHINE,
                            "shared memory",
                            text + ": snapshots would go to a disk",
                            other);
        } catch (IOException e) {
            return Finding.wrong(
                    Area.MACHINE, "shared memory", arenas + ": " + e.getMessage(), other);
        }
    }

    private Finding accelerators() {
        var seen = new ArrayList<String>();
        int gpus = count("dev", NVIDIA);
        if (gpus > 0) {
            String driver =
                    ProcFiles.value(root.resolve("proc/driver/nvidia/version"), "NVRM version");
            seen.add(
                    Texts.count(gpus, "NVIDIA GPU")
                            + (driver.isEmpty() ? "" : " (" + driver + ")"));
        }
        if (Files.exists(root.resolve("dev/kfd"))) {
            seen.add("AMD GPUs (/dev/kfd)");
        }
        int tpus = count("dev", TPU);
        if (tpus > 0) {
            seen.add(Texts.count(tpus, "TPU chip") + " (/dev/accel*)");
        }
        int vfio = count("dev/vfio", VFIO);
        if (vfio > 0) {
            seen.add(Texts.count(vfio, "VFIO device") + " (TPU chips are such, and others too)");
        }
        return seen.isEmpty()
                ? Finding.absent(
                        Area.MACHINE,
                        "accelerators",
                        "none seen: no /dev/nvidia0, /dev/kfd, /dev/accel0 or /dev/vfio/0",
                        "")
                : Finding.ok(Area.MACHINE, "accelerators", String.join(", ", seen));
    }

    private int count(String folder, Pattern name) {
        try (var files = Files.list(root.resolve(folder))) {
            return (int)
                    files.filter(file -> name.matcher(file.getFileName().toString()).matches())
                            .count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static Finding zookeeper() {
        return Finding.ok(
                Area.MACHINE, "zookeeper", "train brings its own; a cluster needs an ensemble");
    }
}
