package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.View;

import java.util.AbstractList;
import java.util.RandomAccess;

/** The members' names by rank, looked up when somebody reads them. */
final class MemberIds extends AbstractList<String> implements RandomAccess {
    private final View view;

    MemberIds(View view) {
        this.view = view;
    }

    @Override
    public String get(int rank) {
        return view.members().get(rank).key().id();
    }

    @Override
    public int size() {
        return view.members().size();
    }
}
