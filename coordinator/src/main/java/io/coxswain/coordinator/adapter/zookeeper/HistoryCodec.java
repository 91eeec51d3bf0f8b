package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.proto.store.v1.History;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** A ledger's history to and from its record. Stateless. */
@SuppressWarnings("EnumOrdinal") // the record says what its numbers mean
final class HistoryCodec {
    /** A ring has 300 buckets of some categories; far beyond that it is none. */
    private static final int MOST_NUMBERS = 100_000;

    private HistoryCodec() {}

    static History encode(FrozenHistory history) {
        var message = History.newBuilder();
        for (Category category : Category.values()) {
            message.addCategories(category.key());
        }
        for (FrozenHistory.Ring ring : history.rings()) {
            message.addRings(
                    History.Ring.newBuilder()
                            .setWidthNanos(ring.widthNanos())
                            .setNewest(ring.newest())
                            .setCells(numbers(ring.cells())));
        }
        return message.build();
    }

    private static ByteString numbers(int[] cells) {
        var bytes = new ByteArrayOutputStream(cells.length * 2);
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            for (int number : cells) {
                out.writeUInt32NoTag(number);
            }
            out.flush();
        } catch (IOException never) {
            throw new UncheckedIOException(never);
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    /** Null where it is no history: whoever reads it goes on without. */
    static @Nullable FrozenHistory decode(History message) {
        var rings = new ArrayList<FrozenHistory.Ring>();
        List<Integer> categories =
                message.getCategoriesList().stream().map(HistoryCodec::category).toList();
        try {
            for (History.Ring ring : message.getRingsList()) {
                rings.add(
                        new FrozenHistory.Ring(
                                ring.getWidthNanos(),
                                ring.getNewest(),
                                numbers(ring.getCells(), categories)));
            }
        } catch (IOException torn) {
            return null;
        }
        return new FrozenHistory(rings);
    }

    // A category of a newer version is time all the same.
    private static int category(String key) {
        for (Category category : Category.values()) {
            if (category.key().equals(key)) {
                return category.ordinal();
            }
        }
        return Category.OTHER.ordinal();
    }

    private static int[] numbers(ByteString bytes, List<Integer> categories) throws IOException {
        CodedInputStream in = bytes.newCodedInput();
        var numbers = new ArrayList<Integer>();
        while (!in.isAtEnd()) {
            if (numbers.size() == MOST_NUMBERS) {
                throw new IOException("too many numbers");
            }
            int number = in.readUInt32();
            boolean names = numbers.size() % 3 == 1;
            if (names && (number < 0 || number >= categories.size())) {
                throw new IOException("no category " + number);
            }
            numbers.add(names ? categories.get(number) : (Integer) number);
        }
        return numbers.stream().mapToInt(Integer::intValue).toArray();
    }
}
