package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.evidence.DebugBundle;
import io.coxswain.security.PemFiles;
import io.coxswain.security.Revocations;
import io.coxswain.security.Role;
import io.coxswain.security.ZooKeeperAccess;
import io.coxswain.security.authority.CertificateAuthority;

import org.apache.curator.framework.AuthInfo;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * One run of real processes with certificates on every plane: a recovery, a restore, certificates
 * replaced and taken back, a takeover, and a server of ZooKeeper's ensemble lost; who may not come
 * in does not, and is counted; no secret is told anywhere.
 */
class SecureRunIT {
    private static final long STEPS = 300;
    private static final String JOB = "job";

    @TempDir private Path folder = Path.of("");

    private record Answer(int status, String body) {}

    @Test
    void aRunBehindCertificates() throws Exception {
        try (var cluster = new SecureCluster(folder.resolve("cluster"), 3)) {
            cluster.coordinator("c2");
            cluster.submit(JOB, job(STEPS));
            cluster.awaitStep(JOB, 10);
            String victim = cluster.ranked().getLast();
            cluster.killHost(victim);
            cluster.await(status -> status.getJobs(0).getIncidents() > 0);
            cluster.process("c1").destroyForcibly();
            cluster.ask("c2");
            JobReport report = cluster.awaitReport(JOB);
            assertThat(report.completed()).isTrue();
            assertThat(report.incidents()).hasSize(1);

            cluster.submit("endless", job(10_000_000));
            cluster.awaitStep("endless", 10);
            CompletableFuture<String> spied = follow(cluster);
            String agent = victim.equals("a0") ? "a1" : "a0";
            replaced(cluster, victim, agent);
            takenBack(cluster, spied);
            // The other two know all that was written; nobody notices.
            long before = cluster.job("endless").getCompletedStep();
            cluster.loseZooKeeper(2);
            cluster.awaitStep("endless", before + 10);
            strangers(cluster, agent);
            pages(cluster);
            secrets(cluster);
            robbed(cluster, agent);
            long step = cluster.job("endless").getCompletedStep();
            cluster.awaitStep("endless", step + 10);
            assertThat(cluster.job("endless").getIncidents()).isZero();
            cluster.cancel("endless");

            var quick = new LinkedHashMap<>(job(STEPS));
            quick.put("runtime.minStepMillis", "0");
            cluster.submit("undisturbed", quick);
            assertThat(cluster.awaitReport("undisturbed").finalDigest())
                    .isEqualTo(report.finalDigest());
            accessLists(cluster);
        }
    }

    private static Map<String, String> job(long steps) {
        return Map.of(
                "steps",
                Long.toString(steps),
                "labels.api_token",
                SecureCluster.LABEL_SECRET,
                "labels.team",
                "crew");
    }

