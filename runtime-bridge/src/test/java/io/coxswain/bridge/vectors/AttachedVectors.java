package io.coxswain.bridge.vectors;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Output;
import io.coxswain.proto.bridge.v1.Stacks;
import io.coxswain.proto.bridge.v1.StacksWanted;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import java.util.List;

/** What processes say that somebody else started. */
final class AttachedVectors {
    private AttachedVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        all.add(
                new MessageVectors.Vector(
                        "output",
                        "unsolicited: no request has id 0",
                        FromWorker.newBuilder()
                                .setOutput(
                                        Output.newBuilder()
                                                .setData(ByteString.copyFromUtf8("step 18\n"))
                                                .setDroppedBytes(4096))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "stacks wanted",
                        "",
                        ToWorkerSide.newBuilder()
                                .setStacksWanted(StacksWanted.newBuilder().setSequence(3))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "stacks",
                        "",
                        FromWorkerSide.newBuilder()
                                .setStacks(
                                        Stacks.newBuilder()
                                                .setSequence(3)
                                                .setText("Thread 0x1 (most recent call first):\n"))
                                .build()));
    }
}
