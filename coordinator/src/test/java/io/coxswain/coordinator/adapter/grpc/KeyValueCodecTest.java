package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.core.keyvalue.KeyValueCode;
import io.coxswain.coordinator.core.keyvalue.KeyValueOperation;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.KeyValueAdd;
import io.coxswain.proto.control.v1.KeyValueAsked;
import io.coxswain.proto.control.v1.KeyValueCompareSet;
import io.coxswain.proto.control.v1.KeyValueCount;
import io.coxswain.proto.control.v1.KeyValueDelete;
import io.coxswain.proto.control.v1.KeyValueForgotten;
import io.coxswain.proto.control.v1.KeyValueGet;
import io.coxswain.proto.control.v1.KeyValueSet;

import org.junit.jupiter.api.Test;

import java.util.List;

class KeyValueCodecTest {
    private static final AgentKey AGENT = new AgentKey("a", "a".repeat(32));

    private static KeyValueOperation read(
            io.coxswain.proto.control.v1.KeyValueOperation.Builder operation) {
        AgentWord word =
                ControlCodec.word(
                        AGENT,
                        AgentMessage.newBuilder()
                                .setKeyValueAsked(
                                        KeyValueAsked.newBuilder()
                                                .setJobId("j1")
                                                .setEpoch(3)
                                                .setId(9)
                                                .setSettledBelow(7)
                                                .setOperation(operation))
                                .build());
        assertThat(word).isInstanceOf(AgentWord.AskedKeyValue.class);
        var asked = (AgentWord.AskedKeyValue) word;
        KeyValueStore.Ask ask = asked.ask();
        assertThat(asked.jobId()).isEqualTo("j1");
        assertThat(List.of(ask.epoch(), ask.id(), ask.settledBelow())).containsExactly(3L, 9L, 7L);
        return ask.operation();
    }

    private static io.coxswain.proto.control.v1.KeyValueOperation.Builder operation() {
        return io.coxswain.proto.control.v1.KeyValueOperation.newBuilder();
    }

    @Test
    void eachOperationIsRead() {
        ByteString bytes = ByteString.fromHex("00ff");
        assertThat(read(operation().setSet(KeyValueSet.newBuilder().setKey("k").setValue(bytes))))
                .isInstanceOfSatisfying(
                        KeyValueOperation.Set.class,
                        set -> {
                            assertThat(set.key()).isEqualTo("k");
                            assertThat(set.value()).isEqualTo(bytes.toByteArray());
                        });
        assertThat(
                        read(
                                operation()
                                        .setGet(
                                                KeyValueGet.newBuilder()
                                                        .addKeys("a")
                                                        .addKeys("b")
                                                        .setWaitNanos(-1))))
                .isEqualTo(new KeyValueOperation.Get(List.of("a", "b"), true, false));
        assertThat(
                        read(
                                operation()
                                        .setGet(
                                                KeyValueGet.newBuilder()
                                                        .addKeys("a")
                                                        .setOmitValues(true))))
                .isEqualTo(new KeyValueOperation.Get(List.of("a"), false, true));
        assertThat(read(operation().setAdd(KeyValueAdd.newBuilder().setKey("n").setAmount(-1))))
                .isEqualTo(new KeyValueOperation.Add("n", -1));
        assertThat(read(operation().setDelete(KeyValueDelete.newBuilder().setKey("k"))))
                .isEqualTo(new KeyValueOperation.Delete("k"));
        assertThat(
                        read(
                                operation()
                                        .setCompareSet(
                                                KeyValueCompareSet.newBuilder()
                                                        .setKey("k")
                                                        .setDesired(bytes))))
                .isInstanceOfSatisfying(
                        KeyValueOperation.CompareSet.class,
                        compare -> {
                            assertThat(compare.expected()).isEmpty();
                            assertThat(compare.desired()).isEqualTo(bytes.toByteArray());
                        });
        assertThat(read(operation().setCount(KeyValueCount.newBuilder().setPrefix("p"))))
                .isEqualTo(new KeyValueOperation.Count("p"));
        assertThat(read(operation())).isEqualTo(new KeyValueOperation.Unknown());
        assertThat(
                        ControlCodec.word(
                                AGENT,
                                AgentMessage.newBuilder()
                                        .setKeyValueForgotten(
                                                KeyValueForgotten.newBuilder()
                                                        .setJobId("j1")
                                                        .setId(4)
                                                        .setSettledBelow(5))
                                        .build()))
                .isEqualTo(new AgentWord.ForgotKeyValue("j1", 4, 5));
    }

    @Test
    void anAnswerIsWritten() {
        var message =
                CoordinatorMessages.keyValue(
                                2,
                                "j1",
                                9,
                                new KeyValueResult(null, "", List.of(new byte[] {1}), -3))
                        .getKeyValueAnswered();
        assertThat(message.getJobId()).isEqualTo("j1");
        assertThat(message.getId()).isEqualTo(9);
        assertThat(message.getResult().getCode()).isEmpty();
        assertThat(message.getResult().getValues(0).toByteArray()).containsExactly(1);
        assertThat(message.getResult().getNumber()).isEqualTo(-3);
        assertThat(
                        KeyValueCodec.result(
                                        new KeyValueResult(
                                                KeyValueCode.VALUE_TOO_LARGE, "why", List.of(), 0))
                                .getCode())
                .isEqualTo("value_too_large");
    }
}
