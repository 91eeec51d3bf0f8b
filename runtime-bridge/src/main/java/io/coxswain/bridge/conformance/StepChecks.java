package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.LineageSegment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The steps: what they compute, and whether they compute it again. */
final class StepChecks {
    static final String STEPS = "steps";
    static final int SOME_STEPS = 3;

    private static final int DIGEST_BYTES = 32;

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            STEPS,
                            "#execute",
                            "steps from the initial state: losses, samples, finite gradients and"
                                    + " parameters that change",
                            StepChecks::steps,
                            ProgramChecks.LOAD),
                    Entry.of(
                            "repeat",
                            "#idempotence-and-repeats",
                            "an execute that is repeated takes the same samples and changes"
                                    + " nothing; a deterministic one gives the same bits",
                            StepChecks::repeat,
                            STEPS),
                    Entry.of(
                            "processes",
                            "#loadjob",
                            "a deterministic runtime makes the same states, to the bit, in two"
                                    + " processes",
                            StepChecks::processes,
                            STEPS),
                    Entry.of(
                            "shards",
                            "#prepareview",
                            "two shards make up the state; a deterministic runtime ends with the"
                                    + " same parameters as one",
                            StepChecks::shards,
                            STEPS),
                    Entry.of(
                            "finish",
                            "#finish",
                            "the final state is described, and the model evaluated when asked",
                            StepChecks::finish,
                            STEPS));

    private StepChecks() {}

    private static String steps(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        requireFinite(Mesh.values(mesh.region(0).parameters()), "parameters of the initial state");
        StringBuilder losses = new StringBuilder();
        for (int i = 0; i < SOME_STEPS; i++) {
            float[] before = Mesh.values(mesh.region(0).parameters());
            Mesh.Made made = mesh.step(Mesh.NO_SNAPSHOT);
            double loss = requireSound(made.executed().getFirst(), trial.job(), 0, mesh);
            losses.append(i == 0 ? "losses " : ", ").append("%.4f".formatted(loss));
            float[] after = Mesh.values(mesh.region(0).parameters());
            requireFinite(after, "parameters after step " + mesh.liveStep());
            Broken.unless(
                    before.length == 0 || !Arrays.equals(before, after),
                    "parameters that change with step " + mesh.liveStep(),
                    "the same as before");
        }
        return losses.toString();
    }

    /** Returns the mean loss of the rank's samples. */
    private static double requireSound(Executed executed, JobSpec job, int rank, Mesh mesh)
            throws Broken {
        int microshards = mesh.microshard(rank + 1) - mesh.microshard(rank);
        Broken.unless(
                executed.getMicroshardLossesCount() == microshards,
                "%d microshard losses".formatted(microshards),
                executed.getMicroshardLossesCount());
        double sum = 0;
        for (float loss : executed.getMicroshardLossesList()) {
            Broken.unless(Float.isFinite(loss), "finite losses", loss);
            sum += loss;
        }
        if (mesh.ranks() == 1) {
            Broken.unless(
                    executed.getSamples() == job.getBatch(),
                    "the batch's %d samples".formatted(job.getBatch()),
                    executed.getSamples());
        }
        for (int buffer = 0; buffer < microshards && mesh.parameterElements() > 0; buffer++) {
            float[] gradient = Mesh.values(mesh.region(rank).gradient(buffer));
            requireFinite(gradient, "gradient of microshard " + buffer);
            boolean zero = true;
            for (float value : gradient) {
                zero &= value == 0;
            }
            Broken.unless(!zero, "a gradient in buffer " + buffer, "zeros alone");
        }
        return executed.getSamples() == 0 ? 0 : sum / executed.getSamples();
    }

    private static void requireFinite(float[] values, String what) throws Broken {
        for (int i = 0; i < values.length; i++) {
            Broken.unless(
                    Float.isFinite(values[i]),
                    "finite " + what,
                    "element %d is %s".formatted(i, values[i]));
        }
    }

    private static String repeat(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        mesh.step(Mesh.NO_SNAPSHOT);
        float[] parameters = Mesh.values(mesh.region(0).parameters());
        byte[] state = mesh.digest(0);
        Executed first = mesh.execute(0);
        List<float[]> gradients = gradients(mesh);
        Executed second = mesh.execute(0);
        Broken.unless(
                first.getSampleHash() == second.getSampleHash()
                        && first.getSamples() == second.getSamples(),
                "the same samples when step 2 is executed again (hash %016x)"
                        .formatted(first.getSampleHash()),
                "hash %016x".formatted(second.getSampleHash()));
        if (trial.facts().deterministic) {
            Broken.unless(
                    first.getMicroshardLossesList().equals(second.getMicroshardLossesList()),
                    "the same losses when step 2 is executed again: "
                            + first.getMicroshardLossesList(),
                    second.getMicroshardLossesList());
            List<float[]> again = gradients(mesh);
            for (int buffer = 0; buffer < gradients.size(); buffer++) {
                int differs = Arrays.mismatch(gradients.get(buffer), again.get(buffer));
                Broken.unless(
                        differs < 0,
                        "the same gradients, to the bit, when step 2 is executed again",
                        "element %d of buffer %d differs".formatted(differs, buffer));
            }
        }
        Broken.unless(
                Arrays.equals(parameters, Mesh.values(mesh.region(0).parameters())),
                "parameters that an execute leaves alone",
                "others");
        requireDigest(mesh, state, "after two executes without an apply");
        return "";
    }

    static void requireDigest(Mesh mesh, byte[] expected, String when)
            throws Broken, InterruptedException {
        byte[] found = mesh.digest(0);
        Broken.unless(
                Arrays.equals(expected, found),
                "the live state with digest %s %s".formatted(Texts.of(expected), when),
                Texts.of(found));
    }

    private static List<float[]> gradients(Mesh mesh) {
        List<float[]> gradients = new ArrayList<>();
        if (mesh.parameterElements() > 0) {
            for (int buffer = 0; buffer < mesh.microshard(1); buffer++) {
                gradients.add(Mesh.values(mesh.region(0).gradient(buffer)));
            }
        }
        return gradients;
    }

    private static String processes(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        trial.requireDeterministic();
        Mesh one = trial.ready(trial.job());
        Mesh other = trial.ready(trial.job());
        requireDigest(other, one.digest(0), "of step 0, in another process");
        for (int i = 0; i < SOME_STEPS; i++) {
            one.step(Mesh.NO_SNAPSHOT);
            other.step(Mesh.NO_SNAPSHOT);
            requireDigest(other, one.digest(0), "of step %d, in another process".formatted(i + 1));
        }
        return "";
    }

    private static String shards(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        JobSpec job = Conformance.mesh(trial.job(), 1, 2);
        if (job.getMicroshards() < 2) {
            throw new NotApplicable("needs a job with two microshards");
        }
        FromWorker answer = trial.worker().call(Mesh.loadJob(job, false));
        if (answer.hasFault()) {
            throw new NotApplicable(
                    "the runtime takes no two shards: " + answer.getFault().getMessage());
        }
        Mesh two = trial.ready(job);
        Mesh one = trial.ready(trial.job());
        for (int i = 0; i < SOME_STEPS; i++) {
            Mesh.Made made = two.step(Mesh.NO_SNAPSHOT);
            long samples = 0;
            for (int rank = 0; rank < two.ranks(); rank++) {
                Executed executed = made.executed().get(rank);
                requireSound(executed, job, rank, two);
                samples += executed.getSamples();
            }
            Broken.unless(
                    samples == job.getBatch(),
                    "the batch's %d samples over both ranks".formatted(job.getBatch()),
                    samples);
            Mesh.Made alone = one.step(Mesh.NO_SNAPSHOT);
            long hash =
                    made.executed().get(0).getSampleHash() + made.executed().get(1).getSampleHash();
            Broken.unless(
                    hash == alone.executed().getFirst().getSampleHash(),
                    "sample hashes of two ranks that add up to one rank's, %016x"
                            .formatted(alone.executed().getFirst().getSampleHash()),
                    "%016x".formatted(hash));
        }
        if (!trial.facts().deterministic || one.parameterElements() == 0) {
            return "layout and samples only";
        }
        int differs =
                Arrays.mismatch(
                        Mesh.values(one.region(0).parameters()),
                        Mesh.values(two.region(0).parameters()));
        Broken.unless(
                differs < 0,
                "the parameters of one shard, to the bit, after %d steps".formatted(SOME_STEPS),
                "element %d differs".formatted(differs));
        return "";
    }

    static String finish(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        mesh.step(Mesh.NO_SNAPSHOT);
        FromWorker answer =
                mesh.worker()
                        .call(
                                ToWorker.newBuilder()
                                        .setFinish(
                                                Finish.newBuilder()
                                                        .setEpoch(mesh.epoch())
                                                        .setStep(mesh.liveStep())
                                                        .setEvaluate(true)
                                                        .addLineage(
                                                                LineageSegment.newBuilder()
                                                                        .setEpoch(mesh.epoch())
                                                                        .setFirstStep(1)
                                                                        .setLastStep(
                                                                                mesh.liveStep()))));
        Broken.unless(answer.hasFinished(), "finished", Texts.of(answer));
        Finished finished = answer.getFinished();
        for (LeafDigest leaf : finished.getLeavesList()) {
            long blocks = leaf.getBlockDigests().size() / DIGEST_BYTES;
            Broken.unless(
                    leaf.getBlockDigests().size() % DIGEST_BYTES == 0
                            && leaf.getFirstBlock() + blocks <= leaf.getLeafBlocks()
                            && !leaf.getLeaf().isEmpty(),
                    "a name and whole digests, 32 bytes each, within the leaf's blocks",
                    Texts.of(leaf));
        }
        double loss = finished.getHeldOutLoss();
        double accuracy = finished.getAccuracy();
        Broken.unless(
                !Double.isInfinite(loss)
                        && (Double.isNaN(accuracy) || (accuracy >= 0 && accuracy <= 1)),
                "a finite held_out_loss and an accuracy from 0 to 1, NaN where not measured",
                "%s and %s".formatted(loss, accuracy));
        return "%d leaves".formatted(finished.getLeavesCount());
    }
}
