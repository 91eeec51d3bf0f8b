package io.coxswain.agent.adapter;

import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.proto.bridge.v1.KeyValueRequest;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The processes' requests to the key-value store, under numbers that tell them apart: each counts
 * its own. One process keeps its numbers. Any thread.
 */
final class KeyValueDoor {
    /** Who asked, and the number that it gave. */
    record Asker(int local, long id) {}

    private final List<KeyValueIntake> intakes = new ArrayList<>();
    private final Map<Long, Asker> askers = new HashMap<>();
    private long numbers;

    KeyValueDoor(int processes) {
        for (int local = 0; local < processes; local++) {
            intakes.add(new KeyValueIntake());
        }
    }

    /** The number under which a request of a process goes on. */
    synchronized long number(long id) {
        return intakes.size() == 1 ? id : ++numbers;
    }

    /** Takes a request in, or says why not. */
    synchronized @Nullable KeyValueReply admit(int local, long number, KeyValueRequest request) {
        KeyValueReply refusal = intakes.get(local).admit(request);
        if (refusal == null) {
            askers.put(number, new Asker(local, request.getId()));
        }
        return refusal;
    }

    /** It is answered; null if nobody waits for it. */
    synchronized @Nullable Asker answered(long number) {
        Asker asker = askers.remove(number);
        if (asker == null) {
            return intakes.size() == 1 ? new Asker(0, number) : null;
        }
        intakes.get(asker.local()).answered(asker.id());
        return asker;
    }

    /** Another worker: what the former one asked is nobody's any more. */
    synchronized void clear() {
        askers.clear();
        intakes.forEach(KeyValueIntake::clear);
    }
}
