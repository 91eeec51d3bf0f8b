package io.coxswain.security;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The files' newest good contents. What is broken, or half written, never replaces what works: it
 * is told once, and looked at again when it has changed. Thread-safe.
 */
final class TlsSource {
    private static final Logger LOG = LoggerFactory.getLogger(TlsSource.class);
    private static final String GONE = "gone";

    /** What was read; a new version for each change. */
    record Loaded(long version, TlsMaterial material) {}

    private final TlsFiles files;
    private final Supplier<Instant> clock;
    private volatile Loaded loaded;
    private volatile Revocations revoked = Revocations.NONE;
    // Of the last attempt, good or not.
    private List<String> seen;
    private String revokedSeen = GONE;

    /**
     * Reads the files for the first time.
     *
     * @throws IOException if they cannot be used; the message says what to do
     */
    TlsSource(TlsFiles files, Supplier<Instant> clock) throws IOException {
        this.files = files;
        this.clock = clock;
        seen = stamps();
        loaded = new Loaded(1, TlsMaterial.read(files, clock.get()));
        warnOfOpenKey();
        Path list = files.revoked();
        if (list != null) {
            revokedSeen = stamp(list);
            if (!revokedSeen.equals(GONE)) {
                take(Revocations.read(list), list);
            }
        }
    }

    Loaded loaded() {
        return loaded;
    }

    /** What was taken back, as far as the file says. */
    Revocations revoked() {
        return revoked;
    }

    // A list that is gone or broken must let nobody in who was kept out.
    private void refreshRevoked() {
        Path list = files.revoked();
        String now = list == null ? GONE : stamp(list);
        if (list == null || now.equals(revokedSeen)) {
            return;
        }
        revokedSeen = now;
        try {
            take(Revocations.read(list), list);
        } catch (IOException broken) {
            LOG.warn(
                    "the list of revoked certificates is not taken, the one before stays in use"
                            + " ({} entries; an empty file takes nothing back): {}",
                    revoked.size(),
                    broken.getMessage());
        }
    }

    private void take(Revocations fresh, Path list) {
        if (fresh.equals(revoked)) {
            return;
        }
        revoked = fresh;
        LOG.info("{} takes {} certificates back", list, fresh.size());
        if (loaded.material().chain().stream().anyMatch(fresh::contains)) {
            LOG.warn(
                    "the own certificate, of {}, is among those that {} takes back: others refuse"
                            + " it",
                    loaded.material().identity(),
                    list);
        }
    }

    /** Looks whether the files changed, and takes them if they are good. */
    synchronized void refresh() {
        refreshRevoked();
        List<String> now = stamps();
        if (now.equals(seen)) {
            return;
        }
        seen = now;
        try {
            TlsMaterial fresh = TlsMaterial.read(files, clock.get());
            if (fresh.equals(loaded.material())) {
                return;
            }
            loaded = new Loaded(loaded.version() + 1, fresh);
            LOG.info(
                    "new connections use the certificate of {} that ends {}",
                    fresh.identity(),
                    fresh.expiry());
            warnOfOpenKey();
        } catch (IOException broken) {
            LOG.warn(
                    "the changed certificate is not taken, the one before stays in use: {}",
                    broken.getMessage());
        }
    }

    private List<String> stamps() {
        var stamps = new ArrayList<String>();
        for (Path file : List.of(files.certificate(), files.key(), files.authorities())) {
            stamps.add(stamp(file));
        }
        return stamps;
    }

    private static String stamp(Path file) {
        try {
            return Files.getLastModifiedTime(file)
                    + " "
                    + Files.size(file)
                    + " "
                    + file.toRealPath();
        } catch (IOException gone) {
            return GONE;
        }
    }

    private void warnOfOpenKey() {
        try {
            if (Files.getPosixFilePermissions(files.key())
                    .contains(PosixFilePermission.OTHERS_READ)) {
                LOG.warn("{} can be read by everybody on this machine: chmod 0600 it", files.key());
            }
        } catch (IOException | UnsupportedOperationException unknown) {
            LOG.debug("the mode of {} is not known", files.key(), unknown);
        }
    }
}
