package io.coxswain.bridge.pjrt.client;

/** Over a mock with fewer functions and smaller structs. */
class OlderMockPluginTest extends MockContract {
    @Override
    MockPlugin mock() throws Exception {
        return MockPlugin.compiled("MOCK_MINOR=81", "MOCK_SLOTS=118");
    }
}
