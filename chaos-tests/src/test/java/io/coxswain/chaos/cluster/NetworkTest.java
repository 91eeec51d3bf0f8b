package io.coxswain.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Impairment;
import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Plane;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.Set;

/** This process is {@code agent-0}; an echo on a thread of it is {@code coordinator}. */
class NetworkTest {
    private static final int SHORT_MILLIS = 150;

    private final Network network =
            new Network(() -> Map.of("agent-0", ProcessHandle.current().pid()));
    private final ServerSocket echo = listening();

    private static ServerSocket listening() {
        try {
            return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void start() throws Exception {
        Thread.ofVirtual()
                .start(() -> {
                    while (!echo.isClosed()) {
                        try {
                            Socket one = echo.accept();
                            Thread.ofVirtual().start(() -> answer(one));
                        } catch (IOException e) {
                            return;
                        }
                    }
                });
        var _ = network.open(Plane.CONTROL, "coordinator", echo.getLocalPort());
    }

    private static void answer(Socket one) {
        try (one) {
            one.getInputStream().transferTo(one.getOutputStream());
        } catch (IOException e) {
            // Reset, as some of the tests want it.
        }
    }

    @AfterEach
    void stop() throws IOException {
        network.close();
        echo.close();
    }

    private Socket dial() throws IOException {
        var socket = new Socket();
        socket.connect(new InetSocketAddress(Network.HOST, echo.getLocalPort()), 2_000);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(5_000);
        return socket;
    }

    private static byte[] ask(Socket socket, int bytes) throws IOException {
        socket.getOutputStream().write(new byte[bytes]);
        return socket.getInputStream().readNBytes(bytes);
    }

    private FaultPort.Cure impair(String from, String to, boolean oneWay, LinkEffect effect) {
        return network.impair(
                new Impairment(Set.of(from), Set.of(to), Set.of(Plane.CONTROL), oneWay, effect));
    }

    @Test
    void letsEverythingPass() throws Exception {
        try (Socket socket = dial()) {
            assertThat(ask(socket, 100_000)).hasSize(100_000).containsOnly(0);
        }
    }

    @Test
    void aCutHoldsBytesBackAndLosesNone() throws Exception {
        try (Socket socket = dial()) {
            assertThat(ask(socket, 3)).hasSize(3);
            FaultPort.Cure cut = impair("coordinator", "agent-0", true, new LinkEffect.Cut());
            socket.getOutputStream().write(new byte[] {1, 2, 3});
            socket.setSoTimeout(SHORT_MILLIS);
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketTimeoutException.class);

            cut.heal();

            socket.setSoTimeout(5_000);
            assertThat(socket.getInputStream().readNBytes(3)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void othersAreNotCut() throws Exception {
        var _ = impair("agent-1", "coordinator", false, new LinkEffect.Cut());
        try (Socket socket = dial()) {
            assertThat(ask(socket, 3)).hasSize(3);
        }
    }

    @Test
    void flipsOneBit() throws Exception {
        var _ = impair("agent-0", "coordinator", true, new LinkEffect.FlipBit(5));
        try (Socket socket = dial()) {
            byte[] back = ask(socket, 10);
            assertThat(back).hasSize(10);
            assertThat(back[5]).isNotZero();
            assertThat(ask(socket, 100)).containsOnly(0);
        }
    }

    @Test
    void resetsWhatIsOpenAndLetsNewOnesThrough() throws Exception {
        try (Socket socket = dial()) {
            assertThat(ask(socket, 3)).hasSize(3);
            var _ = impair("agent-0", "coordinator", false, new LinkEffect.Reset());
            assertThatThrownBy(
                            () -> {
                                if (socket.getInputStream().read() < 0) {
                                    throw new IOException("closed in order");
                                }
                            })
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("reset");
        }
        try (Socket socket = dial()) {
            assertThat(ask(socket, 3)).hasSize(3);
        }
    }
}
