package io.coxswain.coordinator.core.keyvalue;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The keys and values of one job's newest view. Nothing waits here: an operation that has to wait
 * is answered by the call that brings what it waits for.
 *
 * <p>Only one epoch is open, the newest that a view was planned with; keys of older ones are gone,
 * and whoever asks for them is refused. An operation may be asked again under its id, because its
 * answer was lost with a stream: what changes something is done once, and answered the same. The
 * store is memory of this leader only.
 */
public final class KeyValueStore {
    /**
     * Bounds.
     *
     * @param keyBytes of one key, in UTF-8
     * @param valueBytes of one value
     * @param keys how many there may be
     * @param totalBytes of all keys and values
     * @param answerBytes of the values of one answer
     * @param requests of one agent, that wait or whose answer it has not confirmed
     */
    public record Limits(
            int keyBytes,
            int valueBytes,
            int keys,
            long totalBytes,
            long answerBytes,
            int requests) {
        public static final Limits DEFAULT =
                new Limits(4_096, 1 << 20, 65_536, 64L << 20, 2L << 20, 2_048);
    }

    /** An operation of an agent's worker. */
    public record Ask(long id, long settledBelow, long epoch, KeyValueOperation operation) {}

    /** What an agent is to be told. */
    public record Answer(AgentKey agent, long id, KeyValueResult result) {}

    /** A get whose first absent key is {@code key}. */
    private record Waiter(AgentKey agent, long id, KeyValueOperation.Get get, String key) {}

    /** What is remembered of an agent. */
    private static final class Client {
        final Map<Long, Waiter> waiting = new TreeMap<>();

        /** Answers to what changed something, until the agent says that it has them. */
        final TreeMap<Long, KeyValueResult> done = new TreeMap<>();

        long settledBelow;

        int requests() {
            return waiting.size() + done.size();
        }
    }

    private final Limits limits;
    private final Map<String, byte[]> values = new HashMap<>();
    private final Map<String, LinkedHashSet<Waiter>> waiters = new HashMap<>();
    private final Map<AgentKey, Client> clients = new TreeMap<>();
    private final List<Answer> answers = new ArrayList<>();
    private long epoch;
    private boolean open;
    private long totalBytes;

    public KeyValueStore(Limits limits) {
        this.limits = limits;
    }

    /** A view of that epoch is about to be prepared: what older ones had is gone. */
    public List<Answer> open(long newEpoch) {
        if (newEpoch > epoch || !open) {
            close("view " + newEpoch + " is being prepared");
            epoch = Math.max(epoch, newEpoch);
            open = true;
        }
        return take();
    }

    /** Epochs below are over. */
    public List<Answer> fence(long below) {
        if (open && epoch < below) {
            close("the view is over: epoch " + below + " is being planned");
        }
        return take();
    }

    /** Answers at once, or later, or not at all if the same is waited for already. */
    public List<Answer> ask(AgentKey agent, Ask ask) {
        Client client = clients.computeIfAbsent(agent, _ -> new Client());
        settle(client, ask.settledBelow());
        if (ask.id() < client.settledBelow || client.waiting.containsKey(ask.id())) {
            return take();
        }
        KeyValueResult before = client.done.get(ask.id());
        if (before != null) {
            answer(agent, ask.id(), before);
        } else if (!open || ask.epoch() != epoch) {
            answer(agent, ask.id(), KeyValueResult.refused(KeyValueCode.EPOCH_OVER, stale(ask)));
        } else if (client.requests() >= limits.requests()) {
            refuse(
                    agent,
                    ask,
                    KeyValueCode.TOO_MANY_REQUESTS,
                    "%d requests of this agent are under way, which is the most"
                            .formatted(client.requests()));
        } else {
            perform(agent, client, ask);
        }
        return take();
    }

    /** Nobody waits for that answer any more. */
    public void forget(AgentKey agent, long id, long settledBelow) {
        Client client = clients.get(agent);
        if (client != null) {
            settle(client, settledBelow);
            client.done.remove(id);
            drop(client.waiting.remove(id));
        }
    }

    /** That incarnation is lost. */
    public void gone(AgentKey agent) {
        Client client = clients.remove(agent);
        if (client != null) {
            client.waiting.values().forEach(this::drop);
        }
    }

    /** How many keys there are. */
    public int size() {
        return values.size();
    }

    /** How many operations wait. */
    public int waiting() {
        return clients.values().stream().mapToInt(client -> client.waiting.size()).sum();
    }

    // ------------------------------------------------------------------ operations

