package io.coxswain.coordinator.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.LinkedHashMap;
import java.util.Map;

class JobLabelsTest {
    private static Map<String, String> checked(Map<String, String> labels) {
        return JobLabels.checked("j1", labels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "a-", "a b", "ä", "a=b", "a\nb"})
    void refusesAKeyThatIsNone(String key) {
        assertThatThrownBy(() -> checked(Map.of(key, "v")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("label '" + key + "'")
                .hasMessageContaining("1 to 63");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".a", "a/b", "a b"})
    void refusesAValueThatIsNone(String value) {
        assertThatThrownBy(() -> checked(Map.of("k", value)))
                .hasMessageContaining("label k: found '" + value + "'");
    }

    @ParameterizedTest
    @CsvSource({"chaos,allowed", "example.com/team,a.b_c-d", "a,1"})
    void takesOnesSuchAs(String key, String value) {
        assertThat(checked(Map.of(key, value))).containsExactly(Map.entry(key, value));
    }

    @Test
    void boundsLengthAndNumber() {
        assertThat(checked(Map.of("k".repeat(63), "v".repeat(63)))).hasSize(1);
        assertThatThrownBy(() -> checked(Map.of("k".repeat(64), "v")))
                .hasMessageContaining("1 to 63");
        assertThatThrownBy(() -> checked(Map.of("k", "v".repeat(64))))
                .hasMessageContaining("1 to 63");
        var many = new LinkedHashMap<String, String>();
        for (int i = 0; i <= JobLabels.MOST; i++) {
            many.put("k" + i, "v");
        }
        assertThatThrownBy(() -> checked(many)).hasMessageContaining("at most 32");
    }
}
