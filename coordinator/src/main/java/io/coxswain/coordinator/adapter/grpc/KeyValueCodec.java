package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.UnsafeByteOperations;

import io.coxswain.coordinator.core.keyvalue.KeyValueOperation;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.proto.control.v1.KeyValueAsked;

/** Operations on the key-value store of a view, from and to messages. Stateless. */
public final class KeyValueCodec {
    private KeyValueCodec() {}

    /** An operation as an agent asks for it. */
    public static KeyValueStore.Ask ask(KeyValueAsked asked) {
        return new KeyValueStore.Ask(
                asked.getId(),
                asked.getSettledBelow(),
                asked.getEpoch(),
                operation(asked.getOperation()));
    }

    private static KeyValueOperation operation(
            io.coxswain.proto.control.v1.KeyValueOperation operation) {
        return switch (operation.getKindCase()) {
            case SET ->
                    new KeyValueOperation.Set(
                            operation.getSet().getKey(),
                            operation.getSet().getValue().toByteArray());
            case GET ->
                    new KeyValueOperation.Get(
                            operation.getGet().getKeysList(),
                            operation.getGet().getWaitNanos() != 0,
                            operation.getGet().getOmitValues());
            case ADD ->
                    new KeyValueOperation.Add(
                            operation.getAdd().getKey(), operation.getAdd().getAmount());
            case DELETE -> new KeyValueOperation.Delete(operation.getDelete().getKey());
            case COMPARE_SET ->
                    new KeyValueOperation.CompareSet(
                            operation.getCompareSet().getKey(),
                            operation.getCompareSet().getExpected().toByteArray(),
                            operation.getCompareSet().getDesired().toByteArray());
            case COUNT -> new KeyValueOperation.Count(operation.getCount().getPrefix());
            // Refused, but for the one who asks: others of that agent's words are understood.
            case KIND_NOT_SET -> new KeyValueOperation.Unknown();
        };
    }

    /** The answer; values are not copied. */
    public static io.coxswain.proto.control.v1.KeyValueResult result(KeyValueResult result) {
        var message =
                io.coxswain.proto.control.v1.KeyValueResult.newBuilder()
                        .setCode(result.code() == null ? "" : result.code().word())
                        .setMessage(result.message())
                        .setNumber(result.number());
        for (byte[] value : result.values()) {
            message.addValues(UnsafeByteOperations.unsafeWrap(value));
        }
        return message.build();
    }
}