    private void perform(AgentKey agent, Client client, Ask ask) {
        switch (ask.operation()) {
            case KeyValueOperation.Set set -> {
                KeyValueResult refusal = put(set.key(), set.value());
                change(agent, client, ask, refusal == null ? KeyValueResult.done() : refusal);
                wake(refusal, set.key());
            }
            case KeyValueOperation.Get get -> get(agent, client, ask.id(), get);
            case KeyValueOperation.Add add -> add(agent, client, ask, add);
            case KeyValueOperation.Delete delete ->
                    change(agent, client, ask, KeyValueResult.number(remove(delete.key()) ? 1 : 0));
            case KeyValueOperation.CompareSet compare -> compareSet(agent, client, ask, compare);
            case KeyValueOperation.Count count ->
                    answer(
                            agent,
                            ask.id(),
                            KeyValueResult.number(
                                    values.keySet().stream()
                                            .filter(key -> key.startsWith(count.prefix()))
                                            .count()));
            case KeyValueOperation.Unknown _ ->
                    answer(
                            agent,
                            ask.id(),
                            KeyValueResult.refused(
                                    KeyValueCode.BAD_REQUEST,
                                    "the coordinator does not know this kind of operation: it is"
                                            + " of an older version than the agent"));
        }
    }

    private void get(AgentKey agent, Client client, long id, KeyValueOperation.Get get) {
        if (get.keys().isEmpty()) {
            answer(
                    agent,
                    id,
                    KeyValueResult.refused(KeyValueCode.BAD_REQUEST, "a get names no key"));
            return;
        }
        var found = new ArrayList<byte[]>(get.keys().size());
        long bytes = 0;
        for (String key : get.keys()) {
            byte[] value = values.get(key);
            if (value == null) {
                KeyValueResult refusal = wrongKey(key);
                if (refusal != null) {
                    answer(agent, id, refusal);
                } else if (get.waits()) {
                    var waiter = new Waiter(agent, id, get, key);
                    client.waiting.put(id, waiter);
                    waiters.computeIfAbsent(key, _ -> new LinkedHashSet<>()).add(waiter);
                } else {
                    answer(
                            agent,
                            id,
                            KeyValueResult.refused(
                                    KeyValueCode.NOT_FOUND,
                                    "there is no key '%s'".formatted(shown(key))));
                }
                return;
            }
            bytes += value.length;
            found.add(value);
        }
        if (get.omitValues()) {
            answer(agent, id, KeyValueResult.done());
        } else if (bytes > limits.answerBytes()) {
            answer(
                    agent,
                    id,
                    KeyValueResult.refused(
                            KeyValueCode.ANSWER_TOO_LARGE,
                            "the values of the %d keys have %d bytes; one answer takes %d: ask for fewer at a time"
                                    .formatted(found.size(), bytes, limits.answerBytes())));
        } else {
            answer(agent, id, KeyValueResult.values(found));
        }
    }

    private void add(AgentKey agent, Client client, Ask ask, KeyValueOperation.Add add) {
        byte[] old = values.get(add.key());
        long sum;
        try {
            long before = old == null ? 0 : Long.parseLong(new String(old, StandardCharsets.UTF_8));
            sum = Math.addExact(before, add.amount());
        } catch (NumberFormatException e) {
            refuse(
                    agent,
                    ask,
                    KeyValueCode.BAD_REQUEST,
                    "the value of key '%s' is no whole number in decimal digits, so nothing can be added to it"
                            .formatted(shown(add.key())));
            return;
        } catch (ArithmeticException e) {
            refuse(
                    agent,
                    ask,
                    KeyValueCode.BAD_REQUEST,
                    "the sum in key '%s' does not fit into 64 bits".formatted(shown(add.key())));
            return;
        }
        KeyValueResult refusal =
                put(add.key(), Long.toString(sum).getBytes(StandardCharsets.UTF_8));
        change(agent, client, ask, refusal == null ? KeyValueResult.number(sum) : refusal);
        wake(refusal, add.key());
    }

    private void compareSet(
            AgentKey agent, Client client, Ask ask, KeyValueOperation.CompareSet compare) {
        byte[] old = values.getOrDefault(compare.key(), new byte[0]);
        if (!Arrays.equals(old, compare.expected())) {
            change(agent, client, ask, KeyValueResult.values(List.of(old)));
            return;
        }
        KeyValueResult refusal = put(compare.key(), compare.desired());
        change(
                agent,
                client,
                ask,
                refusal == null ? KeyValueResult.values(List.of(compare.desired())) : refusal);
        wake(refusal, compare.key());
    }

