package io.coxswain.launcher.command;

import io.coxswain.launcher.admin.JobWait;
import io.coxswain.launcher.train.ReportFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain wait}. */
@Command(
        name = "wait",
        header = "Wait until a job is over.",
        description = {
            "",
            "Prints how it went. Exit code 0 if the job completed, 1 if not. Survives a change of"
                    + " the leading coordinator."
        },
        footer = {"", "Examples:", "  coxswain wait digits-20260101-120000 --report out.json"})
public final class WaitCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "JOB", description = "The job's id.")
    private String job = "";

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Writes the report there, as JSON.")
    private @Nullable Path report;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        if (report != null) {
            ReportFile.check(report);
        }
        return JobWait.run(admin.address(), job, report, System.out, System.err);
    }
}