    // An operator who watches; it completes with what ended that.
    private static CompletableFuture<String> follow(SecureCluster cluster) throws Exception {
        AdminClient eve = cluster.admin(cluster.issue(Role.OPERATOR, "eve", "eve-tls"));
        var ended = new CompletableFuture<String>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try (eve) {
                        eve.events(0, "", _ -> {});
                        ended.complete("the stream ended");
                    } catch (EnvironmentException e) {
                        ended.complete(String.valueOf(e.getMessage()));
                    }
                });
        return ended;
    }

    // While the run goes on; new connections have the new ones.
    private static void replaced(SecureCluster cluster, String dead, String living)
            throws Exception {
        X509Certificate before = presented(cluster, living);
        for (String name : List.of("a0", "a1", "a2", "c2")) {
            if (!name.equals(dead)) {
                cluster.rotate(name.startsWith("c") ? Role.COORDINATOR : Role.AGENT, name);
            }
        }
        X509Certificate now = before;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (now.equals(before) && System.nanoTime() < deadline) {
            now = presented(cluster, living);
        }
        assertThat(now).isNotEqualTo(before);
    }

    private static void takenBack(SecureCluster cluster, CompletableFuture<String> spied)
            throws Exception {
        Path eve = cluster.folder().resolve("eve-tls");
        X509Certificate hers = PemFiles.certificates(eve.resolve("cert.pem")).getFirst();
        assertThat(spied).isNotDone();
        cluster.revoke("sha256 " + Revocations.fingerprint(hers) + "\n");
        assertThat(spied.get(60, TimeUnit.SECONDS)).isNotEmpty();
        try (AdminClient again = cluster.admin(eve)) {
            assertThatThrownBy(() -> again.status("")).isInstanceOf(EnvironmentException.class);
        }
        assertThat(refused(cluster, "c2", "revoked")).isGreaterThanOrEqualTo(2);
    }

    private void strangers(SecureCluster cluster, String agent) throws Exception {
        Path foreign = folder.resolve("foreign");
        CertificateAuthority.create(foreign, "foreign", Duration.ofDays(1), InstantSource.system());
        Path old = folder.resolve("old");
        var past = InstantSource.fixed(Instant.now().minus(Duration.ofDays(2)));
        Path expired =
                cluster.issue(
                        cluster.authority(),
                        Role.AGENT,
                        "a0",
                        old.toString(),
                        past,
                        Duration.ofDays(1));
        Path other =
                cluster.issue(
                        foreign,
                        Role.AGENT,
                        "a0",
                        folder.resolve("other").toString(),
                        InstantSource.system(),
                        Duration.ofDays(1));
        Path viewer = cluster.issue(Role.VIEWER, "wall", "viewer-tls");
        for (String party : List.of("c2", agent)) {
            refuses(cluster, party, expired);
            refuses(cluster, party, other);
            assertThat(refused(cluster, party, "expired")).isPositive();
            assertThat(refused(cluster, party, "unknown_authority")).isPositive();
        }
        // Good at the coordinator, for reading.
        refuses(cluster, agent, viewer);
        assertThat(refused(cluster, agent, "wrong_role")).isPositive();
        try (AdminClient reader = cluster.admin(viewer)) {
            assertThat(reader.status("").getAgentsCount()).isPositive();
            assertThatThrownBy(() -> reader.cancel("endless")).hasMessageContaining("viewer wall");
        }
    }

    private static void refuses(SecureCluster cluster, String party, Path tls) throws Exception {
        assertThatThrownBy(
                        () -> {
                            try (SSLSocket socket = dial(cluster, party, tls)) {
                                // The client learns of the refusal with its first read.
                                if (socket.getInputStream().read() < 0) {
                                    throw new IOException("closed");
                                }
                            }
                        })
                .isInstanceOf(IOException.class);
    }

    private static X509Certificate presented(SecureCluster cluster, String party) throws Exception {
        try (SSLSocket socket = dial(cluster, party, cluster.certificates("c2"))) {
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private static SSLSocket dial(SecureCluster cluster, String party, Path tls) throws Exception {
        SSLContext context = context(cluster, tls);
        var plain = new Socket(InetAddress.getLoopbackAddress(), cluster.port(party));
        plain.setSoTimeout(60_000);
        SSLSocket socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(plain, "127.0.0.1", cluster.port(party), true);
        try {
            socket.setEnabledProtocols(new String[] {"TLSv1.3"});
            socket.startHandshake();
            return socket;
        } catch (IOException refused) {
            socket.close();
            throw refused;
        }
    }

    // Trusts the cluster's authority; shows what is in the folder.
    private static SSLContext context(SecureCluster cluster, Path tls) throws Exception {
        List<X509Certificate> chain = PemFiles.certificates(tls.resolve("cert.pem"));
        PrivateKey key =
                PemFiles.key(
                        tls.resolve("key.pem"), chain.getFirst().getPublicKey().getAlgorithm());
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(
                new KeyManager[] {new Showing(chain.toArray(X509Certificate[]::new), key)},
                trusting(cluster.authority()).getTrustManagers(),
                null);
        return context;
    }

    /** Shows its certificate to whoever asks, whichever authorities count there. */
    private static final class Showing extends X509ExtendedKeyManager {
        private final X509Certificate[] chain;
        private final PrivateKey key;

        Showing(X509Certificate[] chain, PrivateKey key) {
            this.chain = chain;
            this.key = key;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {"own"};
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return "own";
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[0];
        }

        @Override
        public @Nullable String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return null;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }
    }

    private static TrustManagerFactory trusting(Path authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
                "ca", PemFiles.certificates(authority.resolve("ca.pem")).getFirst());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        return trust;
    }

    // ---------------------------------------------------------------- pages

    private static HttpClient browser(Path authority) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, trusting(authority).getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).build();
    }

    private static Answer get(HttpClient client, String url, String token) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(60));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> answer =
                client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Answer(answer.statusCode(), answer.body());
    }

    private void pages(SecureCluster cluster) throws Exception {
        try (HttpClient trusting = browser(cluster.authority());
                HttpClient distrusting = browser(folder.resolve("foreign"))) {
            for (String party : List.of("c2", "a0", "a1", "a2")) {
                if (!cluster.process(party).isAlive()) {
                    continue;
                }
                String page = cluster.page(party);
                assertThat(page).startsWith("https://127.0.0.1:");
                assertThat(get(trusting, page + "metrics", SecureCluster.TOKEN).body())
                        .contains("coxswain_certificate_expiry_timestamp_seconds");
                assertThat(get(trusting, page + "metrics", "").status()).isEqualTo(401);
                assertThat(get(trusting, page + "livez", "").status()).isEqualTo(200);
                // Another name of this machine, which the certificate does not have.
                assertThatThrownBy(() -> get(trusting, page.replace("127.0.0.1", "127.0.0.2"), ""))
                        .isInstanceOf(IOException.class)
                        .hasStackTraceContaining("127.0.0.2");
                assertThatThrownBy(() -> get(distrusting, page, ""))
                        .isInstanceOf(SSLException.class);
                assertThatThrownBy(() -> get(trusting, page.replace("https", "http"), ""))
                        .isInstanceOf(IOException.class);
            }
        }
    }

    private static long refused(SecureCluster cluster, String party, String reason)
            throws Exception {
        try (HttpClient client = browser(cluster.authority())) {
            String text = get(client, cluster.page(party) + "metrics", SecureCluster.TOKEN).body();
            Matcher row =
                    Pattern.compile(
                                    "(?m)^coxswain_refused_total\\{reason=\""
                                            + reason
                                            + "\"} ([0-9.]+)$")
                            .matcher(text);
            assertThat(row.find()).as("%s of %s in%n%s", reason, party, text).isTrue();
            return (long) Double.parseDouble(row.group(1));
        }
    }

    // ---------------------------------------------------------------- secrets

    private static Map<String, String> planted(SecureCluster cluster) throws IOException {
        var secrets = new LinkedHashMap<String, String>();
        secrets.put("the HTTP token", SecureCluster.TOKEN);
        secrets.put("a worker's environment", SecureCluster.ENVIRONMENT_SECRET);
        secrets.put("a label that is named like a secret", SecureCluster.LABEL_SECRET);
        SecureCluster.ZOOKEEPER_USERS.forEach(
                (user, password) -> secrets.put("ZooKeeper's password of " + user, password));
        try (Stream<Path> files = Files.walk(cluster.folder())) {
            for (Path key : files.filter(file -> file.endsWith("key.pem")).toList()) {
                // The private number of a P-256 key stands in the first two lines.
                secrets.put("the key " + key, Files.readAllLines(key).get(1).substring(8));
            }
        }
        return secrets;
    }

    private static void secrets(SecureCluster cluster) throws Exception {
        String page = cluster.page("c2");
        var told = new LinkedHashMap<String, String>();
        for (String line : cluster.commandLines()) {
            told.put("the arguments of " + line.substring(0, Math.min(80, line.length())), line);
        }
        try (HttpClient client = browser(cluster.authority())) {
            for (String path : List.of("", "metrics", "api/v1/picture")) {
                Answer answer = get(client, page + path, SecureCluster.TOKEN);
                assertThat(answer.status()).as(path).isEqualTo(200);
                told.put(page + path, answer.body());
            }
        }
        bundle(cluster, told);
        told.put("status", cluster.status().toString());
        written(cluster.folder(), told);
        assertThat(told).hasSizeGreaterThan(15);
        planted(cluster)
                .forEach((what, secret) ->
                        told.forEach((where, text) ->
                                assertThat(text.contains(secret))
                                        .as("%s stands in %s", what, where)
                                        .isFalse()));
    }

    private static void bundle(SecureCluster cluster, Map<String, String> told) throws Exception {
        Path file = cluster.folder().resolve("bundle-" + told.size() + ".zip");
        try (AdminClient client = cluster.admin(cluster.folder().resolve("operator-tls"))) {
            DebugBundle bundle = DebugBundle.collect(client, JOB, 0);
            assertThat(bundle.error()).isEmpty();
            bundle.write(file, true);
        }
        try (var zip = new ZipFile(file.toFile())) {
            for (var entry : zip.stream().toList()) {
                told.put(
                        "the debug bundle's " + entry.getName(),
                        new String(
                                zip.getInputStream(entry).readAllBytes(),
                                StandardCharsets.ISO_8859_1));
            }
        }
        assertThat(told.keySet()).anyMatch(name -> name.contains("job"));
    }

    // Logs, journals and what was printed; not what people wrote themselves.
    private static void written(Path folder, Map<String, String> told) throws IOException {
        var files = new ArrayList<Path>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(file -> Files.isRegularFile(file))
                    .filter(file ->
                            file.toString().matches(".*\\.(log|out|err|events.*)|.*-workers/.*"))
                    .forEach(files::add);
        }
        for (Path file : files) {
            told.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
        }
        assertThat(files).anyMatch(file -> file.toString().endsWith("c2.log"));
        assertThat(files).anyMatch(file -> file.toString().contains("c2.events"));
    }

    // ---------------------------------------------------------------- ZooKeeper

    /** Somebody has the agents' password, and deletes a member's registration. */
    private static void robbed(SecureCluster cluster, String agent) throws Exception {
        try (CuratorFramework thief = zookeeper(cluster, ZooKeeperAccess.AGENT)) {
            String node = "/coxswain/agents/" + agent;
            long stood = thief.checkExists().forPath(node).getCzxid();
            long before = cluster.job("endless").getCompletedStep();

            thief.delete().forPath(node);

            // Its stream lives, so it is not lost; it registers again.
            cluster.awaitStep("endless", before + 10);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            Stat again = thief.checkExists().forPath(node);
            while (again == null && System.nanoTime() < deadline) {
                again = thief.checkExists().forPath(node);
            }
            assertThat(again).isNotNull();
            assertThat(again.getCzxid()).isGreaterThan(stood);
        }
    }

    private static CuratorFramework zookeeper(SecureCluster cluster, String... users)
            throws Exception {
        var options = new ZKClientConfig();
        Path tls = cluster.folder().resolve("operator-tls");
        cluster.zookeeperOptions(tls).forEach(options::setProperty);
        CuratorFrameworkFactory.Builder builder =
                CuratorFrameworkFactory.builder()
                        .connectString(cluster.zookeepers())
                        .zkClientConfig(options)
                        .retryPolicy(new RetryOneTime(100));
        builder.authorization(
                Stream.of(users)
                        .map(user -> user + ":" + SecureCluster.ZOOKEEPER_USERS.get(user))
                        .map(user -> new AuthInfo("digest", user.getBytes(StandardCharsets.UTF_8)))
                        .toList());
        CuratorFramework client = builder.build();
        client.start();
        return client;
    }

    private static void accessLists(SecureCluster cluster) throws Exception {
        String[] everybody = SecureCluster.ZOOKEEPER_USERS.keySet().toArray(String[]::new);
        try (CuratorFramework client = zookeeper(cluster, everybody)) {
            var lists = new LinkedHashMap<String, List<ACL>>();
            collect(client, "/coxswain", lists);
            assertThat(lists)
                    .containsKeys(
                            "/coxswain",
                            "/coxswain/controller/term",
                            "/coxswain/controller/leader",
                            "/coxswain/jobs/job/spec",
                            "/coxswain/jobs/job/result");
            assertThat(lists.keySet()).anyMatch(path -> path.startsWith("/coxswain/agents/a"));
            lists.forEach((path, list) ->
                    assertThat(list)
                            .as(path)
                            .isNotEmpty()
                            // Over TLS ZooKeeper adds an agent's certificate to what it makes.
                            .allMatch(acl ->
                                    List.of("digest", "x509").contains(acl.getId().getScheme())));
        }
    }

    private static void collect(CuratorFramework client, String path, Map<String, List<ACL>> lists)
            throws Exception {
        lists.put(path, client.getACL().forPath(path));
        for (String child : client.getChildren().forPath(path)) {
            collect(client, path + "/" + child, lists);
        }
    }
}
