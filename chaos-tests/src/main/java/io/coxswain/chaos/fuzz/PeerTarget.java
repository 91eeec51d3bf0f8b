package io.coxswain.chaos.fuzz;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.replica.v1.Contribution;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.coxswain.proto.replica.v1.CopyChunk;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.CopyVerdict;
import io.coxswain.proto.replica.v1.FetchRequest;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.ParameterShard;
import io.coxswain.proto.replica.v1.Purpose;
import io.coxswain.proto.replica.v1.TreeNode;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * A member of the view, with a good certificate as it were, that lies on the data plane: frames
 * that parse, with views, steps, sizes, offsets, digests and ids that are false, to an agent of
 * production in the midst of a job. It may take nothing for verified that is not, give nothing away
 * that is not the member's, change nothing of its own; and afterwards the member, when it is honest
 * again, must get its copy held and its step made.
 */
final class PeerTarget implements FuzzTarget {
    private static final int ANSWER_MILLIS = 20_000;
    private static final int MOST_FRAMES = 16;
    private static final int MOST_ANSWERS = 10_000;

    private final PeerStage stage;
    private long told;
    private long copies;
    private long transfers;

    PeerTarget(Path folder) throws IOException {
        stage = new PeerStage(folder);
    }

    @Override
    public String name() {
        return "data-plane-core";
    }

    @Override
    public int weight() {
        return 1;
    }

    /** What is mutated are tables of copies; the rest of a conversation is made of its bytes. */
    @Override
    public List<byte[]> seeds() {
        return List.of(
                PeerStage.table(1, PeerStage.SHARD).encode(),
                PeerStage.table(Long.MAX_VALUE, PeerStage.SHARD).encode(),
                PeerStage.table(3, 0).encode());
    }

    @Override
    public boolean isRefusal(Throwable thrown) {
        return false;
    }

    /** False frames that were sent so far. */
    long told() {
        return told;
    }

    @Override
    public void feed(byte[] input) throws Exception {
        var random = new SplittableRandom(Arrays.hashCode(input));
        var lies = new HostileWords(random);
        boolean copying = random.nextInt(3) > 0;
        var frames = new ArrayList<Frame>();
        int most = 1 + random.nextInt(MOST_FRAMES);
        while (frames.size() < most) {
            if (copying) {
                copy(frames, input, random);
            } else {
                collective(frames, random);
            }
        }
        try (var line = new Line(copying ? Purpose.PURPOSE_COPY : Purpose.PURPOSE_COLLECTIVE)) {
            if (line.greeted) {
                for (Frame frame : frames) {
                    line.send(lie(frame, lies, random));
                    told++;
                }
                line.end();
                line.listen(null);
            }
        } catch (SocketException closed) {
            // It had heard enough.
        }
        stage.check();
        holdsACopy();
        makesAStep();
        stage.check();
    }

    // ------------------------------------------------------------------ lies

    @SuppressWarnings("ArrayRecordComponent")
    private record Frame(FrameHeader header, byte[] payload) {
        Frame(FrameHeader.Builder header) {
            this(header.build(), new byte[0]);
        }
    }

