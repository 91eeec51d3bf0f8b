package io.coxswain.launcher.command;

import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.doctor.Doctor;
import io.coxswain.launcher.runtimes.ChildProbe;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain doctor}. */
@Command(
        name = "doctor",
        header = "What this machine has, which runtimes work, and what installs what is missing.",
        description = {
            "",
            "Makes a few steps with the reference runtime and loads every plugin, each in a process"
                    + " of its own. The exit code is 0 if the reference runtime works."
        },
        footer = {"", "Examples:", "  coxswain doctor", "  coxswain doctor --json"})
public final class DoctorCommand extends Shared implements Callable<Integer> {
    private static final String JOB = "examples/digits/job.yaml";

    @Option(names = "--json", description = "Prints JSON instead of a table.")
    private boolean json;

    @Option(
            names = "--arena-dir",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Folder for shared memory, as of train. Default: ${DEFAULT-VALUE}.")
    private Path arenas = Path.of("/dev/shm");

    @Override
    public Integer call() throws Exception {
        var probe = new ChildProbe();
        Path job = Path.of(System.getProperty("coxswain.home", ".")).resolve(JOB);
        Path memory = arenas.toAbsolutePath();
        Doctor doctor =
                Doctor.examine(
                        Path.of("/"),
                        memory,
                        System.getenv(),
                        PluginStore.ofThisProcess(),
                        probe,
                        () -> probe.trySteps(job.toAbsolutePath(), memory));
        if (json) {
            System.out.println(doctor.json());
        } else {
            doctor.table().forEach(System.out::println);
        }
        return doctor.healthy() ? ExitCode.COMPLETED : ExitCode.ENVIRONMENT;
    }
}
