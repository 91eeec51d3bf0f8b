package io.coxswain.agent.adapter;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;

/**
 * Operations on a view's key-value store on their way between worker and leader. The machine keeps
 * them as bytes. Stateless.
 */
final class KeyValueMessages {
    private KeyValueMessages() {}

    /** Whether the leader can make anything of it: what it cannot read would cost the stream. */
    static boolean isKnown(KeyValueRequest request) {
        return request.getOperation().getKindCase() != KeyValueOperation.KindCase.KIND_NOT_SET;
    }

    /** How long the answer may take, unsigned; 0: it waits for nobody. */
    static long waitNanos(KeyValueRequest request) {
        return request.getOperation().hasGet() ? request.getOperation().getGet().getWaitNanos() : 0;
    }

    static void put(AgentReport.KeyValueAsked asked, AgentMessage.Builder message) {
        try {
            message.getKeyValueAskedBuilder()
                    .setJobId(asked.jobId())
                    .setEpoch(asked.epoch())
                    .setId(asked.id())
                    .setSettledBelow(asked.settledBelow())
                    .setOperation(KeyValueOperation.parseFrom(asked.operation()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("bytes that were such a message are none", e);
        }
    }

    static ToWorkerSide answer(long requestId, KeyValueReply reply) {
        KeyValueResult result;
        try {
            result =
                    reply.code().isEmpty()
                            ? KeyValueResult.parseFrom(reply.result())
                            : KeyValueResult.newBuilder()
                                    .setCode(reply.code())
                                    .setMessage(reply.message())
                                    .build();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("bytes that were such a message are none", e);
        }
        return ToWorkerSide.newBuilder()
                .setKeyValueAnswer(KeyValueAnswer.newBuilder().setId(requestId).setResult(result))
                .build();
    }
}
