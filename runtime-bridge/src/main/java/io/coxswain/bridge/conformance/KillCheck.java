package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.FromWorker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Snapshots under SIGKILL. A worker is killed while it writes one: at a seeded moment, or as soon
 * as a mark or an answer says that the snapshot has got so far. Whatever looks whole then must be
 * whole.
 */
final class KillCheck {
    static final String KILL = "kill";
    static final String RULE = "a worker that is killed leaves no slot that looks whole and is not";

    private static final int OLD_SLOT = 0;
    private static final int NEW_SLOT = 1;
    private static final int UNTOUCHED_SLOT = 2;
    private static final int MOST_STEPS = 3;

    static final List<Entry> ENTRIES =
            List.of(Entry.of(KILL, "#snapshot", RULE, KillCheck::kill, StateChecks.RESTORE));

    private KillCheck() {}

    /** When the worker dies. */
    private enum Moment {
        /** Anywhere between the request and a little after the commit. */
        RANDOM,
        /** As soon as the mark says committed. */
        COMMITTED,
        /** As soon as the mark says filled, or committed. */
        FILLED,
        /** As soon as the step is answered. */
        APPLIED
    }

    /**
     * What an undisturbed worker does: each step's digest, and how long a step with a snapshot
     * takes from its apply on.
     */
    private record Truth(List<byte[]> digests, long snapshotNanos) {}

    static String kill(Trial trial) throws Broken, IOException, InterruptedException {
        Truth truth = truth(trial);
        Map<Slot.State, Integer> seen = new EnumMap<>(Slot.State.class);
        int filled = 0;
        for (int round = 0; round < trial.rounds(); round++) {
            Moment moment =
                    round % 2 == 1
                            ? Moment.RANDOM
                            : Moment.values()[1 + (round / 2) % (Moment.values().length - 1)];
            int steps = 1 + trial.random().nextInt(MOST_STEPS);
            try {
                Mesh mesh = trial.ready(trial.job());
                for (int step = 1; step < steps; step++) {
                    mesh.step(Mesh.NO_SNAPSHOT);
                }
                mesh.stepInto(OLD_SLOT);
                boolean told = killWhileSnapshotting(trial, mesh, moment, truth);
                Slot slot = mesh.region(0).slot(NEW_SLOT);
                filled += slot.isFilled() ? 1 : 0;
                seen.merge(slot.state(), 1, Integer::sum);
                inspect(trial, mesh, steps, truth, told);
            } catch (Broken e) {
                throw new Broken(
                        e.expected(),
                        "%s (round %d: killed %s, in step %d)"
                                .formatted(e.found(), round + 1, describe(moment), steps + 1));
            }
        }
        return "%d kills: %d committed, %d filled, %d in the middle, %d before"
                .formatted(
                        trial.rounds(),
                        seen.getOrDefault(Slot.State.COMMITTED, 0),
                        filled,
                        seen.getOrDefault(Slot.State.WRITING, 0) - filled,
                        seen.getOrDefault(Slot.State.EMPTY, 0));
    }

    private static String describe(Moment moment) {
        return switch (moment) {
            case RANDOM -> "at a random moment";
            case COMMITTED, FILLED ->
                    "when the mark said " + moment.name().toLowerCase(Locale.ROOT);
            case APPLIED -> "when the step was answered";
        };
    }

    private static Truth truth(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        List<byte[]> digests = new ArrayList<>();
        digests.add(mesh.digest(0));
        long nanos = 0;
        for (int step = 1; step <= MOST_STEPS + 1; step++) {
            if (!mesh.isWhole()) {
                mesh.execute(0);
                mesh.reduce();
            }
            long start = System.nanoTime();
            digests.add(mesh.stepInto(OLD_SLOT).getDigest().toByteArray());
            nanos += System.nanoTime() - start;
            mesh.region(0).slot(OLD_SLOT).free();
        }
        return new Truth(digests, nanos / (MOST_STEPS + 1));
    }

    /** Returns whether the worker said that the snapshot is committed. */
    private static boolean killWhileSnapshotting(Trial trial, Mesh mesh, Moment moment, Truth truth)
            throws Broken, InterruptedException {
        long next = mesh.liveStep() + 1;
        mesh.execute(0);
        mesh.reduce();
        boolean whole = mesh.isWhole();
        KitWorker worker = mesh.worker();
        Slot slot = mesh.region(0).slot(NEW_SLOT);
        long deadline = System.nanoTime() + trial.limits().answer().toNanos();
        long request =
                worker.send(
                        whole
                                ? Mesh.snapshot(mesh.epoch(), next, NEW_SLOT)
                                : Mesh.apply(mesh.epoch(), next, NEW_SLOT));
        switch (moment) {
            case RANDOM -> {
                long delay = trial.random().nextLong(Math.max(1, truth.snapshotNanos() * 5 / 4));
                long until = System.nanoTime() + delay;
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
            }
            case COMMITTED, FILLED -> {
                boolean filledIsEnough = moment == Moment.FILLED;
                while (slot.state() != Slot.State.COMMITTED
                        && !(filledIsEnough && slot.isFilled())) {
                    Broken.unless(
                            System.nanoTime() < deadline,
                            "the mark committed within " + Texts.of(trial.limits().answer()),
                            "mark " + slot.state());
                    Thread.onSpinWait();
                }
            }
            case APPLIED -> {
                // Where steps are made whole the step is answered already.
                if (!whole) {
                    FromWorker unusedAnswer = worker.answer(request, trial.limits().answer());
                }
            }
        }
        worker.kill();
        worker.drain();
        return worker.hasSnapshot(request);
    }

    private static void inspect(Trial trial, Mesh mesh, int steps, Truth truth, boolean told)
            throws Broken {
        byte[] old = Slots.requireIntact(mesh.region(0).slot(OLD_SLOT), mesh.name(0, steps));
        requireTrue(trial, old, truth, steps, "an earlier snapshot left alone");
        Slot slot = mesh.region(0).slot(NEW_SLOT);
        Broken.unless(
                !told || slot.state() == Slot.State.COMMITTED,
                "a committed slot, since the worker had sent snapshot_committed",
                "mark " + slot.state());
        if (slot.isFilled()) {
            @Nullable SlotTable completed;
            try {
                completed = slot.completeFilled();
            } catch (IllegalArgumentException | IllegalStateException e) {
                throw new Broken(
                        "a filled slot that can be completed", String.valueOf(e.getMessage()));
            }
            Broken.unless(
                    completed != null,
                    "a filled slot with its piece table in place",
                    "a piece table that does not fit its CRC");
        }
        if (slot.state() == Slot.State.COMMITTED) {
            byte[] digest = Slots.requireIntact(slot, mesh.name(0, steps + 1));
            requireTrue(trial, digest, truth, steps + 1, "a slot that looks whole to be whole");
        }
        Broken.unless(
                mesh.region(0).slot(UNTOUCHED_SLOT).state() == Slot.State.EMPTY,
                "slots that nobody named left alone",
                "slot %d has mark %s"
                        .formatted(UNTOUCHED_SLOT, mesh.region(0).slot(UNTOUCHED_SLOT).state()));
    }

    private static void requireTrue(Trial trial, byte[] digest, Truth truth, int step, String what)
            throws Broken {
        if (trial.facts().deterministic) {
            Broken.unless(
                    Arrays.equals(digest, truth.digests().get(step)),
                    "%s: step %d has digest %s"
                            .formatted(what, step, Texts.of(truth.digests().get(step))),
                    Texts.of(digest));
        }
    }
}