    private Frame lie(Frame frame, HostileWords lies, SplittableRandom random) {
        FrameHeader header = frame.header;
        if (random.nextInt(4) > 0) {
            header = (FrameHeader) lies.vary(header, names());
        }
        byte[] payload = frame.payload;
        switch (random.nextInt(8)) {
            case 0 -> payload = Arrays.copyOf(payload, random.nextInt(4_096));
            case 1 -> {
                payload = payload.clone();
                if (payload.length > 0) {
                    payload[random.nextInt(payload.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            default -> {
                // As long as it should be, and as it was.
            }
        }
        return new Frame(header, payload);
    }

    private HostileWords.Names names() {
        return new HostileWords.Names(
                PeerStage.JOB,
                0,
                PeerStage.EPOCH,
                stage.step(),
                List.of(PeerStage.SELF.id(), PeerStage.OTHER.id()),
                List.of(PeerStage.SELF.incarnation(), PeerStage.OTHER.incarnation()));
    }

    // A push or a fetch, or a word that belongs to none.
    private void copy(List<Frame> frames, byte[] input, SplittableRandom random) {
        long step = random.nextBoolean() ? copies + random.nextInt(-2, 3) : random.nextLong();
        int shard = random.nextInt(8) == 0 ? 0 : PeerStage.SHARD;
        var state = new StateName(PeerStage.JOB, PeerStage.EPOCH, Math.max(0, step), shard);
        switch (random.nextInt(6)) {
            case 0 -> frames.add(new Frame(fetch(random.nextBoolean() ? state : stage.own())));
            case 1 ->
                    frames.add(
                            new Frame(
                                    header().setCopyVerdict(
                                                    CopyVerdict.newBuilder()
                                                            .setTransferId(transfers)
                                                            .setState(encode(state))
                                                            .setVerified(true))));
            default -> {
                List<Frame> push = push(state, ++transfers, random.nextInt(3) == 0 ? input : null);
                frames.addAll(push);
                if (random.nextInt(4) == 0) {
                    // Begun twice, or ended twice.
                    frames.add(push.get(random.nextInt(push.size())));
                }
            }
        }
    }

    private void collective(List<Frame> frames, SplittableRandom random) {
        long step = Math.max(0, stage.step() + random.nextInt(-1, 3));
        frames.add(random.nextBoolean() ? contribution(step) : parameters(step));
    }

    // ------------------------------------------------------------------ the honest member

    // Whatever was said before: there is room, and what is whole is held.
    private void holdsACopy() throws IOException {
        var state = new StateName(PeerStage.JOB, PeerStage.EPOCH, ++copies, PeerStage.SHARD);
        long transfer = ++transfers;
        try (var line = new Line(Purpose.PURPOSE_COPY)) {
            for (Frame frame : push(state, transfer, null)) {
                line.send(frame);
            }
            CopyVerdict verdict = line.listen(transfer);
            if (verdict == null || !verdict.getVerified()) {
                throw new IllegalStateException("an honest copy is not held: " + verdict);
            }
        }
    }

    private void makesAStep() throws IOException, InterruptedException {
        long step = stage.step();
        try (var line = new Line(Purpose.PURPOSE_COLLECTIVE)) {
            if (step > 0) {
                line.send(contribution(step));
            }
            line.send(parameters(step));
            if (!stage.goesBeyond(step)) {
                stage.check();
                throw new IllegalStateException("step " + step + " is not made");
            }
        }
    }

    private static FrameHeader.Builder header() {
        return FrameHeader.newBuilder().setJobId(PeerStage.JOB).setEpoch(PeerStage.EPOCH);
    }

    private static io.coxswain.proto.control.v1.StateName encode(StateName state) {
        return io.coxswain.proto.control.v1.StateName.newBuilder()
                .setJobId(state.jobId())
                .setEpoch(state.epoch())
                .setStep(state.step())
                .setShard(state.shard())
                .build();
    }

    private FrameHeader.Builder fetch(StateName state) {
        return header().setFetchRequest(
                        FetchRequest.newBuilder()
                                .setTransferId(++transfers)
                                .setState(encode(state)));
    }

    /** Begin, a chunk for each piece, end. */
    private static List<Frame> push(StateName state, long transfer, byte @Nullable [] table) {
        SlotTable.Meta meta = PeerStage.table(state.step(), state.shard());
        var frames = new ArrayList<Frame>();
        frames.add(
                new Frame(
                        header().setCopyBegin(
                                        CopyBegin.newBuilder()
                                                .setTransferId(transfer)
                                                .setState(encode(state))
                                                .setFloor(state.step())
                                                .setDataBytes(meta.dataBytes())
                                                .setChunkBytes(meta.chunkBytes())
                                                .setSlotTable(
                                                        ByteString.copyFrom(
                                                                table == null
                                                                        ? meta.encode()
                                                                        : table))
                                                .setPlacementVersion(1)
                                                .setViewEpoch(PeerStage.EPOCH)
                                                .addNeededSteps(state.step()))));
        List<SlotTable.Chunk> chunks = meta.chunks();
        int[] crcs = new int[chunks.size()];
        for (int i = 0; i < crcs.length; i++) {
            byte[] bytes = new byte[chunks.get(i).length()];
            Arrays.fill(bytes, (byte) state.step());
            crcs[i] = crc(bytes);
            frames.add(
                    new Frame(
                            header().setCopyChunk(
                                            CopyChunk.newBuilder()
                                                    .setTransferId(transfer)
                                                    .setOffset(chunks.get(i).offset())
                                                    .setCrc32C(crcs[i]))
                                    .build(),
                            bytes));
        }
        frames.add(
                new Frame(
                        header().setCopyEnd(
                                        CopyEnd.newBuilder()
                                                .setTransferId(transfer)
                                                .setDigest(
                                                        ByteString.copyFrom(meta.digest(crcs))))));
        return frames;
    }

    private static Frame contribution(long step) {
        byte[] sums = new byte[PeerStage.ELEMENTS * Float.BYTES];
        return new Frame(
                header().setContribution(
                                Contribution.newBuilder()
                                        .setStep(step)
                                        .setFromRank(1)
                                        .setShard(0)
                                        .addNodes(
                                                TreeNode.newBuilder()
                                                        .setLevel(1)
                                                        .setIndex(1)
                                                        .setLoss(1))
                                        .setCrc32C(crc(sums))
                                        .setExecuteNanos(1))
                        .build(),
                sums);
    }

    private static Frame parameters(long step) {
        byte[] values = new byte[PeerStage.ELEMENTS * Float.BYTES];
        return new Frame(
                header().setParameterShard(
                                ParameterShard.newBuilder()
                                        .setStep(step)
                                        .setFromRank(1)
                                        .setShard(PeerStage.SHARD)
                                        .setCrc32C(crc(values)))
                        .build(),
                values);
    }

    private static int crc(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Override
    public void close() {
        stage.close();
    }

    /** A connection of the member. */
    private final class Line implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final boolean greeted;
        // What it said the digests are, by transfer.
        private final Map<Long, Set<Digest>> claimed = new HashMap<>();

        Line(Purpose purpose) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), stage.endpoint().port());
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.setTcpNoDelay(true);
            in = new DataInputStream(socket.getInputStream());
            send(new Frame(FrameHeader.newBuilder().setSender(other()).setHello(hello(purpose))));
            FrameHeader answer = next();
            greeted = answer != null && answer.getHelloReply().getAccepted();
            if (!greeted) {
                socket.close();
                throw new IllegalStateException("a proper greeting is refused: " + answer);
            }
        }

        private static AgentIdentity.Builder other() {
            return AgentIdentity.newBuilder()
                    .setAgentId(PeerStage.OTHER.id())
                    .setIncarnation(PeerStage.OTHER.incarnation());
        }

        private static Hello.Builder hello(Purpose purpose) {
            return Hello.newBuilder()
                    .setProtocolMajor(1)
                    .setReceiver(
                            AgentIdentity.newBuilder()
                                    .setAgentId(PeerStage.SELF.id())
                                    .setIncarnation(PeerStage.SELF.incarnation()))
                    .setPurpose(purpose);
        }

        void send(Frame frame) throws IOException {
            byte[] header = frame.header.toByteArray();
            if (frame.header.hasCopyEnd()) {
                CopyEnd end = frame.header.getCopyEnd();
                claimed.computeIfAbsent(end.getTransferId(), _ -> new HashSet<>())
                        .add(Digest.of(end.getDigest().toByteArray()));
            }
            var bytes = new ByteArrayOutputStream();
            try (var out = new DataOutputStream(bytes)) {
                out.writeInt(header.length);
                out.writeInt(frame.payload.length);
                out.write(header);
                out.write(frame.payload);
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
            socket.getOutputStream().write(bytes.toByteArray());
        }

        /** It has said all it wants to say. */
        void end() throws IOException {
            socket.shutdownOutput();
        }

        /** Hears what comes, to the end or to the verdict on that transfer. */
        @Nullable CopyVerdict listen(@Nullable Long transfer) throws IOException {
            for (int i = 0; i < MOST_ANSWERS; i++) {
                FrameHeader answer = next();
                if (answer == null) {
                    return null;
                }
                judge(answer);
                if (answer.hasCopyVerdict()
                        && transfer != null
                        && answer.getCopyVerdict().getTransferId() == transfer) {
                    return answer.getCopyVerdict();
                }
            }
            throw new IllegalStateException("it says more than it was asked");
        }

        private @Nullable FrameHeader next() throws IOException {
            try {
                int length = in.readInt();
                int payload = in.readInt();
                FrameHeader header = FrameHeader.parseFrom(in.readNBytes(length));
                in.skipNBytes(payload);
                return header;
            } catch (EOFException | SocketException over) {
                return null;
            }
        }

        private void judge(FrameHeader answer) {
            if (answer.hasCopyBegin()
                    && answer.getCopyBegin().getState().getShard() != PeerStage.SHARD) {
                throw new IllegalStateException("it gives away what is not the peer's: " + answer);
            }
            if (answer.hasCopyVerdict() && answer.getCopyVerdict().getVerified()) {
                var state = answer.getCopyVerdict().getState();
                var name =
                        new StateName(
                                state.getJobId(),
                                state.getEpoch(),
                                state.getStep(),
                                state.getShard());
                Set<Digest> said =
                        claimed.getOrDefault(answer.getCopyVerdict().getTransferId(), Set.of());
                if (Collections.disjoint(stage.verified(name), said)) {
                    throw new IllegalStateException(
                            "acknowledged and never verified, of %s: %s".formatted(said, answer));
                }
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
