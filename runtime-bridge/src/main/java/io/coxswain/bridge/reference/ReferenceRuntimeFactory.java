package io.coxswain.bridge.reference;

import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.TrainingRuntime;

/** Makes {@link ReferenceRuntime}s. */
public final class ReferenceRuntimeFactory implements RuntimeFactory {
    @Override
    public String kind() {
        return ReferenceConfig.KIND;
    }

    @Override
    public TrainingRuntime create() {
        return new ReferenceRuntime();
    }
}
