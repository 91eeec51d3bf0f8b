package io.coxswain.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

class ConnectionGateTest {
    private final PlaneSecurity security = PlaneSecurity.loopback("test");
    private final List<Object> let = new ArrayList<>();

    @AfterEach
    void close() {
        security.close();
    }

    private ConnectionGate gate(int most, int mostOfOneHost, int strangers) {
        return new ConnectionGate(
                "the port", new ConnectionGate.Limits(most, mostOfOneHost, strangers), security);
    }

    /** A connection from somewhere. */
    private static final class Caller extends EmbeddedChannel {
        private final InetSocketAddress from;

        Caller(String host, int port) {
            from = new InetSocketAddress(host, port);
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return from;
        }
    }

    private Caller call(ConnectionGate gate, String host, int port) {
        var listener =
                new EmbeddedChannel(
                        gate,
                        new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext context, Object child) {
                                let.add(child);
                            }
                        });
        var caller = new Caller(host, port);
        listener.writeInbound(caller);
        listener.finishAndReleaseAll();
        return caller;
    }

    private long refused(Refusal reason) {
        return security.refusals().of(reason);
    }

    @Test
    void aHostThatComesInVainAgainAndAgainIsRefusedForAWhile() {
        ConnectionGate gate = gate(1_000, 1_000, 1_000);
        // Some are forgiven while this loop runs.
        for (int i = 0; i < 10 * VainVisits.AT_ONCE; i++) {
            Caller caller = call(gate, "192.0.2.7", 10_000 + i);
            caller.close().syncUninterruptibly();
        }
        assertThat(let).hasSizeLessThan(9 * VainVisits.AT_ONCE);
        let.clear();
        call(gate, "192.0.2.8", 1);
        assertThat(let).as("another host").hasSize(1);
    }

    @Test
    void whoSaidWhoItIsNeverCameInVain() {
        ConnectionGate gate = gate(1_000, 1_000, 1_000);
        for (int i = 0; i < 3 * VainVisits.AT_ONCE; i++) {
            Caller caller = call(gate, "192.0.2.7", 10_000 + i);
            gate.known(caller.remoteAddress());
            caller.close().syncUninterruptibly();
        }
        assertThat(let).hasSize(3 * VainVisits.AT_ONCE);
    }

    @Test
    void thereAreNoMoreThanThereMayBe() {
        ConnectionGate gate = gate(2, 2, 2);
        Caller first = call(gate, "10.0.0.1", 1);
        Caller second = call(gate, "10.0.0.2", 2);
        gate.known(first.remoteAddress());
        gate.known(second.remoteAddress());
        Caller third = call(gate, "10.0.0.3", 3);

        assertThat(let).containsExactly(first, second);
        assertThat(third.isOpen()).isFalse();
        assertThat(refused(Refusal.CROWD)).isOne();
        first.close().syncUninterruptibly();
        assertThat(gate.open()).isOne();
        assertThat(call(gate, "10.0.0.3", 4).isOpen()).isTrue();
    }

    @Test
    void oneHostHasItsShareAndNoMore() {
        ConnectionGate gate = gate(10, 2, 10);
        Caller first = call(gate, "10.0.0.1", 1);
        Caller second = call(gate, "10.0.0.1", 2);

        assertThat(call(gate, "10.0.0.1", 3).isOpen()).isFalse();
        assertThat(refused(Refusal.HOST_CROWD)).isOne();
        assertThat(call(gate, "10.0.0.2", 1).isOpen()).isTrue();
        second.close().syncUninterruptibly();
        assertThat(call(gate, "10.0.0.1", 4).isOpen()).isTrue();
        assertThat(first.isOpen()).isTrue();
        // This machine is many parties.
        for (int port = 10; port < 15; port++) {
            assertThat(call(gate, "127.0.0.1", port).isOpen()).isTrue();
        }
    }

    @Test
    void strangersPushOutStrangersOfTheMostCrowdedHost() {
        ConnectionGate gate = gate(100, 100, 3);
        Caller known = call(gate, "10.0.0.9", 1);
        gate.known(known.remoteAddress());
        Caller patient = call(gate, "10.0.0.1", 1);
        Caller oldest = call(gate, "10.0.0.2", 1);
        Caller next = call(gate, "10.0.0.2", 2);
        assertThat(gate.strangers()).isEqualTo(3);

        Caller newest = call(gate, "10.0.0.3", 1);

        assertThat(oldest.isOpen()).isFalse();
        assertThat(List.of(known, patient, next, newest)).allMatch(EmbeddedChannel::isOpen);
        assertThat(refused(Refusal.CROWD)).isOne();
        assertThat(gate.strangers()).isEqualTo(3);
        assertThat(gate.open()).isEqualTo(4);
        // Nobody is crowded: whoever waits longest.
        Caller last = call(gate, "10.0.0.4", 1);
        assertThat(patient.isOpen()).isFalse();
        assertThat(known.isOpen()).isTrue();
        assertThat(last.isOpen()).isTrue();
    }

    @Test
    void whereAllPlacesAreTakenAStrangerMakesRoom() {
        ConnectionGate gate = gate(2, 2, 2);
        Caller known = call(gate, "10.0.0.1", 1);
        gate.known(known.remoteAddress());
        Caller silent = call(gate, "10.0.0.2", 1);

        Caller next = call(gate, "10.0.0.3", 1);

        assertThat(silent.isOpen()).isFalse();
        assertThat(List.of(known, next)).allMatch(EmbeddedChannel::isOpen);
        assertThat(gate.open()).isEqualTo(2);
        silent.close().syncUninterruptibly();
        assertThat(gate.open()).isEqualTo(2);
    }

    @Test
    void boundsAreBounds() {
        assertThatThrownBy(() -> gate(0, 1, 1)).hasMessageContaining("1 or more");
    }
}