    /** Sets a key, or says why not. */
    private @Nullable KeyValueResult put(String key, byte[] value) {
        KeyValueResult refusal = wrongKey(key);
        if (refusal != null) {
            return refusal;
        }
        if (value.length > limits.valueBytes()) {
            return KeyValueResult.refused(
                    KeyValueCode.VALUE_TOO_LARGE,
                    "the value of key '%s' has %d bytes; a value may have %d"
                            .formatted(shown(key), value.length, limits.valueBytes()));
        }
        byte[] old = values.get(key);
        if (old == null && values.size() >= limits.keys()) {
            return KeyValueResult.refused(
                    KeyValueCode.TOO_MANY_KEYS,
                    "the store of this view has %d keys, which is the most: delete some"
                            .formatted(values.size()));
        }
        long bytes = totalBytes + value.length - (old == null ? -(long) bytes(key) : old.length);
        if (bytes > limits.totalBytes()) {
            return KeyValueResult.refused(
                    KeyValueCode.STORE_FULL,
                    "with key '%s' the store of this view would have %d bytes; it takes %d: delete some keys"
                            .formatted(shown(key), bytes, limits.totalBytes()));
        }
        totalBytes = bytes;
        values.put(key, value);
        return null;
    }

    private boolean remove(String key) {
        byte[] old = values.remove(key);
        if (old == null) {
            return false;
        }
        totalBytes -= old.length + (long) bytes(key);
        return true;
    }

    private @Nullable KeyValueResult wrongKey(String key) {
        if (key.isEmpty()) {
            return KeyValueResult.refused(KeyValueCode.BAD_REQUEST, "a key is empty");
        }
        int bytes = bytes(key);
        return bytes <= limits.keyBytes()
                ? null
                : KeyValueResult.refused(
                        KeyValueCode.KEY_TOO_LONG,
                        "key '%s' has %d bytes; a key may have %d"
                                .formatted(shown(key), bytes, limits.keyBytes()));
    }

    // ------------------------------------------------------------------ waiting, answers

    /** Whoever waited for a key that was just set looks again. */
    private void wake(@Nullable KeyValueResult refusal, String key) {
        LinkedHashSet<Waiter> woken = refusal == null ? waiters.remove(key) : null;
        if (woken == null) {
            return;
        }
        for (Waiter waiter : woken) {
            Client client = clients.get(waiter.agent());
            if (client != null && client.waiting.remove(waiter.id()) != null) {
                get(waiter.agent(), client, waiter.id(), waiter.get());
            }
        }
    }

    private void drop(@Nullable Waiter waiter) {
        LinkedHashSet<Waiter> others = waiter == null ? null : waiters.get(waiter.key());
        if (waiter != null && others != null) {
            others.remove(waiter);
            if (others.isEmpty()) {
                waiters.remove(waiter.key());
            }
        }
    }

    private void settle(Client client, long below) {
        if (below > client.settledBelow) {
            client.settledBelow = below;
            client.done.headMap(below).clear();
        }
    }

    private void close(String why) {
        for (var entry : clients.entrySet()) {
            for (long id : entry.getValue().waiting.keySet()) {
                answer(
                        entry.getKey(),
                        id,
                        KeyValueResult.refused(
                                KeyValueCode.EPOCH_OVER,
                                "epoch %d has ended: %s".formatted(epoch, why)));
            }
            entry.getValue().waiting.clear();
            entry.getValue().done.clear();
        }
        waiters.clear();
        values.clear();
        totalBytes = 0;
        open = false;
    }

    private String stale(Ask ask) {
        return open
                ? "the store is that of epoch %d; the request is of epoch %d"
                        .formatted(epoch, ask.epoch())
                : "no view is prepared or active; the request is of epoch %d"
                        .formatted(ask.epoch());
    }

    /** Answers what changed something, and remembers the answer. */
    private void change(AgentKey agent, Client client, Ask ask, KeyValueResult result) {
        client.done.put(ask.id(), result);
        answer(agent, ask.id(), result);
    }

    private void refuse(AgentKey agent, Ask ask, KeyValueCode code, String message) {
        answer(agent, ask.id(), KeyValueResult.refused(code, message));
    }

    private void answer(AgentKey agent, long id, KeyValueResult result) {
        answers.add(new Answer(agent, id, result));
    }

    private List<Answer> take() {
        if (answers.isEmpty()) {
            return List.of();
        }
        List<Answer> taken = List.copyOf(answers);
        answers.clear();
        return taken;
    }

    private static int bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String shown(String key) {
        return key.length() <= 80 ? key : key.substring(0, 80) + "…";
    }
}
