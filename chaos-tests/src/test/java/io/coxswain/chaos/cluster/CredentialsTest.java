package io.coxswain.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class CredentialsTest {
    @Test
    void anEndpointIsTheLeadersOrZooKeepers() {
        var leader = Credentials.none().at("10.0.0.5:7400");
        assertThat(leader.coordinator()).isEqualTo("10.0.0.5:7400");

        var found = Credentials.none().at("zookeeper://zk1:2181,zk2:2181/mine");
        assertThat(found.coordinator()).isNull();
        assertThat(found.zookeeper()).isEqualTo("zk1:2181,zk2:2181");
        assertThat(found.chroot()).isEqualTo("/mine");
        assertThat(Credentials.none().at("zookeeper://zk1:2181").chroot()).isEqualTo("/coxswain");
    }

    @Test
    void anEndpointThatNamesNoServerIsRefused() {
        for (String bad : new String[] {"", "/x", "zk1", "zk1:x", "zk1:2181,", "zk1:2181/x/"}) {
            assertThatThrownBy(() -> Credentials.none().at("zookeeper://" + bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected zookeeper://HOST:PORT");
        }
    }
}
