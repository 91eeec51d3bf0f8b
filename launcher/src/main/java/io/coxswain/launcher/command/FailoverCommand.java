package io.coxswain.launcher.command;

import io.coxswain.launcher.admin.HandOver;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.concurrent.Callable;

/** {@code coxswain failover}. */
@Command(
        name = "failover",
        header = "Have the leading coordinator hand the lead to a standby.",
        description = {
            "",
            "A running job goes on: its agents step meanwhile, and the next leader takes it over in"
                    + " the same view. Without a standby the same coordinator leads again. Each"
                    + " call hands over anew. Exit code 1 if whoever was asked does not lead."
        },
        footer = {"", "Examples:", "  coxswain failover --zookeeper zk1:2181,zk2:2181"})
public final class FailoverCommand extends Shared implements Callable<Integer> {
    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        return HandOver.run(admin.address(), System.out, System.err);
    }
}
