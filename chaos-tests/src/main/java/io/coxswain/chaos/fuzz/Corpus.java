package io.coxswain.chaos.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Recorded inputs in a resource: a number, then each with its length (big endian). */
public final class Corpus {
    private static final int MOST = 4_096;

    private Corpus() {}

    /** What was recorded under that name. */
    public static List<byte[]> of(String name) {
        try (InputStream in = Corpus.class.getResourceAsStream(name + ".corpus")) {
            if (in == null) {
                throw new IllegalStateException("there is no recorded " + name);
            }
            return read(in);
        } catch (IOException broken) {
            throw new UncheckedIOException("the recorded " + name + " cannot be read", broken);
        }
    }

    private static List<byte[]> read(InputStream from) throws IOException {
        var in = new DataInputStream(from);
        int count = in.readInt();
        if (count < 1 || count > MOST) {
            throw new IOException("a corpus of " + count + " inputs; expected 1 to " + MOST);
        }
        var all = new ArrayList<byte[]>();
        for (int i = 0; i < count; i++) {
            all.add(in.readNBytes(in.readInt()));
        }
        return List.copyOf(all);
    }

    /** The same, to be written. */
    public static byte[] encode(List<byte[]> inputs) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(inputs.size());
            for (byte[] input : inputs) {
                out.writeInt(input.length);
                out.write(input);
            }
        }
        return bytes.toByteArray();
    }
}
