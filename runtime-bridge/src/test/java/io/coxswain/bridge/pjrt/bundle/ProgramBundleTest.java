package io.coxswain.bridge.pjrt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.spi.RuntimeFault;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class ProgramBundleTest {
    @TempDir Path temp;

    private static void open(Path folder) throws RuntimeFault {
        ProgramBundle.open(folder).openInitial().close();
    }

    private static void assertRefused(Path folder, String... expected) {
        assertThatThrownBy(() -> open(folder))
                .isInstanceOfSatisfying(
                        RuntimeFault.class,
                        fault ->
                                assertThat(fault.code())
                                        .isEqualTo(RuntimeFault.Code.PROGRAM_INVALID))
                .hasMessageContaining(folder.toString())
                .message()
                .contains(expected);
    }

    @Test
    void aBundleIsRead() throws IOException, RuntimeFault {
        ProgramBundle bundle = ProgramBundle.open(TestBundle.pair(temp));

        assertThat(bundle.name()).isEqualTo("small");
        assertThat(bundle.isPair()).isTrue();
        assertThat(bundle.microshards()).isEqualTo(2);
        assertThat(bundle.exportedShards()).containsExactly(1, 2);
        assertThat(bundle.parameters()).extracting(ParameterLeaf::begin).containsExactly(0L, 16L);
        assertThat(bundle.optimizer().get(2).isWhole()).isTrue();
        assertThat(bundle.apply(2).getFirst().end()).isEqualTo(TestBundle.CUT);
        assertThat(bundle.apply(3)).isEmpty();
        try (SafeTensors initial = bundle.openInitial()) {
            assertThat(initial.tensors()).hasSize(5);
        }
    }

    @Test
    void aShardHoldsRangesOfLeavesAndWholeScalars() throws IOException, RuntimeFault {
        ProgramBundle bundle = ProgramBundle.open(TestBundle.pair(temp));

        List<StatePart> parts = bundle.parts(2, TestBundle.CUT, TestBundle.ELEMENTS);

        assertThat(parts)
                .extracting(StatePart::name)
                .containsExactly("parameters/['w']", "optimizer/['m']['w']", "optimizer/['t']");
        assertThat(parts.getFirst().from()).isEqualTo(4096);
        assertThat(parts.getFirst().count()).isEqualTo(904);
        assertThat(parts.getFirst().type()).hasToString("f32[904]");
        assertThat(parts.get(1).treeIndex()).isEqualTo(3);
        assertThat(parts.get(2).type()).hasToString("i64[]");
    }

    @Test
    void aFusedBundleIsRead() throws IOException, RuntimeFault {
        ProgramBundle bundle = ProgramBundle.open(TestBundle.fused(temp));

        assertThat(bundle.isPair()).isFalse();
        assertThat(bundle.exportedShards()).isEmpty();
    }

    @Test
    void theExampleIsGood() throws RuntimeFault {
        Path fromModule = Path.of("..", "examples", "digits-xla", "bundle");
        open(Files.exists(fromModule) ? fromModule : Path.of("examples", "digits-xla", "bundle"));
    }

    @Test
    void fieldsThatAreNotKnownAreIgnored() throws IOException, RuntimeFault {
        Path folder = TestBundle.pair(temp);
        replace(folder, "\"name\": \"small\"", "\"name\": \"small\", \"later\": [1]");
        open(folder);
    }

    @ParameterizedTest(name = "{0} → {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "\"format\": \"coxswain-bundle\" | \"format\": \"bundle\" | `format`, one of"
                        + " coxswain-bundle",
                "\"version\": 1 | \"version\": 2 | version 2 and this Coxswain reads version 1",
                "\"version\": 1 | \"version\": \"1\" | `version` must be a whole number",
                "\"name\": \"small\", |  | `name` must be a text, not nothing",
                "\"batch\": 8 | \"batch\": 9 | a batch of 9 samples, microshards of 4",
                "\"microshardSamples\": 4 | \"microshardSamples\": 0 | `microshardSamples`, from 1",
                "\"platforms\": [\"cpu\"] | \"platforms\": [] | `platforms` is empty",
                "\"platforms\": [\"cpu\"] | \"platforms\": \"cpu\" | `platforms` must be a list",
                // Leaves and the flat layout.
                "\"path\": \"['b']\", \"dtype\": \"f32\" | \"path\": \"['b']\", \"dtype\": \"f16\""
                        + " | parameter ['b'] is f16[3], expected f32",
                "\"path\": \"['b']\", \"dtype\": \"f32\" | \"path\": \"['b']\", \"dtype\": \"f8\" |"
                        + " parameters[0], type f8, expected bool",
                "\"shape\": [3], \"begin\": 0 | \"shape\": [0], \"begin\": 0 | parameter ['b'] has"
                        + " no elements",
                "\"shape\": [3], \"begin\": 0 | \"shape\": [-3], \"begin\": 0 |"
                        + " `parameters[0].shape`, each from 0",
                "\"shape\": [3], \"begin\": 0 | \"shape\": [3], \"begin\": 16 | parameter ['b']"
                        + " begins at element 16, expected 0",
                "\"begin\": 16 | \"begin\": 3 | parameter ['w'] begins at element 3, expected 16",
                "\"path\": \"['w']\" | \"path\": \"['b']\" | parameter ['b'] is there twice",
                "\"parameterElements\": 5024 | \"parameterElements\": 5016 | `parameterElements` is"
                        + " 5016, expected 5024",
                "\"begin\": 16, \"sharding\": \"replicated\" | \"begin\": 16, \"sharding\": \"x\" |"
                        + " `parameters[1].sharding`, one of replicated",
                "\"shape\": [3], \"like\": 0 | \"shape\": [3], \"like\": 1 | ['m']['b'] has shape"
                        + " [3], expected [5000] as parameter ['w']",
                "\"shape\": [3], \"like\": 0 | \"shape\": [3], \"like\": 2 | ['m']['b'] is like"
                        + " parameter 2, there are 2",
                "\"path\": \"['t']\" | \"path\": \"['m']['b']\" | optimizer leaf ['m']['b'] is"
                        + " there twice",
                "\"shape\": [4]}], | \"shape\": []}], | batch array x is f32[], expected the 4"
                        + " samples",
                "\"batchArrays\": [{\"path\": \"['x']\", \"array\": \"x\", \"dtype\": \"f32\","
                        + " \"shape\": [4]}] | \"batchArrays\": [] | no batch arrays",
                "\"heldOutSamples\": 5 | \"heldOutSamples\": 6 | program evaluate, argument 2 is"
                        + " batch ['x'] f32[5], expected batch ['x'] f32[6]",
                "\"heldOutSamples\": 5, |  | `heldOutSamples` is 0",
                // Shards.
                "\"shards\": 2, \"shard\": 1, \"begin\": 4112 | \"shards\": 2, \"shard\": 0,"
                        + " \"begin\": 4112 | apply of shard 0 of 2 is there twice",
                "\"shards\": 2, \"shard\": 1, \"begin\": 4112 | \"shards\": 3, \"shard\": 1,"
                        + " \"begin\": 4112 | apply of shard 1 of 2 is missing",
                "\"shards\": 2, \"shard\": 1, \"begin\": 4112 | \"shards\": 2, \"shard\": 2,"
                        + " \"begin\": 4112 | `programs.apply[2].shard`, from 0 to 1",
                "\"shards\": 2, \"shard\": 1, \"begin\": 4112 | \"shards\": 2, \"shard\": 1,"
                    + " \"begin\": 4128 | apply of shard 1 of 2 has elements 4128, begins at 4112",
                "\"begin\": 4112, \"end\": 5024 | \"begin\": 4112, \"end\": 5016 | the last of 2"
                        + " shards ends at element 5016, expected 5024",
                "\"begin\": 0, \"end\": 4112 | \"begin\": 0, \"end\": 4128 | apply of shard 0 of 2"
                        + " ends at element 4128, a multiple of 4096",
                // Programs.
                "\"role\": \"gradient\", \"leaf\": 1, \"dtype\": \"f32\", \"shape\": [904] |"
                    + " \"role\": \"gradient\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": [904] |"
                    + " apply of shard 1 of 2, argument 3 is gradient ['b'] f32[904], expected"
                    + " gradient ['w'] f32[904]",
                "\"role\": \"gradient\", \"leaf\": 1, \"dtype\": \"f32\", \"shape\": [904] |"
                    + " \"role\": \"gradient\", \"leaf\": 1, \"dtype\": \"i32\", \"shape\": [904] |"
                    + " argument 3 is gradient ['w'] i32[904], expected gradient ['w'] f32[904]",
                "\"role\": \"gradient\", \"leaf\": 1, \"dtype\": \"f32\", \"shape\": [904] |"
                    + " \"role\": \"gradient\", \"leaf\": 9, \"dtype\": \"f32\", \"shape\": [904] |"
                    + " argument 3 is gradient leaf 9 f32[904], expected",
                "\"role\": \"batch\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": [4]} | \"role\":"
                        + " \"batch\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": [8]} | program"
                        + " grads, argument 2 is batch ['x'] f32[8], expected batch ['x'] f32[4]",
                "\"role\": \"loss\", \"dtype\": \"f32\", \"shape\": []} | \"role\": \"loss\","
                    + " \"dtype\": \"f64\", \"shape\": []} | program grads, result 0 is loss f64[],"
                    + " expected loss f32[]",
                "\"role\": \"loss\", \"dtype\" | \"role\": \"lost\", \"dtype\" |"
                        + " `programs.grads.results[0].role`, one of parameter",
                "\"kept\": [0, 1, 2] | \"kept\": [0, 2, 1] | program grads, `kept` is [0, 2, 1],"
                        + " expected rising",
                "\"kept\": [0, 1, 2] | \"kept\": [0, 1, 3] | program grads, `kept`, of its 3"
                        + " arguments",
                "\"kept\": [0, 1, 2], \"donated\": [] | \"kept\": [0, 1], \"donated\": [2] |"
                        + " program grads, `donated` has argument 2, not in `kept`",
                "\"file\": \"grads.mlir\" | \"file\": \"../grads.mlir\" | `programs.grads.file`, in"
                        + " the bundle",
                "\"file\": \"grads.mlir\" | \"file\": \"none.mlir\" | none.mlir, program grads"
                        + " cannot be read",
                "\"file\": \"grads.mlir\" | \"file\": \"apply.mlir\" | apply.mlir, program grads"
                        + " has, bytes, the manifest says",
                "\"grads\": { | \"old\": { | must have grads and apply",
                "\"initial\": { | \"old\": { | `initial.file`",
                "\"file\": \"initial.safetensors\" | \"file\": \"grads.mlir\" | grads.mlir, no"
                        + " safetensors file",
            })
    void whatDoesNotFitIsNamed(String found, String replacement, String expected)
            throws IOException {
        Path folder = TestBundle.pair(temp);
        replace(folder, found, replacement == null ? "" : replacement);
        assertRefused(folder, expected.split(", ", -1));
    }

    @Test
    void aFlippedByteInAProgramIsFound() throws IOException {
        Path folder = TestBundle.pair(temp);
        flip(folder.resolve("apply-1-of-2.mlir"));
        assertRefused(folder, "apply-1-of-2.mlir", "apply of shard 1 of 2 has SHA-256");
    }

    @Test
    void aProgramThatIsCutShortIsFound() throws IOException {
        Path folder = TestBundle.pair(temp);
        Path file = folder.resolve("evaluate.mlir");
        Files.writeString(file, Files.readString(file).substring(10));
        assertRefused(folder, "evaluate.mlir", "program evaluate has", "bytes");
    }

    @Test
    void aFlippedByteInTheInitialStateIsFound() throws IOException {
        Path folder = TestBundle.pair(temp);
        flip(folder.resolve("initial.safetensors"));
        assertRefused(folder, "initial.safetensors", "SHA-256");
    }

    @Test
    void foldersThatAreNoBundlesAreRefused() {
        assertRefused(temp.resolve("none"), "no such folder");
        assertRefused(temp, "bundle.json", "cannot be read");
    }

    @Test
    void leavesOfTheInitialStateMustBeThoseOfTheManifest() throws IOException {
        float[] w = new float[5000];
        assertRefused(
                initial(new TestTensors().floats("parameters/['b']", List.of(3L), 1, 2, 3)),
                "leaf parameters/['w'], f32[5000], is missing");
        assertRefused(
                initial(new TestTensors().floats("parameters/['b']", List.of(1L, 3L), 1, 2, 3)),
                "leaf parameters/['b'] is f32[1,3]",
                "the manifest says f32[3]");
        assertRefused(
                initial(complete(w).floats("parameters/['c']", List.of(), 1)),
                "a leaf parameters/['c']");
    }

    @Test
    void whatIsNotFiniteIsNamedWithLeafAndElement() throws IOException {
        float[] w = new float[5000];
        w[17] = Float.NaN;
        w[18] = Float.NEGATIVE_INFINITY;
        assertRefused(
                initial(complete(w)),
                "leaf parameters/['w']",
                "2 of 5000 elements",
                "element 17 is NaN",
                "element 18 is -Infinity");
    }

    private static TestTensors complete(float[] w) {
        return new TestTensors()
                .longs("optimizer/['t']", List.of(), 0)
                .floats("parameters/['b']", List.of(3L), 1, 2, 3)
                .floats("parameters/['w']", List.of(5000L), w)
                .floats("optimizer/['m']['b']", List.of(3L), 1, 2, 3)
                .floats("optimizer/['m']['w']", List.of(5000L), new float[5000]);
    }

    private Path initial(TestTensors tensors) throws IOException {
        Path folder = TestBundle.pair(temp);
        byte[] bytes = Files.readAllBytes(tensors.write(folder.resolve("initial.safetensors")));
        Path manifest = folder.resolve(ProgramBundle.MANIFEST);
        Files.writeString(
                manifest,
                Files.readString(manifest)
                        .replaceFirst(
                                "(\"initial.safetensors\", \"bytes\": )\\d+(, \"sha256\": \")\\w+",
                                "$1" + bytes.length + "$2" + Sha256.hex(bytes)));
        return folder;
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 40] ^= 1;
        Files.write(file, bytes);
    }

    private static void replace(Path folder, String found, String replacement) throws IOException {
        Path manifest = folder.resolve(ProgramBundle.MANIFEST);
        String text = Files.readString(manifest);
        int at = text.indexOf(found);
        assertThat(at).as("'%s' in the manifest", found).isNotNegative();
        Files.writeString(
                manifest,
                text.substring(0, at) + replacement + text.substring(at + found.length()));
    }
}
