package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.Deed;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Impairment;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Fault;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Lets at most so many agents be hurt, in all and therefore at any time, and remembers what did not
 * heal. Thread-safe.
 */
public final class LimitedFaults implements FaultPort {
    private final FaultPort to;
    private final int most;
    // Guarded by this.
    private final Set<String> hurt = new LinkedHashSet<>();
    private final Set<String> started = new LinkedHashSet<>();
    private final List<String> unhealed = new ArrayList<>();

    /**
     * Goes before a port.
     *
     * @param most agents, 1 or more
     */
    public LimitedFaults(FaultPort to, int most) {
        if (most < 1) {
            throw new IllegalArgumentException(
                    "at most " + most + " victims; expected 1 or more, or a dry run");
        }
        this.to = to;
        this.most = most;
    }

    private synchronized void claim(String party) throws IOException {
        if (!hurt.contains(party) && hurt.size() >= most) {
            throw new IOException(
                    "the limit of "
                            + most
                            + (most == 1 ? " victim" : " victims")
                            + " is reached by "
                            + String.join(", ", hurt)
                            + ": "
                            + party
                            + " is left alone (--max-victims)");
        }
        hurt.add(party);
    }

    /** Who was hurt, in order. */
    public synchronized List<String> victims() {
        return List.copyOf(hurt);
    }

    /** Who was started again. */
    public synchronized List<String> started() {
        return List.copyOf(started);
    }

    /** What could not be taken back, in words. */
    public synchronized List<String> unhealed() {
        return List.copyOf(unhealed);
    }

    private synchronized void note(String trouble) {
        unhealed.add(trouble);
    }

    private synchronized void noteStarted(String party) {
        started.add(party);
    }

    @Override
    public long kill(Victim victim) throws IOException {
        claim(victim.party());
        return to.kill(victim);
    }

    @Override
    public void pause(Victim victim) throws IOException {
        claim(victim.party());
        to.pause(victim);
    }

    @Override
    public void terminate(Victim victim) throws IOException {
        claim(victim.party());
        to.terminate(victim);
    }

    @Override
    public void resume(Victim victim) throws IOException {
        healing("goes on", victim.toString(), () -> to.resume(victim));
    }

    @Override
    public void startAgain(String party) throws IOException {
        if (!to.startsAgain() || !victims().contains(party)) {
            return;
        }
        healing("comes back", party, () -> to.startAgain(party));
        noteStarted(party);
    }

    private void healing(String what, String whom, Cure cure) throws IOException {
        try {
            cure.heal();
        } catch (IOException | UnsupportedOperationException e) {
            note("not known whether " + whom + " " + what + ": " + e.getMessage());
            throw e;
        }
    }

    @Override
    public Cure impair(Impairment impairment) throws IOException {
        for (String party : impairment.from()) {
            claim(party);
        }
        Cure cure = to.impair(impairment);
        return () -> healing("heals", "the link of " + impairment.from(), cure);
    }

    @Override
    public Cure fillDisk(Victim victim) throws IOException {
        claim(victim.party());
        Cure cure = to.fillDisk(victim);
        return () -> healing("has room", "the disk of " + victim, cure);
    }

    @Override
    public void expireSession(String party) throws IOException {
        claim(party);
        to.expireSession(party);
    }

    @Override
    public int flipBits(String party, Fault.Memory memory) throws IOException {
        claim(party);
        return to.flipBits(party, memory);
    }

    @Override
    public boolean startsAgain() {
        return to.startsAgain();
    }

    @Override
    public String refusal(Fault fault) {
        return to.refusal(fault);
    }

    @Override
    public String plan(Deed deed, Victim victim) throws IOException {
        return to.plan(deed, victim);
    }
}
