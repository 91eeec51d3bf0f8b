package io.coxswain.agent.collective;

import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.Link;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.netty.buffer.ByteBuf;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What a view has sent, kept until no peer can lack it any more, and sent again to a peer that was
 * reconnected. Confined to the lane's thread.
 */
final class Outbox {
    private record Frame(
            int toRank, long step, FrameHeader header, List<ByteBuf> payload, boolean ofRegion) {}

    private final @Nullable Link[] links;
    private final int[] regionWrites;
    private final Runnable regionFree;
    private final List<Frame> kept = new ArrayList<>();
    private int regionWritesUnderWay;

    /**
     * @param links by rank; null for the own
     * @param regionFree run whenever the last write of the region's memory has ended
     */
    Outbox(@Nullable Link[] links, Runnable regionFree) {
        this.links = links;
        this.regionWrites = new int[links.length];
        this.regionFree = regionFree;
    }

    /**
     * Sends a frame, now or when its receiver is reached.
     *
     * @param payload this outbox has its own reference to each part afterwards
     * @param ofRegion the payload is memory of the region itself
     */
    void send(int toRank, long step, FrameHeader header, List<ByteBuf> payload, boolean ofRegion) {
        payload.forEach(ByteBuf::retain);
        Frame frame = new Frame(toRank, step, header, payload, ofRegion);
        kept.add(frame);
        Link link = links[toRank];
        Connection connection = link == null ? null : link.connection();
        if (connection != null) {
            write(connection, frame);
            connection.flush();
        }
    }

    /** A peer has been reached (again): it gets all that it may lack. */
    void resend(int toRank, Connection connection) {
        for (Frame frame : kept) {
            if (frame.toRank == toRank) {
                write(connection, frame);
            }
        }
        connection.flush();
    }

    /** Nobody lacks what belongs to steps below this one. */
    void dropBelow(long step) {
        for (Iterator<Frame> frames = kept.iterator(); frames.hasNext(); ) {
            Frame frame = frames.next();
            if (frame.step < step) {
                frames.remove();
                frame.payload.forEach(ByteBuf::release);
            }
        }
    }

    /**
     * Drops everything; connections that still read the region's memory are ended, for they may be
     * stuck.
     */
    void drop() {
        dropBelow(Long.MAX_VALUE);
        for (int rank = 0; rank < links.length; rank++) {
            Link link = links[rank];
            Connection connection = link == null ? null : link.connection();
            if (regionWrites[rank] > 0 && connection != null) {
                connection.close("its view was fenced while parameters were being sent");
            }
        }
    }

    /** True while the network may read the region's memory. */
    boolean regionInUse() {
        return regionWritesUnderWay > 0;
    }

    private void write(Connection connection, Frame frame) {
        List<ByteBuf> parts = new ArrayList<>(frame.payload.size());
        for (ByteBuf part : frame.payload) {
            parts.add(part.retainedDuplicate());
        }
        if (!frame.ofRegion) {
            connection.write(frame.header, parts, () -> {});
            return;
        }
        regionWrites[frame.toRank]++;
        regionWritesUnderWay++;
        connection.write(
                frame.header,
                parts,
                () -> {
                    regionWrites[frame.toRank]--;
                    regionWritesUnderWay--;
                    if (regionWritesUnderWay == 0) {
                        regionFree.run();
                    }
                });
    }
}
