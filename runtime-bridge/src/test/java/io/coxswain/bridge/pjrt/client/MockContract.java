package io.coxswain.bridge.pjrt.client;

import java.nio.charset.StandardCharsets;

/** The suite over a mock, which is watched for leaks and wrong uses. */
abstract class MockContract extends PluginContract {
    static final byte[] ADD_MODULE =
            """
            arguments 2
            result add 0 1 as 11 2 3
            result transpose 1 as 11 3 2
            alias 0 0
            end
            """
                    .getBytes(StandardCharsets.UTF_8);

    private static final byte[] ALL_REDUCE_MODULE =
            """
            arguments 1
            result allreduce 0 as 11 2
            end
            """
                    .getBytes(StandardCharsets.UTF_8);

    abstract MockPlugin mock() throws Exception;

    @Override
    PjrtPlugin plugin() throws Exception {
        return mock().load();
    }

    @Override
    byte[] add() {
        return ADD_MODULE.clone();
    }

    @Override
    byte[] allReduce() {
        return ALL_REDUCE_MODULE.clone();
    }

    @Override
    void assertClean() throws Throwable {
        mock().assertClean();
    }
}
