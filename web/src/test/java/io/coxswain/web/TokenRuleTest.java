package io.coxswain.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Set;

final class TokenRuleTest {
    private static final String TOKEN = "0123456789abcdef";
    private final TokenRule rule = new TokenRule(TOKEN, Set.of("/livez"));

    private static String basic(String text) {
        return "Basic " + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void theTokenAdmits() {
        assertThat(rule.admits("/", "Bearer " + TOKEN)).isTrue();
        assertThat(rule.admits("/", "bearer  " + TOKEN + " ")).isTrue();
        assertThat(rule.admits("/", basic("me:" + TOKEN))).isTrue();
        assertThat(rule.admits("/", basic(":" + TOKEN))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer",
                "Bearer ",
                "Bearer 0123456789abcde",
                "Bearer 0123456789abcdef0",
                "Basic 0123456789abcdef",
                "Basic !",
                "Digest 0123456789abcdef",
                "0123456789abcdef"
            })
    void nothingElseDoes(String authorization) {
        assertThat(rule.admits("/", authorization)).isFalse();
    }

    @Test
    void withoutOneOnlyOpenPathsAreRead() {
        assertThat(rule.admits("/", null)).isFalse();
        assertThat(rule.admits("/livez", null)).isTrue();
        assertThat(rule.admits("/", basic(TOKEN + ":"))).isFalse();
        assertThat(new TokenRule(null, Set.of()).admits("/", null)).isTrue();
    }

    @Test
    void theServerAsksForIt() throws IOException {
        try (WebServer server =
                WebServer.builder()
                        .routes(
                                Routes.builder()
                                        .get("/page", _ -> WebResponse.text(200, "here"))
                                        .get("/livez", _ -> WebResponse.text(200, "alive"))
                                        .build())
                        .token(TOKEN, Set.of("/livez"))
                        .start()) {
            RawClient.Answer stranger = RawClient.get(server.port(), "/page");
            assertThat(stranger.status()).isEqualTo(401);
            assertThat(stranger.header("www-authenticate")).startsWith("Basic realm=");
            RawClient.Answer nowhere = RawClient.get(server.port(), "/nothing");
            assertThat(nowhere.status()).as("what there is is not told").isEqualTo(401);
            assertThat(RawClient.get(server.port(), "/livez").status()).isEqualTo(200);
            String asked = "GET /page HTTP/1.1\r\nHost: localhost\r\nAuthorization: ";
            assertThat(RawClient.once(server.port(), asked + "Bearer " + TOKEN + "\r\n\r\n").body())
                    .isEqualTo("here\n");
            assertThat(
                            RawClient.once(
                                            server.port(),
                                            asked + "Bearer wrong-wrong-wrong\r\n\r\n")
                                    .status())
                    .isEqualTo(401);
        }
    }

    @Test
    void aTokenThatIsEasilyGuessedIsRefused() {
        WebServer.Builder builder = WebServer.builder();
        assertThatThrownBy(() -> builder.token("short", Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16");
        assertThatThrownBy(() -> builder.token("0123456789 abcdef", Set.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
