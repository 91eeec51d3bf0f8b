package io.coxswain.chaos.port;

import java.util.regex.Pattern;

/**
 * Where an agent's process is, as the coordinator tells.
 *
 * @param incarnation of the process: another one is another process
 * @param host the name that its machine, or pod, gives itself
 * @param address under which other agents reach it
 * @param pid on that host, as the process itself sees it
 */
public record AgentSite(String agent, String incarnation, String host, String address, long pid) {
    // They become words of commands: nothing in them may mean anything to a shell or an option.
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_:][A-Za-z0-9._:-]{0,252}");

    /**
     * Checks what is to be named in a command.
     *
     * @throws IllegalArgumentException if it is not plain
     */
    public AgentSite {
        plain("agent", agent);
        plain("host", host);
        plain("address", address);
        if (pid < 1) {
            throw new IllegalArgumentException(
                    "agent " + agent + " does not say its process: is it of an older version?");
        }
    }

    private static void plain(String what, String text) {
        if (!PLAIN.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "the "
                            + what
                            + " of an agent is '"
                            + text
                            + "', which is not of letters, digits and '._:-' and therefore goes"
                            + " into no command");
        }
    }
}
