package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.ElementType;
import io.coxswain.bridge.spi.RuntimeFault;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Checks that what a manifest says fits together, and that its programs are the ones it names. */
final class BundleCheck {
    private static final int MAX_PATH_CHARS = 4096;

    private final ProgramBundle bundle;
    private final Complaint complaint;

    BundleCheck(ProgramBundle bundle, Complaint complaint) {
        this.bundle = bundle;
        this.complaint = complaint;
    }

    void run() throws RuntimeFault {
        checkParameters();
        checkOptimizer();
        checkBatch();
        checkShards();
        checkPrograms();
        for (Program program : programs()) {
            program.module();
        }
    }

    private List<Program> programs() {
        List<Program> programs = new ArrayList<>();
        bundle.apply().forEach(apply -> programs.add(apply.program()));
        Program grads = bundle.grads();
        if (grads != null) {
            programs.add(grads);
        }
        Program evaluate = bundle.evaluate();
        if (evaluate != null) {
            programs.add(evaluate);
        }
        Program step = bundle.step();
        if (step != null) {
            programs.add(step);
        }
        return programs;
    }

    private void checkParameters() throws RuntimeFault {
        Set<String> paths = new HashSet<>();
        long end = 0;
        for (ParameterLeaf leaf : bundle.parameters()) {
            requireName("parameter", leaf.path(), leaf.elements(), paths);
            if (leaf.type().element() != ElementType.F32) {
                throw complaint.fault(
                        "parameter %s is %s, expected f32: keep float32 parameters, and convert inside the program"
                                .formatted(leaf.path(), leaf.type()));
            }
            long expected = aligned(end);
            if (leaf.begin() != expected) {
                throw complaint.fault(
                        "parameter %s begins at element %d of the flat vector, expected %d: the next multiple of %d after the leaf before"
                                .formatted(
                                        leaf.path(),
                                        leaf.begin(),
                                        expected,
                                        ProgramBundle.LEAF_ALIGNMENT));
            }
            end = leaf.end();
        }
        if (bundle.parameters().isEmpty()) {
            throw complaint.fault("it has no parameters, expected at least one leaf");
        }
        if (bundle.parameterElements() != aligned(end)) {
            throw complaint.fault(
                    "field `parameterElements` is %d, expected %d: the end of the last leaf, at the next multiple of %d"
                            .formatted(
                                    bundle.parameterElements(),
                                    aligned(end),
                                    ProgramBundle.LEAF_ALIGNMENT));
        }
    }

    private void checkOptimizer() throws RuntimeFault {
        Set<String> paths = new HashSet<>();
        for (OptimizerLeaf leaf : bundle.optimizer()) {
            requireName("optimizer leaf", leaf.path(), leaf.elements(), paths);
            if (leaf.isWhole()) {
                continue;
            }
            if (leaf.like() >= bundle.parameters().size()) {
                throw complaint.fault(
                        "optimizer leaf %s is like parameter %d, and there are %d"
                                .formatted(leaf.path(), leaf.like(), bundle.parameters().size()));
            }
            ParameterLeaf like = bundle.parameters().get(leaf.like());
            if (!leaf.type().shape().equals(like.type().shape())) {
                throw complaint.fault(
                        "optimizer leaf %s has shape %s, expected %s as parameter %s, which it is like"
                                .formatted(
                                        leaf.path(),
                                        leaf.type().shape(),
                                        like.type().shape(),
                                        like.path()));
            }
        }
    }

    private void requireName(String what, String path, long elements, Set<String> paths)
            throws RuntimeFault {
        if (path.length() > MAX_PATH_CHARS) {
            throw complaint.fault(
                    "%s %s… has a path of %d characters, at most %d are possible"
                            .formatted(what, path.substring(0, 40), path.length(), MAX_PATH_CHARS));
        }
        if (!paths.add(path)) {
            throw complaint.fault("%s %s is there twice".formatted(what, path));
        }
        if (elements == 0) {
            throw complaint.fault(
                    "%s %s has no elements, expected at least one".formatted(what, path));
        }
    }

