package io.coxswain.bridge.pjrt.client;

/** Over a mock of the version that is known best. */
class MockPluginTest extends MockContract {
    @Override
    MockPlugin mock() throws Exception {
        return MockPlugin.compiled();
    }
}
