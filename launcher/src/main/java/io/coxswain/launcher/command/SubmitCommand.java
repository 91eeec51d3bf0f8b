package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.JobWait;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.train.ReportFile;
import io.coxswain.proto.admin.v1.SubmitResponse;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain submit}. */
@Command(
        name = "submit",
        header = "Submit a job to the leading coordinator.",
        description = {
            "",
            "Prints the job's id. The data file's path is sent as it is here: agents must find it"
                    + " there too."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain submit examples/digits/job.yaml --zookeeper zk1:2181,zk2:2181",
            "  coxswain submit job.yaml --coordinator 10.0.0.5:7400 --queue --wait --report"
                    + " out.json"
        })
public final class SubmitCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "JOB", description = "The job file (YAML).")
    private Path job = Path.of("");

    @Option(
            names = "--id",
            paramLabel = "ID",
            description =
                    "The job's id. Default: the coordinator chooses one. Submitting the same job"
                            + " with the same id again starts nothing new.")
    private String id = "";

    @Option(
            names = "--queue",
            description =
                    "Waits behind other jobs; without it the job is refused while another runs.")
    private boolean queue;

    @Option(names = "--wait", description = "Waits until the job is over, as coxswain wait does.")
    private boolean wait;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "With --wait: writes the report there, as JSON.")
    private @Nullable Path report;

    @Mixin private JobOptions overrides = new JobOptions();

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        if (report != null) {
            ReportFile.check(report);
        }
        JobFile file = JobFile.readForOtherHosts(job, overrides.overrides());
        if (!Files.exists(file.data())) {
            System.err.println(
                    "coxswain: note: the data file "
                            + file.data()
                            + " is not on this machine; the agents must find it there");
        }
        SubmitResponse answer = LeaderCalls.submit(admin.address(), file.spec(id), queue);
        if (!answer.getAccepted()) {
            System.err.println("coxswain: the job was refused: " + answer.getReason());
            return ExitCode.FAILED;
        }
        answer.getIgnoredList()
                .forEach(ignored ->
                        System.err.println(
                                "coxswain: note: the coordinator is of an older version and leaves"
                                        + " out "
                                        + ignored));
        System.out.println(
                answer.getJobId()
                        + (answer.getQueuePosition() > 0
                                ? " (queued at position " + answer.getQueuePosition() + ")"
                                : ""));
        return wait
                ? JobWait.run(admin.address(), answer.getJobId(), report, System.out, System.err)
                : ExitCode.COMPLETED;
    }
}
