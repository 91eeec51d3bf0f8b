package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.TrainingRuntime;

/** Makes {@link PjrtRuntime}s. */
public final class PjrtRuntimeFactory implements RuntimeFactory {
    @Override
    public String kind() {
        return PjrtConfig.KIND;
    }

    @Override
    public TrainingRuntime create() {
        return new PjrtRuntime();
    }
}
