package io.coxswain.launcher.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.KnownPlugins;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.runtimes.PluginProbe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

class DoctorTest {
    @TempDir private Path folder = Path.of("");

    private Path python(String script) throws IOException {
        Path file = Files.writeString(folder.resolve("python"), "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }

    private PluginStore store() throws IOException {
        return new PluginStore(
                new CacheFolder(folder.resolve("cache")),
                KnownPlugins.parse(
                        """
                        {"plugins": [{"name": "toy", "aliases": [], "keep": [], "about": "a toy", "package": "toy-wheel", "version": "1.0",
                          "platform": "p", "python": "3.12", "sha256": "00", "library": "toy.so"}]}
                        """));
    }

    private Doctor examine(Path python, String reference) throws Exception {
        return Doctor.examine(
                folder,
                folder,
                Map.of("COXSWAIN_PYTHON", python.toString()),
                store(),
                _ -> new PluginProbe.Answer("0.90", "tpu", List.of("chip", "chip"), ""),
                () -> reference);
    }

    private static Finding finding(Doctor doctor, String name) {
        return doctor.findings().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void seesDevicesByTheirFiles() throws Exception {
        Files.createDirectories(folder.resolve("dev/vfio"));
        for (String file :
                List.of("nvidia0", "nvidia1", "nvidiactl", "accel0", "vfio/12", "vfio/vfio")) {
            Files.createFile(folder.resolve("dev").resolve(file));
        }
        Files.createDirectories(folder.resolve("proc/driver/nvidia"));
        Files.writeString(
                folder.resolve("proc/driver/nvidia/version"), "NVRM version: driver 580.1\n");
        Files.writeString(
                folder.resolve("proc/meminfo"), "MemTotal: 1000 kB\nMemAvailable: 500 kB\n");

        Doctor doctor = examine(folder.resolve("none"), "");

        assertThat(finding(doctor, "accelerators").text())
                .isEqualTo(
                        "2 NVIDIA GPUs (driver 580.1), 1 TPU chip (/dev/accel*), 1 VFIO device (TPU"
                                + " chips are such, and others too)");
        assertThat(finding(doctor, "memory").text()).isEqualTo("1.0 MB, 512.0 kB available");
        assertThat(finding(doctor, "java").state()).isEqualTo(Finding.State.OK);
    }

    @Test
    void namesWhatIsMissingAndWhatInstallsIt() throws Exception {
        Doctor doctor = examine(folder.resolve("none"), "");

        assertThat(finding(doctor, "accelerators").state()).isEqualTo(Finding.State.ABSENT);
        assertThat(finding(doctor, "python").remedy()).contains("COXSWAIN_PYTHON");
        assertThat(finding(doctor, "pip").remedy()).contains("--wheel");
        assertThat(finding(doctor, "toy").text()).isEqualTo("not installed; a toy");
        assertThat(finding(doctor, "toy").remedy()).isEqualTo("./coxswain runtime install toy");
        assertThat(doctor.table())
                .contains("machine", "tools", "runtimes")
                .anySatisfy(line -> assertThat(line).matches("  -  +toy  .*"))
                .anySatisfy(line -> assertThat(line).matches("  ok +reference +works"));
    }

    @Test
    void asksPythonWhatItHas() throws Exception {
        Path library = Files.createFile(folder.resolve("libtpu.so"));
        Path python =
                python(
                        """
                        case "$*" in
                          *python_version*) echo 3.12.1 ;;
                          *import_module*) echo "noise"; echo "jax 9"; echo "@ jax 0.10.2"; echo "@ torch ! no CUDA here"; echo "@ library %s" ;;
                          *pip*) echo "pip 24" ;;
                          *) exit 1 ;;
                        esac
                        """
                                .formatted(library));

        Doctor doctor = examine(python, "");

        assertThat(finding(doctor, "python").text()).isEqualTo("3.12.1, " + python);
        assertThat(finding(doctor, "jax").text()).isEqualTo("0.10.2");
        assertThat(finding(doctor, "torch").state()).isEqualTo(Finding.State.WRONG);
        assertThat(finding(doctor, "torch").text()).contains("no CUDA here");
        assertThat(finding(doctor, "torch").remedy())
                .isEqualTo(python + " -m pip install torch numpy");
        assertThat(finding(doctor, "numpy").state()).isEqualTo(Finding.State.ABSENT);
        assertThat(finding(doctor, "google_crc32c").remedy()).endsWith("install google-crc32c");
        assertThat(finding(doctor, "libtpu.so").text())
                .isEqualTo("PJRT API 0.90, tpu, 2 devices (chip); in a job, plugin: " + library);
    }

    @Test
    void aBrokenPackageEndsItsOwnInterpreterAlone() throws Exception {
        Path packages = folder.resolve("packages");
        for (String name : List.of("coxswain", "jax", "torch", "google_crc32c", "numpy")) {
            Files.createDirectories(packages.resolve(name));
        }
        Files.writeString(
                packages.resolve("torch/__init__.py"),
                "import os\nprint('torch 9')\nos._exit(3)\n");
        Files.writeString(
                packages.resolve("jax/__init__.py"),
                "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n");
        Files.writeString(packages.resolve("numpy/__init__.py"), "import no_such_core\n");
        Files.writeString(packages.resolve("google_crc32c/__init__.py"), "__version__ = '1.2'\n");
        Path python = python("PYTHONPATH=%s exec python3 \"$@\"\n".formatted(packages));

        Doctor doctor = examine(python, "");

        assertThat(finding(doctor, "torch").text())
                .isEqualTo("cannot be imported: its import ends Python with status 3");
        assertThat(finding(doctor, "jax").text())
                .isEqualTo("cannot be imported: its import ends Python by signal 9");
        assertThat(finding(doctor, "numpy").text())
                .isEqualTo("cannot be imported: No module named 'no_such_core'");
        assertThat(finding(doctor, "google_crc32c").text()).isEqualTo("1.2");
    }

    @Test
    void saysThatAPythonIsTooOld() throws Exception {
        Path python = python("case \"$*\" in *python_version*) echo 3.9.18 ;; *) exit 1 ;; esac\n");

        Doctor doctor = examine(python, "");

        assertThat(finding(doctor, "python").state()).isEqualTo(Finding.State.WRONG);
        assertThat(finding(doctor, "python").text()).contains("needs 3.10");
    }

    @Test
    void isWellIfTheReferenceRuntimeIs() throws Exception {
        assertThat(examine(folder.resolve("none"), "").healthy()).isTrue();

        Doctor ill = examine(folder.resolve("none"), "no shared memory");

        assertThat(ill.healthy()).isFalse();
        JsonNode json = JsonMapper.shared().readTree(ill.json());
        assertThat(json.path("healthy").asBoolean()).isFalse();
        assertThat(json.path("findings").valueStream())
                .anySatisfy(one -> {
                    assertThat(one.path("name").asString()).isEqualTo("reference");
                    assertThat(one.path("state").asString()).isEqualTo("wrong");
                    assertThat(one.path("text").asString()).isEqualTo("no shared memory");
                });
    }
}
