package io.coxswain.launcher.command;

import io.coxswain.proto.admin.v1.LookRequest;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

import java.util.regex.Pattern;

/** A rank or an agent, as people name them. */
final class Whom {
    private static final Pattern RANK = Pattern.compile("\\d{1,6}");
    private static final Pattern AGENT = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private Whom() {}

    /** A number is a rank; a name is an agent's. */
    static LookRequest.Builder request(String whom, String job, CommandSpec spec) {
        LookRequest.Builder request = LookRequest.newBuilder().setJobId(job);
        if (RANK.matcher(whom).matches()) {
            return request.setRank(Integer.parseInt(whom));
        }
        if (!AGENT.matcher(whom).matches()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "'"
                            + whom
                            + "' is neither a rank (0, 1, 2 …) nor an agent's name (1 to 64 of"
                            + " A-Z a-z 0-9 . _ -)");
        }
        return request.setAgentId(whom);
    }
}
