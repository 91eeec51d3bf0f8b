package io.coxswain.agent.adapter;

import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;

/** An agent's credentials in ZooKeeper: with them its node is for agents and coordinators only. */
final class ZkAccess {
    // ZooKeeper's client asks lists whether they contain null, which List.of does not stand.
    private static final List<ACL> CREATORS =
            Collections.singletonList(new ACL(ZooDefs.Perms.ALL, new Id("auth", "")));

    private ZkAccess() {}

    /** The builder with the credentials and options. */
    static CuratorFrameworkFactory.Builder apply(
            CuratorFrameworkFactory.Builder builder, ZooKeeperAccess access) {
        var config = new ZKClientConfig();
        access.options().forEach(config::setProperty);
        builder.zkClientConfig(config);
        access.password(ZooKeeperAccess.AGENT)
                .ifPresent(password ->
                        builder.authorization(
                                        "digest",
                                        (ZooKeeperAccess.AGENT + ":" + password)
                                                .getBytes(StandardCharsets.UTF_8))
                                .aclProvider(new CreatorsOnly()));
        return builder;
    }

    private static final class CreatorsOnly implements ACLProvider {
        @Override
        public List<ACL> getDefaultAcl() {
            return CREATORS;
        }

        @Override
        public List<ACL> getAclForPath(String path) {
            return CREATORS;
        }
    }
}
