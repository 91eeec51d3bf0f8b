package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostCpuTest {
    @Test
    void theInstructionsOfAnX86ProcessorAreThoseThatProgramsUse() {
        String text =
                """
                processor\t: 0
                vendor_id\t: GenuineIntel
                flags\t\t: fpu vme sse2 ht avx2 fma apic avx512_bf16 sse4_2
                bugs\t\t: spectre_v1

                processor\t: 1
                flags\t\t: fpu avx2
                """;
        assertThat(HostCpu.instructions(text)).isEqualTo("avx2 avx512_bf16 fma sse2 sse4_2");
    }

    @Test
    void anArmProcessorHasFeatures() {
        assertThat(HostCpu.instructions("Features\t: fp sve asimd\n")).isEqualTo("asimd fp sve");
    }

    @Test
    void anUnknownProcessorHasNone() {
        assertThat(HostCpu.instructions("cpu family: 6\nmodel")).isEmpty();
        assertThat(HostCpu.instructions()).startsWith(System.getProperty("os.arch"));
    }
}
