package io.coxswain.bridge.pjrt.client;

import java.nio.charset.StandardCharsets;

/** Over the real CPU plugin, where it is installed. */
class CpuPluginTest extends PluginContract {
    private static final byte[] ADD_MODULE =
            """
            module @add {
              func.func public @main(%a: tensor<2x3xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<2x3xf32>)
                  -> (tensor<2x3xf32>, tensor<3x2xf32>) {
                %0 = stablehlo.add %a, %b : tensor<2x3xf32>
                %1 = stablehlo.transpose %b, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
                return %0, %1 : tensor<2x3xf32>, tensor<3x2xf32>
              }
            }
            """
                    .getBytes(StandardCharsets.UTF_8);

    private static final byte[] ALL_REDUCE_MODULE =
            """
            module @reduce {
              func.func public @main(%a: tensor<2xf32>) -> tensor<2xf32> {
                %0 = "stablehlo.all_reduce"(%a) ({
                  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
                    %s = stablehlo.add %x, %y : tensor<f32>
                    stablehlo.return %s : tensor<f32>
                }) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>} : (tensor<2xf32>) -> tensor<2xf32>
                return %0 : tensor<2xf32>
              }
            }
            """
                    .getBytes(StandardCharsets.UTF_8);

    @Override
    PjrtPlugin plugin() throws Exception {
        return PjrtPlugin.load(CpuPlugin.required());
    }

    @Override
    byte[] add() {
        return ADD_MODULE.clone();
    }

    @Override
    byte[] allReduce() {
        return ALL_REDUCE_MODULE.clone();
    }
}
