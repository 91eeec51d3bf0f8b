package io.coxswain.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** Strangers who speak something else are no bugs of this server, and fill no log. */
class WebConnectionTest {
    @Test
    void whatTheOtherEndDidIsNoBug() {
        assertThat(WebConnection.isTheirs(new IOException("reset"))).isTrue();
        assertThat(WebConnection.isTheirs(new DecoderException(new NotSslRecordException("GET /"))))
                .isTrue();
        assertThat(WebConnection.isTheirs(new IllegalStateException("ours"))).isFalse();
    }
}
