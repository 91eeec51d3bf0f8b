package io.coxswain.coordinator.core.ledger;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What incidents cost in slot-nanoseconds: all losses that were booked from the moment an incident
 * began until it closed, progress that it took back included. Incidents do not overlap: one is open
 * at most. The newest {@value #KEPT} are kept.
 */
public final class IncidentCosts {
    private static final int KEPT = 1_000;
    private static final int NONE = 0;

    private final LinkedHashMap<Integer, BigInteger> closed = new LinkedHashMap<>();
    private int open = NONE;
    private BigInteger before = BigInteger.ZERO;

    /**
     * An incident is under way. Said again of the same one, it changes nothing.
     *
     * @param lossBefore all losses of the run before anything of this incident was booked
     */
    public void began(int id, BigInteger lossBefore) {
        if (id != open) {
            open = id;
            before = lossBefore;
        }
    }

    /** It is over, with {@code loss} of the run by then. */
    public void closed(int id, BigInteger loss) {
        keep(id, id == open ? loss.subtract(before) : BigInteger.ZERO);
        open = NONE;
    }

    /** One that was over before this account was opened. */
    public void inherited(int id, BigInteger cost) {
        keep(id, cost);
    }

    private void keep(int id, BigInteger cost) {
        closed.put(id, cost);
        if (closed.size() > KEPT) {
            closed.pollFirstEntry();
        }
    }

    /**
     * The cost so far of an incident; 0 of an unknown one.
     *
     * @param lossNow all losses of the run until now
     */
    public BigInteger of(int id, BigInteger lossNow) {
        if (id == open) {
            return lossNow.subtract(before).max(BigInteger.ZERO);
        }
        return closed.getOrDefault(id, BigInteger.ZERO);
    }

    /** Of those that are over, by id. */
    public Map<Integer, BigInteger> closed() {
        return new LinkedHashMap<>(closed);
    }
}