    private void checkBatch() throws RuntimeFault {
        if (bundle.batch() % bundle.microshardSamples() != 0) {
            throw complaint.fault(
                    "a batch of %d samples is not whole microshards of %d samples"
                            .formatted(bundle.batch(), bundle.microshardSamples()));
        }
        if (bundle.platforms().isEmpty()) {
            throw complaint.fault("field `platforms` is empty, expected one such as cpu");
        }
        Set<String> names = new HashSet<>();
        for (BatchArray array : bundle.batchArrays()) {
            if (!names.add(array.array())) {
                throw complaint.fault("batch array %s is there twice".formatted(array.array()));
            }
            List<Long> shape = array.type().shape();
            if (shape.isEmpty() || shape.getFirst() != bundle.microshardSamples()) {
                throw complaint.fault(
                        "batch array %s is %s, expected the %d samples of a microshard as its first extent"
                                .formatted(
                                        array.array(), array.type(), bundle.microshardSamples()));
            }
        }
        if (bundle.batchArrays().isEmpty()) {
            throw complaint.fault("it has no batch arrays, expected at least one");
        }
    }

    private void checkShards() throws RuntimeFault {
        Map<Integer, Map<Integer, ApplyProgram>> meshes = new TreeMap<>();
        for (ApplyProgram apply : bundle.apply()) {
            ApplyProgram twin =
                    meshes.computeIfAbsent(apply.shards(), _ -> new HashMap<>())
                            .put(apply.shard(), apply);
            if (twin != null) {
                throw complaint.fault("%s is there twice".formatted(apply.program().label()));
            }
        }
        for (Map.Entry<Integer, Map<Integer, ApplyProgram>> mesh : meshes.entrySet()) {
            checkCuts(mesh.getKey(), mesh.getValue());
        }
    }

    private void checkCuts(int shards, Map<Integer, ApplyProgram> mesh) throws RuntimeFault {
        long end = 0;
        for (int shard = 0; shard < shards; shard++) {
            ApplyProgram apply = mesh.get(shard);
            if (apply == null) {
                throw complaint.fault(
                        "apply of shard %d of %d is missing".formatted(shard, shards));
            }
            if (apply.begin() != end || apply.end() < end) {
                throw complaint.fault(
                        "%s has elements %d to %d, expected a range that begins at %d, where the shard before ends"
                                .formatted(
                                        apply.program().label(), apply.begin(), apply.end(), end));
            }
            end = apply.end();
            if (shard < shards - 1 && !isCut(end)) {
                throw complaint.fault(
                        "%s ends at element %d, expected the begin of a leaf, or a multiple of %d elements after it inside the leaf"
                                .formatted(
                                        apply.program().label(),
                                        end,
                                        ProgramBundle.BLOCK_ELEMENTS));
            }
        }
        if (end != bundle.parameterElements()) {
            throw complaint.fault(
                    "the last of %d shards ends at element %d, expected %d, the end of the parameters"
                            .formatted(shards, end, bundle.parameterElements()));
        }
    }

    private boolean isCut(long element) {
        for (ParameterLeaf leaf : bundle.parameters()) {
            if (element >= leaf.begin() && element < leaf.end()) {
                return (element - leaf.begin()) % ProgramBundle.BLOCK_ELEMENTS == 0;
            }
        }
        return element == bundle.parameterElements();
    }

