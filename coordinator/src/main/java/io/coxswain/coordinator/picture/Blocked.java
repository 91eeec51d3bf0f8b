package io.coxswain.coordinator.picture;

import java.util.List;

/**
 * What blocks progress now.
 *
 * @param healthy nothing does; {@code what} then says what goes on: {@code training: step 4,312 of
 *     10,000}
 * @param what for a person
 * @param sinceMillis wall time since when it has been so
 * @param waitsOn agents, or {@code ZooKeeper}, or nobody
 * @param next what happens then, or what a person can do; may be empty
 */
public record Blocked(
        boolean healthy, String what, long sinceMillis, List<String> waitsOn, String next) {
    public Blocked {
        waitsOn = List.copyOf(waitsOn);
    }
}
