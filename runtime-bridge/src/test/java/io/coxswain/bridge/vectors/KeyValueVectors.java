package io.coxswain.bridge.vectors;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.KeyValueAdd;
import io.coxswain.proto.control.v1.KeyValueCompareSet;
import io.coxswain.proto.control.v1.KeyValueCount;
import io.coxswain.proto.control.v1.KeyValueDelete;
import io.coxswain.proto.control.v1.KeyValueGet;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;
import io.coxswain.proto.control.v1.KeyValueSet;

import java.util.List;

/** Requests to the key-value store of a view, and answers. */
final class KeyValueVectors {
    private KeyValueVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        ask(
                all,
                "set",
                "a value is any bytes",
                1,
                KeyValueOperation.newBuilder()
                        .setSet(
                                KeyValueSet.newBuilder()
                                        .setKey("gloo/größe")
                                        .setValue(ByteString.fromHex("00ff"))));
        ask(
                all,
                "get",
                "two keys, until the view is over: 2^64 - 1",
                2,
                KeyValueOperation.newBuilder()
                        .setGet(
                                KeyValueGet.newBuilder()
                                        .addKeys("rank/0")
                                        .addKeys("rank/1")
                                        .setWaitNanos(-1)));
        ask(
                all,
                "get, presence",
                "at once, without the value",
                3,
                KeyValueOperation.newBuilder()
                        .setGet(KeyValueGet.newBuilder().addKeys("rank/0").setOmitValues(true)));
        ask(
                all,
                "add",
                "-1 travels as 2^64 - 1",
                4,
                KeyValueOperation.newBuilder()
                        .setAdd(KeyValueAdd.newBuilder().setKey("left").setAmount(-1)));
        ask(
                all,
                "delete",
                "",
                5,
                KeyValueOperation.newBuilder()
                        .setDelete(KeyValueDelete.newBuilder().setKey("left")));
        ask(
                all,
                "compare_set",
                "if it is absent or empty",
                6,
                KeyValueOperation.newBuilder()
                        .setCompareSet(
                                KeyValueCompareSet.newBuilder()
                                        .setKey("leader")
                                        .setDesired(ByteString.copyFromUtf8("1"))));
        ask(
                all,
                "count",
                "all keys: an empty prefix",
                7,
                KeyValueOperation.newBuilder().setCount(KeyValueCount.getDefaultInstance()));
        answered(
                all,
                "values",
                "an empty value is one, too",
                2,
                KeyValueResult.newBuilder()
                        .addValues(ByteString.fromHex("00ff"))
                        .addValues(ByteString.EMPTY));
        answered(all, "number", "", 4, KeyValueResult.newBuilder().setNumber(-1));
        answered(all, "done", "", 1, KeyValueResult.newBuilder());
        answered(
                all,
                "refused",
                "",
                2,
                KeyValueResult.newBuilder()
                        .setCode("epoch_over")
                        .setMessage("epoch 300 has ended"));
    }

    private static void ask(
            List<MessageVectors.Vector> all,
            String name,
            String meaning,
            long id,
            KeyValueOperation.Builder operation) {
        all.add(
                new MessageVectors.Vector(
                        "key_value_request, " + name,
                        meaning,
                        FromWorkerSide.newBuilder()
                                .setKeyValueRequest(
                                        KeyValueRequest.newBuilder()
                                                .setId(id)
                                                .setEpoch(300)
                                                .setOperation(operation))
                                .build()));
    }

    private static void answered(
            List<MessageVectors.Vector> all,
            String name,
            String meaning,
            long id,
            KeyValueResult.Builder result) {
        all.add(
                new MessageVectors.Vector(
                        "key_value_answer, " + name,
                        meaning,
                        ToWorkerSide.newBuilder()
                                .setKeyValueAnswer(
                                        KeyValueAnswer.newBuilder().setId(id).setResult(result))
                                .build()));
    }
}
