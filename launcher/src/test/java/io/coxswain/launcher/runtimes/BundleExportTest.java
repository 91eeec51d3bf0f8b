package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class BundleExportTest {
    @TempDir private Path folder = Path.of("");

    private FakePython python(String program) throws Exception {
        Files.createDirectories(folder.resolve("runtime-bridge/python/coxswain/bundle"));
        var python = new FakePython(folder);
        python.script("program", "#!/bin/sh\n" + program);
        return python;
    }

    @Test
    void runsThePackageOfThisCheckout() throws Exception {
        FakePython python =
                python(
                        """
                        case "$*" in
                          *python_version*) echo 3.12.1 ;;
                          *find_spec*) exit 0 ;;
                          *) echo "$PYTHONPATH: $*" >"$(dirname "$0")/ran"; exit 7 ;;
                        esac
                        """);

        int status =
                BundleExport.run(
                        folder, python.environment(), List.of("model.py", "--shards", "1,2"));

        assertThat(status).isEqualTo(7);
        assertThat(python.read("ran"))
                .startsWith(folder.resolve("runtime-bridge/python").toString())
                .endsWith(": -m coxswain.bundle model.py --shards 1,2\n");
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        FakePython python =
                python("case \"$*\" in *python_version*) echo 3.12.1 ;; *) exit 3 ;; esac\n");

        assertThatThrownBy(() -> BundleExport.run(folder, python.environment(), List.of()))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("bundle needs JAX, and " + folder.resolve("python"))
                .hasMessageContaining("(Python 3.12.1) has none")
                .hasMessageContaining("-m pip install jax numpy");
        Map<String, String> nowhere = Map.of(Python.VARIABLE, folder.resolve("nowhere").toString());
        assertThatThrownBy(() -> BundleExport.run(folder, nowhere, List.of()))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("bundle needs Python, and COXSWAIN_PYTHON=")
                .hasMessageContaining("does not start");
        assertThatThrownBy(() ->
                        BundleExport.run(folder.resolve("other"), python.environment(), List.of()))
                .hasMessageContaining("the Python package is not in");
    }
}
