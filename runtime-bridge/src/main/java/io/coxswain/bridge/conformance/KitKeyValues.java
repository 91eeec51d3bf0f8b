package io.coxswain.bridge.conformance;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The key-value store of the views of one mesh. Its workers' side channels are read by a thread
 * each; an answer goes to who asked, whoever's request led to it.
 */
final class KitKeyValues {
    private final Map<String, ByteString> values = new HashMap<>();
    private final List<Asked> waiting = new ArrayList<>();
    private long epoch;

    private record Asked(KeyValueRequest request, Consumer<ToWorkerSide> reply) {}

    /** Takes a request; it and others that waited may be answered by it. */
    synchronized void hear(KeyValueRequest request, Consumer<ToWorkerSide> reply) {
        var asked = new Asked(request, reply);
        if (Long.compareUnsigned(request.getEpoch(), epoch) > 0) {
            epoch = request.getEpoch();
            values.clear();
            waiting.forEach(old -> refuse(old, "epoch_over"));
            waiting.clear();
        }
        if (request.getEpoch() != epoch) {
            refuse(asked, "epoch_over");
            return;
        }
        take(asked);
        for (Asked old : List.copyOf(waiting)) {
            waiting.remove(old);
            take(old);
        }
    }

    private void take(Asked asked) {
        KeyValueRequest request = asked.request();
        KeyValueOperation operation = request.getOperation();
        KeyValueResult.Builder result = KeyValueResult.newBuilder();
        switch (operation.getKindCase()) {
            case SET -> values.put(operation.getSet().getKey(), operation.getSet().getValue());
            case GET -> {
                if (!values.keySet().containsAll(operation.getGet().getKeysList())) {
                    if (operation.getGet().getWaitNanos() == 0) {
                        refuse(asked, "not_found");
                    } else {
                        waiting.add(asked);
                    }
                    return;
                }
                if (!operation.getGet().getOmitValues()) {
                    operation.getGet().getKeysList().forEach(k -> result.addValues(values.get(k)));
                }
            }
            case ADD -> {
                long sum = number(operation.getAdd().getKey()) + operation.getAdd().getAmount();
                values.put(
                        operation.getAdd().getKey(), ByteString.copyFromUtf8(Long.toString(sum)));
                result.setNumber(sum);
            }
            case DELETE ->
                    result.setNumber(values.remove(operation.getDelete().getKey()) == null ? 0 : 1);
            case COMPARE_SET -> {
                var compare = operation.getCompareSet();
                ByteString now = values.getOrDefault(compare.getKey(), ByteString.EMPTY);
                if (now.equals(compare.getExpected())) {
                    now = compare.getDesired();
                    values.put(compare.getKey(), now);
                }
                result.addValues(now);
            }
            case COUNT ->
                    result.setNumber(
                            values.keySet().stream()
                                    .filter(key -> key.startsWith(operation.getCount().getPrefix()))
                                    .count());
            case KIND_NOT_SET -> {
                refuse(asked, "bad_request");
                return;
            }
        }
        asked.reply().accept(answer(request, result));
    }

    private long number(String key) {
        try {
            return Long.parseLong(values.getOrDefault(key, ByteString.EMPTY).toStringUtf8());
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static void refuse(Asked asked, String code) {
        asked.reply()
                .accept(
                        answer(
                                asked.request(),
                                KeyValueResult.newBuilder()
                                        .setCode(code)
                                        .setMessage("says the kit")));
    }

    private static ToWorkerSide answer(KeyValueRequest request, KeyValueResult.Builder result) {
        return ToWorkerSide.newBuilder()
                .setKeyValueAnswer(
                        KeyValueAnswer.newBuilder().setId(request.getId()).setResult(result))
                .build();
    }
}
