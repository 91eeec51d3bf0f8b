package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.StatusResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain status}. */
@Command(
        name = "status",
        header = "Show what goes on: what blocks it, jobs, copies, agents.",
        footer = {
            "",
            "Examples:",
            "  coxswain status",
            "  coxswain status digits-20260101-120000 --coordinator 10.0.0.5:7400"
        })
public final class StatusCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", arity = "0..1", paramLabel = "JOB", description = "Only this job.")
    private String job = "";

    @Option(names = "--json", description = "JSON instead of tables.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        try (AdminClient client = AdminClient.connect(admin.address())) {
            StatusResponse status = client.picture(job);
            if (!job.isEmpty() && status.getJobsCount() == 0) {
                System.err.println("coxswain: there is no job " + job + "; see coxswain jobs");
                return ExitCode.USAGE;
            }
            if (json) {
                System.out.println(AdminTexts.json(status));
                return ExitCode.COMPLETED;
            }
            (job.isEmpty() ? AdminTexts.status(status) : AdminTexts.job(status))
                    .forEach(System.out::println);
            if (!job.isEmpty()) {
                AdminTexts.metrics(status.getJobsList()).forEach(System.out::println);
            }
            return ExitCode.COMPLETED;
        }
    }
}
