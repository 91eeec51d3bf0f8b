package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;
import io.coxswain.bridge.spi.RuntimeFault;

import java.util.LinkedHashMap;
import java.util.Map;

/** Opens a bundle's initial state: exactly the leaves of the manifest, of their types, finite. */
final class InitialState {
    private static final int SHOWN = 3;

    private InitialState() {}

    static SafeTensors open(ProgramBundle bundle) throws RuntimeFault {
        ProgramBundle.InitialFile file = bundle.initial();
        Complaint complaint = ProgramBundle.complaint(file.file().toString());
        SafeTensors tensors = SafeTensors.open(file.file(), complaint);
        boolean checked = false;
        try {
            checkFile(tensors, file, complaint);
            checkLeaves(tensors, bundle, complaint);
            checked = true;
            return tensors;
        } finally {
            if (!checked) {
                tensors.close();
            }
        }
    }

    private static void checkFile(
            SafeTensors tensors, ProgramBundle.InitialFile file, Complaint complaint)
            throws RuntimeFault {
        if (tensors.fileBytes() != file.bytes()) {
            throw complaint.fault(
                    "the initial state has %d bytes, the manifest says %d"
                            .formatted(tensors.fileBytes(), file.bytes()));
        }
        String digest = tensors.sha256();
        if (!digest.equals(file.sha256())) {
            throw complaint.fault(
                    "the initial state has SHA-256 %s, the manifest says %s"
                            .formatted(digest, file.sha256()));
        }
    }

    private static void checkLeaves(SafeTensors tensors, ProgramBundle bundle, Complaint complaint)
            throws RuntimeFault {
        Map<String, TensorType> expected = new LinkedHashMap<>();
        bundle.parameters().forEach(leaf -> expected.put(leaf.name(), leaf.type()));
        bundle.optimizer().forEach(leaf -> expected.put(leaf.name(), leaf.type()));
        for (Map.Entry<String, TensorType> leaf : expected.entrySet()) {
            SafeTensors.Tensor found = tensors.tensor(leaf.getKey());
            if (found == null) {
                throw complaint.fault(
                        "leaf %s, %s, is missing in the initial state"
                                .formatted(leaf.getKey(), leaf.getValue()));
            }
            if (!found.type().equals(leaf.getValue())) {
                throw complaint.fault(
                        "leaf %s is %s in the initial state, the manifest says %s"
                                .formatted(leaf.getKey(), found.type(), leaf.getValue()));
            }
            checkFinite(found, complaint);
        }
        for (String name : tensors.tensors().keySet()) {
            if (!expected.containsKey(name)) {
                throw complaint.fault(
                        "the initial state has a leaf %s, which the manifest does not know"
                                .formatted(name));
            }
        }
    }

    private static void checkFinite(SafeTensors.Tensor leaf, Complaint complaint)
            throws RuntimeFault {
        FloatBits bits = FloatBits.of(leaf.type().element());
        if (bits == null) {
            return;
        }
        long elements = leaf.type().elements();
        long bad = 0;
        StringBuilder shown = new StringBuilder();
        for (long i = 0; i < elements; i++) {
            if (!bits.isFinite(leaf.data(), i)) {
                if (bad < SHOWN) {
                    shown.append(bad == 0 ? "" : ", ")
                            .append("element %d is %s".formatted(i, bits.text(leaf.data(), i)));
                }
                bad++;
            }
        }
        if (bad > 0) {
            throw complaint.fault(
                    "leaf %s of the initial state has %d of %d elements that are not finite: %s; expected finite numbers"
                            .formatted(leaf.name(), bad, elements, shown));
        }
    }
}
