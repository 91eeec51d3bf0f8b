package io.coxswain.launcher.runtimes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/** A shell script in the place of Python, with a pip that gives what the test laid beside it. */
final class FakePython {
    private static final String SCRIPT =
            """
            #!/bin/sh
            here=$(dirname "$0")
            echo "$*" >>"$here/calls"
            [ "$1 $2" = "-m pip" ] || exec "$here/program" "$@"
            [ -e "$here/no-pip" ] && { echo "No module named pip" >&2; exit 1; }
            [ "$3" = --version ] && { echo "pip 23.2.1"; exit 0; }
            [ -e "$here/fail" ] && { cat "$here/fail" >&2; exit 1; }
            for argument in "$@"; do
              case $argument in
                --dest=*) dest=${argument#--dest=} ;;
                --requirement=*) cat "${argument#--requirement=}" >>"$here/requirements" ;;
              esac
            done
            echo "$TMPDIR" >"$here/tmpdir"
            [ -e "$here/toy.whl" ] && cp "$here/toy.whl" "$dest/"
            exit 0
            """;

    final Path folder;

    FakePython(Path folder) throws IOException {
        this.folder = folder;
        script("python", SCRIPT);
    }

    void script(String name, String text) throws IOException {
        Path file = Files.writeString(folder.resolve(name), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    Map<String, String> environment() {
        return Map.of(Python.VARIABLE, folder.resolve("python").toString());
    }

    String read(String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) ? Files.readString(file) : "";
    }
}
