package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.concurrent.Callable;

/** {@code coxswain jobs}. */
@Command(
        name = "jobs",
        header = "List the jobs: running, queued and ended.",
        footer = {"", "Examples:", "  coxswain jobs --zookeeper zk1:2181"})
public final class JobsCommand extends Shared implements Callable<Integer> {
    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        try (AdminClient client = AdminClient.connect(admin.address())) {
            AdminTexts.jobs(client.status("").getJobsList()).forEach(System.out::println);
            return ExitCode.COMPLETED;
        }
    }
}
