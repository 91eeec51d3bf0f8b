package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;

class CompileOptionsTest {
    private static String hex(CompileTarget target) {
        return HexFormat.ofDelimiter(" ").formatHex(CompileOptions.of(target));
    }

    @Test
    void theyAreTheBytesThatWereChecked() {
        assertThat(hex(new CompileTarget.OneDevice(0))).isEqualTo("1a 04 20 01 28 01");
        assertThat(hex(new CompileTarget.OneDevice(3)))
                .isEqualTo(
                        "1a 1a 08 ff ff ff ff ff ff ff ff ff 01 20 01 28 01 4a 09 08 01 10 01 1a 03"
                                + " 0a 01 03");
        assertThat(hex(new CompileTarget.Portable())).isEqualTo("1a 04 20 01 28 01 20 01");
        assertThat(hex(new CompileTarget.Replicas(2))).isEqualTo("1a 04 20 02 28 01");
    }

    @Test
    void largeDeviceNumbersTakeMoreBytes() {
        assertThat(hex(new CompileTarget.OneDevice(300)))
                .endsWith("4a 0a 08 01 10 01 1a 04 0a 02 ac 02");
    }
}
