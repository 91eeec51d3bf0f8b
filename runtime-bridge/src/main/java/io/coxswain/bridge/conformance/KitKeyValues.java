package io.coxswain.bridge.conformance;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The key-value store of a worker's views, as long as it is alone in them: the kit prepares ranks
 * one after another, so that ranks that wait for each other cannot meet here. One thread.
 */
final class KitKeyValues {
    private final Map<String, ByteString> values = new HashMap<>();
    private final List<KeyValueRequest> waiting = new ArrayList<>();
    private long epoch;

    /** The answers that a message leads to; none if it is no request. */
    List<ToWorkerSide> hear(FromWorkerSide message) {
        List<ToWorkerSide> answers = new ArrayList<>();
        if (message.hasKeyValueRequest()) {
            KeyValueRequest request = message.getKeyValueRequest();
            if (Long.compareUnsigned(request.getEpoch(), epoch) > 0) {
                epoch = request.getEpoch();
                values.clear();
                waiting.forEach(old -> answers.add(refused(old, "epoch_over")));
                waiting.clear();
            }
            if (request.getEpoch() != epoch) {
                answers.add(refused(request, "epoch_over"));
            } else {
                take(request, answers);
                for (KeyValueRequest old : List.copyOf(waiting)) {
                    waiting.remove(old);
                    take(old, answers);
                }
            }
        }
        return answers;
    }

    private void take(KeyValueRequest request, List<ToWorkerSide> answers) {
        KeyValueOperation operation = request.getOperation();
        KeyValueResult.Builder result = KeyValueResult.newBuilder();
        switch (operation.getKindCase()) {
            case SET -> values.put(operation.getSet().getKey(), operation.getSet().getValue());
            case GET -> {
                if (!values.keySet().containsAll(operation.getGet().getKeysList())) {
                    if (operation.getGet().getWaitNanos() == 0) {
                        answers.add(refused(request, "not_found"));
                    } else {
                        waiting.add(request);
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
                answers.add(refused(request, "bad_request"));
                return;
            }
        }
        answers.add(answer(request, result));
    }

    private long number(String key) {
        try {
            return Long.parseLong(values.getOrDefault(key, ByteString.EMPTY).toStringUtf8());
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static ToWorkerSide refused(KeyValueRequest request, String code) {
        return answer(
                request, KeyValueResult.newBuilder().setCode(code).setMessage("says the kit"));
    }

    private static ToWorkerSide answer(KeyValueRequest request, KeyValueResult.Builder result) {
        return ToWorkerSide.newBuilder()
                .setKeyValueAnswer(
                        KeyValueAnswer.newBuilder().setId(request.getId()).setResult(result))
                .build();
    }
}
