package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.proto.replica.v1.CopyBegin;

import java.nio.ByteBuffer;

/**
 * Reads the slot tables that copies begin with, of those who may bring one and as long as there is
 * room for. A table is some tens of times larger as objects, so what nobody wants, or what does not
 * fit, is not even decoded. Confined to the lane's thread.
 */
final class TableDesk {
    /** Tables that are being read, of all peers. */
    private static final long MOST_BYTES = 32L << 20;

    /** How long the table may be that a donor sends for a transfer; 0: nobody asked for it. */
    interface Asked {
        int mostTableBytes(AgentKey donor, long transfer);
    }

    /** Takes a table that was read. */
    interface Reader {
        void begins(Connection connection, CopyBegin begin, byte[] table);
    }

    private final CopyPlane.Members members;
    private final CopyPlane.Intake intake;
    private final Asked asked;
    private final Reader reader;
    private long underWay;

    TableDesk(CopyPlane.Members members, CopyPlane.Intake intake, Asked asked, Reader reader) {
        this.members = members;
        this.intake = intake;
        this.asked = asked;
        this.reader = reader;
    }

    /** A copy begins: its table stands in the header or comes as the payload. */
    PayloadSink read(Connection connection, CopyBegin begin, int payloadBytes) {
        int length = payloadBytes == 0 ? begin.getSlotTable().size() : payloadBytes;
        String refusal = refusal(connection, begin, length);
        if (!refusal.isEmpty()) {
            if (connection.incoming()) {
                connection.send(
                        CopyFrames.verdict(
                                CopyFrames.decode(begin.getState()),
                                begin.getTransferId(),
                                refusal));
            }
            return PayloadSink.DISCARD;
        }
        if (payloadBytes == 0) {
            reader.begins(connection, begin, begin.getSlotTable().toByteArray());
            return PayloadSink.DISCARD;
        }
        return new Sink(connection, begin, payloadBytes);
    }

    private String refusal(Connection connection, CopyBegin begin, int length) {
        if (!connection.incoming()) {
            int most = asked.mostTableBytes(connection.peer(), begin.getTransferId());
            return length <= most ? "" : "nobody asked for it";
        }
        StateName state = CopyFrames.decode(begin.getState());
        if (!members.admit(connection.peer(), state)) {
            return CopyFrames.REFUSED + NettyCopyPlane.NO_MEMBER;
        }
        int most = intake.mostTableBytes(state);
        if (most == 0) {
            return CopyFrames.REFUSED + "this agent does not hold it";
        }
        if (length > most) {
            return CopyFrames.REFUSED
                    + "its table has %d bytes, there is room for %d".formatted(length, most);
        }
        return underWay + length <= MOST_BYTES ? "" : "too many copies begin at once";
    }

    /** A table that was too long for the header. */
    private final class Sink implements PayloadSink {
        private final Connection connection;
        private final CopyBegin begin;
        private final ByteBuffer bytes;

        Sink(Connection connection, CopyBegin begin, int length) {
            this.connection = connection;
            this.begin = begin;
            this.bytes = ByteBuffer.allocate(length);
            underWay += length;
        }

        @Override
        public ByteBuffer next(int remaining) {
            return bytes;
        }

        @Override
        public void end(int crc32c) {
            underWay -= bytes.capacity();
            reader.begins(connection, begin, bytes.array());
        }

        @Override
        public void cancelled() {
            underWay -= bytes.capacity();
        }
    }
}