    private void checkPrograms() throws RuntimeFault {
        Program grads = bundle.grads();
        Program step = bundle.step();
        if ((grads == null) != bundle.apply().isEmpty() || (grads == null && step == null)) {
            throw complaint.fault(
                    "field `programs` must have grads and apply, or step, or all three; it has grads: %s, apply: %d, step: %s"
                            .formatted(grads != null, bundle.apply().size(), step != null));
        }
        List<Operand> whole = operands(1, 0, bundle.parameterElements());
        List<Operand> parameters = whole.subList(0, bundle.parameters().size());
        if (grads != null) {
            check(
                    grads,
                    join(parameters, batch(bundle.microshardSamples())),
                    join(List.of(scalar(Role.LOSS)), gradients(parameters)));
        }
        for (ApplyProgram apply : bundle.apply()) {
            List<Operand> state = operands(apply.shards(), apply.begin(), apply.end());
            check(apply.program(), join(state, gradients(state)), state);
        }
        if (step != null) {
            check(
                    step,
                    join(whole, batch(bundle.batch())),
                    join(whole, List.of(scalar(Role.LOSS))));
        }
        Program evaluate = bundle.evaluate();
        if (evaluate != null) {
            if (bundle.heldOutSamples() == 0) {
                throw complaint.fault(
                        "there is a program evaluate, and field `heldOutSamples` is 0, expected how"
                                + " many samples it takes");
            }
            check(
                    evaluate,
                    join(parameters, batch(bundle.heldOutSamples())),
                    List.of(scalar(Role.LOSS), scalar(Role.ACCURACY)));
        }
    }

    private List<Operand> operands(int shards, long begin, long end) {
        return bundle.parts(shards, begin, end).stream().map(StatePart::operand).toList();
    }

    private static List<Operand> gradients(List<Operand> state) {
        return state.stream()
                .filter(operand -> operand.role() == Role.PARAMETER)
                .map(operand -> new Operand(Role.GRADIENT, operand.leaf(), operand.type()))
                .toList();
    }

    private List<Operand> batch(long samples) {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < bundle.batchArrays().size(); i++) {
            operands.add(
                    new Operand(Role.BATCH, i, bundle.batchArrays().get(i).ofSamples(samples)));
        }
        return operands;
    }

    private static Operand scalar(Role role) {
        return new Operand(role, Operand.NO_LEAF, Types.F32_SCALAR);
    }

    private static List<Operand> join(List<Operand> first, List<Operand> then) {
        List<Operand> joined = new ArrayList<>(first);
        joined.addAll(then);
        return joined;
    }

    private void check(Program program, List<Operand> takes, List<Operand> gives)
            throws RuntimeFault {
        compare(program, "argument", program.arguments(), takes);
        compare(program, "result", program.results(), gives);
        int before = -1;
        for (int kept : program.kept()) {
            if (kept <= before || kept >= takes.size()) {
                throw complaint.fault(
                        "program %s: field `kept` is %s, expected rising indexes of its %d arguments"
                                .formatted(program.label(), program.kept(), takes.size()));
            }
            before = kept;
        }
        for (int donated : program.donated()) {
            if (!program.kept().contains(donated)) {
                throw complaint.fault(
                        "program %s: field `donated` has argument %d, which is not in `kept` %s"
                                .formatted(program.label(), donated, program.kept()));
            }
        }
    }

    private void compare(Program program, String what, List<Operand> found, List<Operand> expected)
            throws RuntimeFault {
        for (int i = 0; i < Math.max(found.size(), expected.size()); i++) {
            String is = i < found.size() ? describe(found.get(i)) : "nothing";
            String wanted = i < expected.size() ? describe(expected.get(i)) : "no more";
            if (!is.equals(wanted)) {
                throw complaint.fault(
                        "program %s: its %s %d is %s, expected %s"
                                .formatted(program.label(), what, i, is, wanted));
            }
        }
    }

    private String describe(Operand operand) {
        String word = operand.role().word();
        int leaf = operand.leaf();
        List<String> names =
                switch (operand.role()) {
                    case PARAMETER, GRADIENT ->
                            bundle.parameters().stream().map(ParameterLeaf::path).toList();
                    case OPTIMIZER -> bundle.optimizer().stream().map(OptimizerLeaf::path).toList();
                    case BATCH -> bundle.batchArrays().stream().map(BatchArray::path).toList();
                    case LOSS, ACCURACY -> List.of();
                };
        if (operand.role().hasLeaf()) {
            word += leaf < names.size() ? " " + names.get(leaf) : " leaf " + leaf;
        }
        return word + " " + operand.type();
    }

    private static long aligned(long elements) {
        return Math.ceilDiv(elements, (long) ProgramBundle.LEAF_ALIGNMENT)
                * ProgramBundle.LEAF_ALIGNMENT;
    }
}
