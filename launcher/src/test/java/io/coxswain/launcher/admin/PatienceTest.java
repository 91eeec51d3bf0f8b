package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** How long commands ask again, by a clock that the test moves. */
class PatienceTest {
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();
    private long nanos = -5;
    private final Patience patience =
            new Patience(() -> nanos, new PrintStream(told, true, StandardCharsets.UTF_8));

    private final EnvironmentException nobody = new EnvironmentException("nobody leads");

    private void after(long seconds) throws EnvironmentException {
        nanos += TimeUnit.SECONDS.toNanos(seconds);
        patience.unanswered(nobody);
    }

    private String words() {
        return told.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aChangeOfLeadersIsWaitedForAndSaidOnce() throws Exception {
        after(0);
        after(1);
        assertThat(words()).isEmpty();
        after(1);
        after(27);
        assertThat(words().lines())
                .containsExactly("coxswain: nobody leads; asking again for up to 30 s");
        assertThatThrownBy(() -> after(1)).isSameAs(nobody);
    }

    @Test
    void anAnswerBeginsTheTimeAnew() throws Exception {
        after(0);
        after(29);
        patience.answered();
        after(29);
        after(29);
        assertThatThrownBy(() -> after(1)).isSameAs(nobody);
    }

    @Test
    void whatStaysSoIsSaidAtOnce() {
        var refused = EnvironmentException.lasting("no", new IOException());
        assertThatThrownBy(() -> patience.unanswered(refused)).isSameAs(refused);
        assertThat(words()).isEmpty();
    }
}
