package io.coxswain.coordinator;

/** What became of a request to give the lead up. */
public sealed interface HandOverOutcome {
    /** That term is over; whoever stands by leads next, or this coordinator if nobody does. */
    record HandedOver(long term) implements HandOverOutcome {}

    /** There is nothing to give up, or nobody could take it. */
    record Refused(String reason) implements HandOverOutcome {}
}
