package io.coxswain.bridge.pjrt.client;

/** Over a mock with more functions than are known. */
class NewerMockPluginTest extends MockContract {
    @Override
    MockPlugin mock() throws Exception {
        return MockPlugin.compiled("-DMOCK_MINOR=900", "-DMOCK_SLOTS=400");
    }
}
