package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.ledger.GoodputLedger;

import java.math.BigInteger;

/** What holds of every account at any time (I13). */
final class LedgerCheck {
    private LedgerCheck() {}

    static void tiles(GoodputLedger ledger, long now) {
        if (ledger.slots() == 0) {
            return;
        }
        BigInteger sum = ledger.totals().values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        if (!sum.equals(ledger.totalSlotNanos())) {
            throw new AssertionError(
                    "I13: categories sum to " + sum + ", the total is " + ledger.totalSlotNanos());
        }
        for (int slot = 0; slot < ledger.slots(); slot++) {
            if (ledger.cursorNanos(slot) > now) {
                throw new AssertionError("I13: slot " + slot + " is booked ahead of time");
            }
        }
    }
}
