package io.coxswain.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IdentityTest {
    @Test
    void namesAreBounded() {
        assertThat(new Identity(Role.AGENT, "a.b_c-1").uri()).isEqualTo("coxswain://agent/a.b_c-1");
        for (String wrong : new String[] {"", "a/b", "a b", "x".repeat(65), "ä"}) {
            assertThatThrownBy(() -> new Identity(Role.AGENT, wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is no name for a certificate");
        }
    }

    @Test
    void rolesHaveWords() {
        assertThat(Role.words()).containsExactly("coordinator", "agent", "operator", "viewer");
        assertThat(Role.of("operator")).contains(Role.OPERATOR);
        assertThat(Role.of("OPERATOR")).isEmpty();
        assertThat(Role.of("root")).isEmpty();
    }
}
