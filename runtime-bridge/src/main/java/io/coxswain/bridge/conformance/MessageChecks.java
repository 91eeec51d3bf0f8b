package io.coxswain.bridge.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Messages that are odd, wrong, or no messages at all. */
final class MessageChecks {
    private static final int UNKNOWN_FIELD = 1_000;

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            "unknown-field",
                            "#frames",
                            "fields that the worker does not know are ignored",
                            MessageChecks::unknownField,
                            StepChecks.STEPS),
                    Entry.of(
                            "unknown-request",
                            "#versions",
                            "a request of unknown kind is a fault; on the side channel it is"
                                    + " ignored",
                            MessageChecks::unknownRequest,
                            ProgramChecks.LOAD),
                    Entry.of(
                            "order",
                            "#states",
                            "requests that do not fit the state are faults, and change nothing",
                            MessageChecks::order,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "garbage",
                            "#the-end",
                            "a frame that is no message ends the worker",
                            trial -> ends(trial, "that is no message", garbage(trial)),
                            HelloChecks.HELLO),
                    Entry.of(
                            "oversize",
                            "#frames",
                            "a frame that announces too much ends the worker, at once",
                            trial -> {
                                ends(
                                        trial,
                                        "that announces 4 MiB and a byte",
                                        header(FrameChannel.MAX_MESSAGE_BYTES + 1));
                                return ends(trial, "that announces 4 GiB", header(-1));
                            },
                            HelloChecks.HELLO),
                    Entry.of(
                            "half-frame",
                            "#the-end",
                            "a connection that ends inside a frame ends the worker",
                            MessageChecks::halfFrame,
                            HelloChecks.HELLO));

    private MessageChecks() {}

    static UnknownFieldSet unknownFields() {
        return UnknownFieldSet.newBuilder()
                .addField(
                        UNKNOWN_FIELD,
                        UnknownFieldSet.Field.newBuilder()
                                .addVarint(7)
                                .addFixed32(7)
                                .addFixed64(7)
                                .addLengthDelimited(ByteString.copyFromUtf8("from the future"))
                                .build())
                .build();
    }

    private static String unknownField(Trial trial)
            throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        FromWorker loaded =
                worker.call(
                        ToWorker.newBuilder()
                                .setUnknownFields(unknownFields())
                                .setLoadJob(
                                        LoadJob.newBuilder()
                                                .setUnknownFields(unknownFields())
                                                .setJob(
                                                        trial.job().toBuilder()
                                                                .setUnknownFields(
                                                                        unknownFields()))));
        Broken.unless(loaded.hasJobLoaded(), "job_loaded", Texts.of(loaded));
        Layouts.requireSane(loaded.getJobLoaded(), trial.job());
        Mesh mesh = trial.ready(trial.job());
        FromWorker executed =
                mesh.worker().call(Mesh.execute(1, 1).setUnknownFields(unknownFields()));
        Broken.unless(executed.hasExecuted(), "executed", Texts.of(executed));
        return "";
    }

    private static String unknownRequest(Trial trial)
            throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.loaded(trial.job());
        KitWorker worker = mesh.worker();
        worker.fault(ToWorker.newBuilder().setUnknownFields(unknownFields()), "bad_request");
        worker.fault(ToWorker.newBuilder(), "bad_request");
        worker.sendSide(ToWorkerSide.newBuilder().setUnknownFields(unknownFields()).build());
        worker.sendSide(ToWorkerSide.getDefaultInstance());
        worker.ping(trial.limits().pong());
        mesh.init(1);
        return "";
    }

    private static String order(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker bare = trial.worker();
        bare.fault(Mesh.execute(1, 1), "bad_state");
        bare.fault(Mesh.apply(1, 1, Mesh.NO_SNAPSHOT), "bad_state");
        Mesh mesh = trial.loaded(trial.job());
        KitWorker worker = mesh.worker();
        bare.fault(
                ToWorker.newBuilder()
                        .setPrepareView(mesh.view(0, 1, 0, StateOrigin.STATE_ORIGIN_INIT)),
                "bad_state");
        worker.fault(Mesh.execute(1, 1), "bad_state");
        worker.fault(Mesh.snapshot(1, 0, 0), "bad_state");
        worker.fault(
                ToWorker.newBuilder()
                        .setPrepareView(mesh.view(0, 1, 0, StateOrigin.STATE_ORIGIN_KEEP_LIVE)),
                "bad_state");
        mesh.init(1);
        byte[] state = mesh.stepInto(0).getDigest().toByteArray();
        worker.fault(Mesh.execute(1, 1), "bad_state");
        worker.fault(Mesh.execute(1, 3), "bad_state");
        worker.fault(Mesh.execute(2, 2), "bad_state");
        worker.fault(Mesh.apply(1, 1, Mesh.NO_SNAPSHOT), "bad_state");
        worker.fault(Mesh.apply(2, 2, Mesh.NO_SNAPSHOT), "bad_state");
        worker.fault(Mesh.snapshot(1, 2, 1), "bad_state");
        worker.fault(
                ToWorker.newBuilder().setFinish(Finish.newBuilder().setEpoch(2).setStep(1)),
                "bad_state");
        worker.fault(
                ToWorker.newBuilder()
                        .setPrepareView(mesh.view(0, 2, 0, StateOrigin.STATE_ORIGIN_UNSPECIFIED)),
                "bad_request");
        worker.fault(
                ToWorker.newBuilder()
                        .setPrepareView(
                                mesh.view(0, 2, 0, StateOrigin.STATE_ORIGIN_INIT).setRank(1)),
                "bad_request");
        if (mesh.isWhole() && !mesh.loaded().getReforms()) {
            // Its group cannot be left, so no view follows on this one in the same process.
            StepChecks.requireDigest(mesh, state, "after the refused requests");
            mesh.step(Mesh.NO_SNAPSHOT);
            return "";
        }
        mesh.prepare(0, mesh.view(0, 3, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        mesh.begun(3, 1);
        StepChecks.requireDigest(mesh, state, "after the refused requests");
        mesh.step(Mesh.NO_SNAPSHOT);
        return "";
    }

    private static byte[] header(int length) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(length).array();
    }

    private static byte[] garbage(Trial trial) {
        byte[] frame = new byte[Integer.BYTES + 64];
        trial.random().nextBytes(frame);
        ByteBuffer.wrap(frame).putInt(frame.length - Integer.BYTES);
        // Field 1, length-delimited, longer than the frame: no message whatever comes after it.
        frame[4] = 0x0a;
        frame[5] = (byte) 0x7f;
        return frame;
    }

    private static String ends(Trial trial, String what, byte[] bytes)
            throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        worker.sendRaw(bytes);
        int status = worker.exit(trial.limits().end(), "after a frame " + what);
        EndChecks.requireFailure(status);
        return "status " + status;
    }

    private static String halfFrame(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        worker.sendRaw(new byte[] {0, 0, 0, 100, 8});
        worker.hangUp();
        int status = worker.exit(trial.limits().end(), "after half a frame");
        return "status " + status;
    }
}
