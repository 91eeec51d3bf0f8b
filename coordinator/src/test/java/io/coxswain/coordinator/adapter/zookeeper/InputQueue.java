package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Inputs as a test takes them. */
public final class InputQueue implements Inputs {
    private static final long MOST_SECONDS = 30;

    private final LinkedBlockingQueue<CoordinatorInput> queue = new LinkedBlockingQueue<>();

    @Override
    public void offer(CoordinatorInput input) {
        queue.add(input);
    }

    @Override
    public void put(CoordinatorInput input) {
        queue.add(input);
    }

    /** Waits for the next input of that type and drops those before it. */
    public <T extends CoordinatorInput> T await(Class<T> type) throws InterruptedException {
        while (true) {
            CoordinatorInput input = queue.poll(MOST_SECONDS, TimeUnit.SECONDS);
            if (input == null) {
                throw new AssertionError("no " + type.getSimpleName() + " came");
            }
            if (type.isInstance(input)) {
                return type.cast(input);
            }
        }
    }

    public boolean isEmpty() {
        return queue.isEmpty();
    }
}
