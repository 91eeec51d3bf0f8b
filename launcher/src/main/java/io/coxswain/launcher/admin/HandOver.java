package io.coxswain.launcher.admin;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.proto.admin.v1.HandOverResponse;
import io.coxswain.proto.admin.v1.StatusResponse;

import java.io.PrintStream;
import java.time.Duration;

/** Hands the lead over, and waits until somebody has it. */
public final class HandOver {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

    private HandOver() {}

    /**
     * Asks once, since each time hands over anew.
     *
     * @return the exit code
     * @throws EnvironmentException if nobody leads afterwards for half a minute
     */
    public static int run(AdminClient.Address address, PrintStream out, PrintStream err)
            throws EnvironmentException, InterruptedException {
        String former;
        HandOverResponse answer;
        try (AdminClient client = AdminClient.connect(address)) {
            former = client.status("").getCoordinatorId();
            answer = client.handOver();
        }
        if (!answer.getHandedOver()) {
            err.println("coxswain: the lead is not handed over: " + answer.getReason());
            return ExitCode.FAILED;
        }
        out.println("coordinator " + former + " gave the lead of term " + answer.getTerm() + " up");
        if (address.coordinator() != null) {
            // Where the others are is not known here.
            out.println("whoever stands by leads next");
            return ExitCode.COMPLETED;
        }
        EnvironmentException last = new EnvironmentException("nobody leads");
        var patience = new Patience(err);
        while (true) {
            try (AdminClient client = AdminClient.connect(address)) {
                StatusResponse status = client.status("");
                if (status.getTerm() > answer.getTerm()) {
                    out.println(
                            "coordinator "
                                    + status.getCoordinatorId()
                                    + " leads with term "
                                    + status.getTerm()
                                    + (status.getCoordinatorId().equals(former)
                                            ? ": no other one stands by"
                                            : ""));
                    return ExitCode.COMPLETED;
                }
            } catch (EnvironmentException unanswered) {
                last = unanswered;
            }
            patience.unanswered(last);
            Thread.sleep(BETWEEN_LOOKS);
        }
    }
}
