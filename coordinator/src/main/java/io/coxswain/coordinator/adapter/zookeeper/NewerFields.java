package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.JobRecord;
import io.coxswain.proto.store.v1.MaintenanceRecord;
import io.coxswain.proto.store.v1.PauseRecord;
import io.coxswain.proto.store.v1.ResultRecord;
import io.coxswain.proto.store.v1.ViewRecord;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What leaders of a newer minor version wrote into records and this one does not know: written
 * again with every later record in the same place, so that they find it when they lead again. What
 * they said of a view goes with that view, of a placement with that placement. Thread-safe.
 */
final class NewerFields {
    private record View(
            UnknownFieldSet record,
            long epoch,
            UnknownFieldSet view,
            long placementEpoch,
            long version,
            UnknownFieldSet placement) {
        boolean isEmpty() {
            return isNone(record) && isNone(view) && isNone(placement);
        }
    }

    // By path: what a record holds beyond what is known.
    private final Map<String, UnknownFieldSet> records = new ConcurrentHashMap<>();
    private final Map<String, View> views = new ConcurrentHashMap<>();

    private static boolean isNone(UnknownFieldSet fields) {
        return fields.asMap().isEmpty();
    }

    /** Another term: what stands there is read again. */
    void clear() {
        records.clear();
        views.clear();
    }

    /**
     * Remembers what was read there.
     *
     * @return whether a newer version wrote it
     */
    boolean read(String path, StoreRecord.Kind kind, byte[] bytes)
            throws InvalidProtocolBufferException {
        if (kind == StoreRecord.Kind.VIEW) {
            View found = view(ViewRecord.parseFrom(bytes));
            if (found.isEmpty()) {
                return false;
            }
            views.put(path, found);
            return true;
        }
        UnknownFieldSet unknown =
                switch (kind) {
                    case SPEC -> JobRecord.parseFrom(bytes).getUnknownFields();
                    case ACCOUNT -> AccountRecord.parseFrom(bytes).getUnknownFields();
                    case RESULT -> ResultRecord.parseFrom(bytes).getUnknownFields();
                    case PAUSE -> PauseRecord.parseFrom(bytes).getUnknownFields();
                    case FORGOTTEN, TERM_CHECK -> UnknownFieldSet.getDefaultInstance();
                    case SET_ASIDES -> MaintenanceRecord.parseFrom(bytes).getUnknownFields();
                    case VIEW -> throw new IllegalStateException("a view is read above");
                };
        if (isNone(unknown)) {
            return false;
        }
        records.put(path, unknown);
        return true;
    }

    private static View view(ViewRecord record) {
        return new View(
                record.getUnknownFields(),
                record.getView().getEpoch(),
                record.getView().getUnknownFields(),
                record.getPlacement().getEpoch(),
                record.getPlacement().getVersion(),
                record.getPlacement().getUnknownFields());
    }

    /** The record's bytes with what belongs to them. */
    byte[] with(String path, byte[] known) {
        View view = views.get(path);
        UnknownFieldSet record = records.get(path);
        try {
            if (view != null) {
                return with(view, known);
            }
            return record == null
                    ? known
                    : UnknownFieldSet.parseFrom(known).toBuilder()
                            .mergeFrom(record)
                            .build()
                            .toByteArray();
        } catch (InvalidProtocolBufferException never) {
            throw new IllegalStateException("a record made here cannot be read", never);
        }
    }

    private static byte[] with(View newer, byte[] known) throws InvalidProtocolBufferException {
        ViewRecord.Builder record = ViewRecord.parseFrom(known).toBuilder();
        record.mergeUnknownFields(newer.record());
        if (record.getView().getEpoch() == newer.epoch()) {
            record.getViewBuilder().mergeUnknownFields(newer.view());
        }
        if (record.hasPlacement()
                && record.getPlacement().getEpoch() == newer.placementEpoch()
                && record.getPlacement().getVersion() == newer.version()) {
            record.getPlacementBuilder().mergeUnknownFields(newer.placement());
        }
        return record.build().toByteArray();
    }
}
