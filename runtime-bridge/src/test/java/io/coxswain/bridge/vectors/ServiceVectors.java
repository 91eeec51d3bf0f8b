package io.coxswain.bridge.vectors;

import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceAnswer;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.bridge.v1.Welcome;

import java.util.List;

/** What is said of processes that serve a view. */
final class ServiceVectors {
    private ServiceVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        all.add(
                new MessageVectors.Vector(
                        "welcome, with services",
                        "on the side channel",
                        ToWorkerSide.newBuilder()
                                .setWelcome(
                                        Welcome.newBuilder()
                                                .setProtocolMajor(1)
                                                .setHeartbeatNanos(250_000_000)
                                                .setViewServices(true))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "view service wanted",
                        "",
                        FromWorkerSide.newBuilder()
                                .setViewServiceRequest(
                                        ViewServiceRequest.newBuilder()
                                                .setId(1)
                                                .setEpoch(5)
                                                .setName("jax")
                                                .addCommand("python3")
                                                .addCommand("serve.py"))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "view service",
                        "",
                        ToWorkerSide.newBuilder()
                                .setViewServiceAnswer(
                                        ViewServiceAnswer.newBuilder()
                                                .setId(1)
                                                .setAddress("10.0.0.7:41001"))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "view service refused",
                        "",
                        ToWorkerSide.newBuilder()
                                .setViewServiceAnswer(
                                        ViewServiceAnswer.newBuilder()
                                                .setId(2)
                                                .setCode("not_started")
                                                .setMessage("jax ended with status 1"))
                                .build()));
    }
}
