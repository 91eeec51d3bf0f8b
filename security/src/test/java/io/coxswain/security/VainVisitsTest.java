package io.coxswain.security;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** How many connections may come to nothing. */
final class VainVisitsTest {
    private final VainVisits visits = new VainVisits();
    private long now = Long.MAX_VALUE - 5;

    private static InetAddress host(int number) throws UnknownHostException {
        return InetAddress.getByAddress(
                new byte[] {10, 0, (byte) (number >> 8), (byte) (number & 255)});
    }

    @Test
    void aFewAreForgivenAndAFloodIsNot() throws Exception {
        for (int i = 0; i < VainVisits.AT_ONCE; i++) {
            assertThat(visits.tooMany(host(1), now)).isFalse();
            visits.inVain(host(1), now);
        }
        assertThat(visits.tooMany(host(1), now)).isFalse();
        visits.inVain(host(1), now);
        assertThat(visits.tooMany(host(1), now)).isTrue();
        assertThat(visits.tooMany(host(2), now)).as("another host").isFalse();

        now += VainVisits.EACH_NANOS;
        assertThat(visits.tooMany(host(1), now)).as("one is forgiven").isFalse();
        visits.inVain(host(1), now);
        assertThat(visits.tooMany(host(1), now)).isTrue();
    }

    @Test
    void aVisitNowAndThenIsNeverTooMany() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            visits.inVain(host(1), now);
            assertThat(visits.tooMany(host(1), now)).isFalse();
            now += VainVisits.EACH_NANOS;
        }
    }

    @Test
    void theMemoryIsBounded() throws Exception {
        for (int i = 0; i < 200; i++) {
            visits.inVain(host(0), now);
        }
        for (int i = 1; i < 3_000; i++) {
            visits.inVain(host(i), now);
        }
        assertThat(visits.tooMany(host(0), now)).as("forgotten").isFalse();
    }
}
