package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.StatusResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.concurrent.Callable;

/** {@code coxswain jobs}. */
@Command(
        name = "jobs",
        header = "List the jobs: running, queued and ended.",
        footer = {"", "Examples:", "  coxswain jobs --zookeeper zk1:2181"})
public final class JobsCommand extends Shared implements Callable<Integer> {
    @Option(names = "--json", description = "JSON instead of tables.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        try (AdminClient client = AdminClient.connect(admin.address())) {
            StatusResponse status = client.status("");
            if (json) {
                System.out.println(AdminTexts.jobsJson(status));
            } else {
                AdminTexts.jobs(status.getJobsList()).forEach(System.out::println);
                AdminTexts.history(status.getHistory()).forEach(System.out::println);
            }
            return ExitCode.COMPLETED;
        }
    }
}
