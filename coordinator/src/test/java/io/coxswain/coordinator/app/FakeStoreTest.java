package io.coxswain.coordinator.app;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

class FakeStoreTest extends StoreContract {
    private final Map<Long, WriteOutcome> outcomes = new HashMap<>();
    private final FakeStore store =
            new FakeStore(
                    new Inputs() {
                        @Override
                        public void offer(CoordinatorInput input) {
                            if (input instanceof CoordinatorInput.StoreAnswered answered) {
                                outcomes.put(answered.writeId(), answered.outcome());
                            }
                        }

                        @Override
                        public void put(CoordinatorInput input) {
                            offer(input);
                        }
                    });

    @Override
    protected StorePort store() {
        return store;
    }

    @Override
    protected WriteOutcome outcome(long writeId) {
        return Objects.requireNonNull(outcomes.get(writeId));
    }

    @Override
    protected void depose() {
        store.depose();
    }
}
