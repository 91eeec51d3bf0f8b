package io.coxswain.bridge.vectors;

import io.coxswain.proto.bridge.v1.ExportTold;
import io.coxswain.proto.bridge.v1.FromWorker;

import java.util.List;

/** What is said of states that are left in a folder. */
final class ExportVectors {
    private ExportVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        all.add(
                new MessageVectors.Vector(
                        "export told",
                        "unsolicited; without a reason it was written",
                        FromWorker.newBuilder()
                                .setExportTold(
                                        ExportTold.newBuilder()
                                                .setStep(18)
                                                .setPath("/out/step-000000000018/part-0-of-1.arena")
                                                .setReason("No space left on device"))
                                .build()));
    }
}
