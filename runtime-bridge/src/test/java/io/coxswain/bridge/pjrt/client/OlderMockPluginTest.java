package io.coxswain.bridge.pjrt.client;

/** Over a mock with fewer functions and smaller structs. */
class OlderMockPluginTest extends MockContract {
    @Override
    MockPlugin mock() throws Exception {
        return MockPlugin.compiled("-DMOCK_MINOR=81", "-DMOCK_SLOTS=118");
    }
}
